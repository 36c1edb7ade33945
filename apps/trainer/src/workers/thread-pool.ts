import { Worker } from 'node:worker_threads';

/** Threads that each do one task at a time; more tasks wait. */
export class ThreadPool<Task, Result> {
  private readonly idle: Worker[];
  private readonly all: Worker[];
  private readonly waiting: ((worker: Worker) => void)[] = [];

  /**
   * @param file a script that answers each message with one message.
   * @param data what every thread is told at its start.
   */
  constructor(
    file: URL,
    readonly count: number,
    data?: unknown,
  ) {
    this.all = Array.from({ length: count }, () => new Worker(file, { workerData: data }));
    this.idle = [...this.all];
  }

  /** @throws {Error} what the thread died of. */
  async run(task: Task): Promise<Result> {
    const worker = this.idle.pop() ?? (await new Promise<Worker>((resolve) => this.waiting.push(resolve)));
    return new Promise<Result>((resolve, reject) => {
      const onError = (error: Error): void => reject(error);
      worker.once('error', onError);
      worker.once('message', (result: Result) => {
        worker.off('error', onError);
        const next = this.waiting.shift();
        if (next) next(worker);
        else this.idle.push(worker);
        resolve(result);
      });
      worker.postMessage(task);
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((worker) => worker.terminate()));
  }
}
