import type { AuditLog } from '../audit.js';
import type { Answerer } from '../model/answer.js';
import { type Turns, FullError, WaitedTooLongError } from '../model/turns.js';
import type { ServiceMetrics } from '../metrics.js';
import { ArchiveFault, type ArchiveOptions, storeInArchive } from './archive.js';
import type { Spool } from './spool.js';

/** What a {@link SpoolWorker} works with. */
export interface SpoolWork {
  spool: Spool;
  answerer: Answerer;
  turns: Turns;
  archive: ArchiveOptions;
  audit: AuditLog;
  metrics: ServiceMetrics;
  /** Milliseconds until the first repetition after a failure; doubled each time, up to five minutes. */
  retryMs: number;
  /** Tells what went wrong; nothing of a patient. */
  onFault: (message: string) => void;
}

/** Longer is not waited between two tries. */
const longestPauseMs = 300_000;
/** Tries after which an instance is given up that the model fails on, or the archive does not take. */
const mostTries = 5;

/** Answers for the instances of a spool one after the other, and stores the answers in the archive, until it is stopped. */
export class SpoolWorker {
  private stopped = false;
  private wake = (): void => {};
  private readonly tries = new Map<string, number>();
  private readonly ended: Promise<void>;

  constructor(private readonly work: SpoolWork) {
    this.ended = this.run();
  }

  /** Something new may be there. */
  nudge(): void {
    this.wake();
  }

  /** Ends after the instance that is worked on. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.ended;
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.stopped) {
      const keys = this.work.spool.waiting();
      this.work.metrics.waiting(keys.length);
      if (keys.length === 0) {
        await this.pause();
        continue;
      }
      const ends: ('done' | 'later' | 'stuck')[] = [];
      for (const key of keys) {
        if (this.stopped) return;
        ends.push(await this.finish(key));
        // The archive or the model is not there: the others would fail, too.
        if (ends.at(-1) === 'stuck') break;
      }
      failures = ends.includes('done') ? 0 : failures + 1;
      if (ends.some((end) => end !== 'done'))
        await this.pause(Math.min(longestPauseMs, this.work.retryMs * 2 ** Math.max(0, failures - 1)));
    }
  }

  /** @returns done; later, where it has to be tried again; stuck, where the others would fail, too. */
  private async finish(key: string): Promise<'done' | 'later' | 'stuck'> {
    const { spool, archive, metrics, onFault } = this.work;
    try {
      const results = spool.results(key) ?? (await this.answer(key));
      if (results === undefined) return 'done';
      await storeInArchive(archive, [results.report, results.capture, ...(results.state ? [results.state] : [])]);
      spool.finish(key, { state: 'sent' });
      metrics.finished('sent');
      return 'done';
    } catch (error) {
      const { message } = error as Error;
      onFault(message);
      metrics.retried();
      const isOfAll = error instanceof FullError || error instanceof WaitedTooLongError;
      if (isOfAll || (error instanceof ArchiveFault && error.of === 'archive')) return 'stuck';
      const isFinal = error instanceof ArchiveFault && error.of === 'final';
      return this.giveUpAtLast(key, { reason: message, tries: isFinal ? 1 : mostTries }) ? 'done' : 'later';
    }
  }

  /** The answer for an instance as DICOM, kept; undefined for one that the model refuses, which is finished. */
  private async answer(key: string) {
    const { spool, answerer, turns, audit, metrics } = this.work;
    const bytes = spool.read(key);
    const answer = await turns.take(() => answerer.answer({ bytes, name: 'instance', asDicom: true }));
    audit.write('studies', bytes, answer, answerer.model);
    metrics.answered('studies', answer);
    if (answer.dicom) {
      spool.keepResults(key, answer.dicom);
      return answer.dicom;
    }
    spool.finish(key, { state: 'refused', reason: answer.error });
    metrics.finished('refused');
    return undefined;
  }

  /** What fails again and again holds up the others. */
  private giveUpAtLast(key: string, { reason, tries }: { reason: string; tries: number }): boolean {
    const tried = (this.tries.get(key) ?? 0) + 1;
    this.tries.set(key, tried);
    if (tried < tries) return false;
    this.tries.delete(key);
    this.work.spool.finish(key, { state: 'given-up', reason: tried === 1 ? reason : `${reason}, ${tried} times` });
    this.work.metrics.finished('given-up');
    return true;
  }

  /** Waits for so long, or for something new where no time is given. */
  private pause(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      this.wake = () => {
        // What is new does not make the archive come back sooner.
        if (ms !== undefined && !this.stopped) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
