import type { AuditLog } from './audit.js';
import type { ServiceMetrics } from './metrics.js';
import type { Answer, Answerer, Question } from './model/answer.js';
import type { Turns } from './model/turns.js';
import type { ServiceOptions } from './options.js';
import type { Spool } from './spool/spool.js';
import type { SpoolWorker } from './spool/spool-worker.js';

/** What the routes of a service share. */
export class ServiceState {
  isStopping = false;
  spool?: Spool;
  worker?: SpoolWorker;

  constructor(
    readonly answerer: Answerer,
    readonly turns: Turns,
    readonly audit: AuditLog,
    readonly metrics: ServiceMetrics,
    readonly options: ServiceOptions,
  ) {}

  /** Answers when it comes to its turn, with a line in the log. */
  async answer(by: string, question: Question): Promise<Answer> {
    try {
      const answer = await this.turns.take(() => this.answerer.answer(question));
      this.audit.write(by, question.bytes, answer, this.answerer.model);
      this.metrics.answered(by, answer);
      return answer;
    } catch (error) {
      this.audit.write(by, question.bytes, undefined, this.answerer.model);
      this.metrics.failed(by);
      throw error;
    }
  }

  spooled(): number {
    return this.spool?.size ?? 0;
  }

  hasRoom(): boolean {
    return !this.isStopping && this.spooled() < (this.options.maxSpooled ?? 10_000);
  }

  nudge(): void {
    this.worker?.nudge();
  }
}
