import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InputError } from '@cxr-align/files';
import { type Answer, type Answerer, AnswererFault, type ModelIdentity, type Question } from './answer.js';
import type { FromWorker, ToWorker, WorkerStart } from './messages.js';

/** How a model is opened, in a process of its own. */
export interface PredictorProcessOptions extends WorkerStart {
  /** Milliseconds after which an image that is still computed is given up, and the process replaced. */
  timeoutMs: number;
}

/**
 * Opens a model in a process of its own, so that a computation neither stops the service from answering nor, where it fails, ends it:
 * a process that crashes or hangs is replaced.
 *
 * @throws {InputError} if the model cannot be opened.
 */
export async function openPredictorProcess(options: PredictorProcessOptions): Promise<Answerer> {
  const first = new PredictorProcess(options);
  const { model, labels } = await first.ready;
  return new ReplacedAnswerer(options, first, model, labels);
}

/** Answers by one process at a time, and starts another where that ends. */
class ReplacedAnswerer implements Answerer {
  private isClosed = false;
  /** Questions are asked one after the other. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly options: PredictorProcessOptions,
    private current: PredictorProcess,
    readonly model: ModelIdentity,
    readonly labels: readonly string[],
  ) {}

  answer(question: Question): Promise<Answer> {
    const asked = this.turn.then(() => this.ask(question));
    this.turn = asked.catch(() => {});
    return asked;
  }

  private async ask(question: Question): Promise<Answer> {
    if (this.isClosed) throw new AnswererFault('the model is closed');
    if (this.current.hasEnded) {
      this.current = new PredictorProcess(this.options);
      await this.current.ready.catch((error: Error) => {
        throw new AnswererFault(`the model could not be opened again: ${error.message}`);
      });
    }
    return this.current.ask(question, this.options.timeoutMs);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.turn;
    await this.current.end();
  }
}

/** A child process with a model. */
class PredictorProcess {
  readonly ready: Promise<{ model: ModelIdentity; labels: string[] }>;
  hasEnded = false;
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;

  constructor(start: WorkerStart) {
    this.child = fork(workerFile(), [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.ended = new Promise((resolve) =>
      this.child.once('exit', () => {
        this.hasEnded = true;
        resolve();
      }),
    );
    this.ready = this.exchange({ kind: 'start', start }).then((message) => {
      if (message.kind === 'ready') return message;
      void this.end();
      if (message.kind === 'refused') throw new InputError(message.message);
      throw new AnswererFault(message.kind === 'fault' ? message.message : 'the model did not start');
    });
  }

  async ask(question: Question, timeoutMs: number): Promise<Answer> {
    const timer = setTimeout(() => void this.end(), timeoutMs);
    try {
      const message = await this.exchange({ kind: 'ask', question });
      if (message.kind === 'answer') return message.answer;
      throw new AnswererFault(message.kind === 'fault' ? message.message : 'the model gave no answer');
    } finally {
      clearTimeout(timer);
    }
  }

  async end(): Promise<void> {
    this.hasEnded = true;
    this.child.kill('SIGKILL');
    await this.ended;
  }

  private exchange(message: ToWorker): Promise<FromWorker> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null, signal: string | null): void => {
        this.child.off('message', onMessage);
        reject(new AnswererFault(`the process of the model ended (${signal ?? `code ${code}`})`));
      };
      const onMessage = (answer: FromWorker): void => {
        this.child.off('exit', onExit);
        resolve(answer);
      };
      this.child.once('exit', onExit);
      this.child.once('message', onMessage);
      this.child.send(message, (error) => {
        if (error) reject(new AnswererFault(`the process of the model takes no questions: ${error.message}`));
      });
    });
  }
}

/** The worker as it is built, beside this file or where the sources are. */
function workerFile(): string {
  const beside = fileURLToPath(new URL('workers/predictor-worker.js', import.meta.url));
  return existsSync(beside)
    ? beside
    : fileURLToPath(new URL('../../dist/workers/predictor-worker.js', import.meta.url));
}
