/** More wait than may. */
export class FullError extends Error {
  override readonly name = 'FullError';
}

/** It did not come to its turn in time. */
export class WaitedTooLongError extends Error {
  override readonly name = 'WaitedTooLongError';
}

/** Lets work run a few at a time; what comes while too many wait is refused. */
export class Turns {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /**
   * @param options `atOnce`: how many run at the same time. `mostWaiting`: how many may wait. `longestWaitMs`: how long one may.
   */
  constructor(private readonly options: { atOnce: number; mostWaiting: number; longestWaitMs: number }) {}

  get waits(): number {
    return this.waiting.length;
  }

  get runs(): number {
    return this.running;
  }

  /**
   * @throws {FullError} if too many wait, at once.
   * @throws {WaitedTooLongError} if its turn does not come in time.
   */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.options.atOnce) await this.wait();
    else this.running++;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }

  private wait(): Promise<void> {
    const { mostWaiting, longestWaitMs } = this.options;
    if (this.waiting.length >= mostWaiting) throw new FullError(`${mostWaiting} wait already`);
    return new Promise((resolve, reject) => {
      const start = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(start), 1);
        reject(new WaitedTooLongError(`waited ${longestWaitMs / 1000} s for its turn`));
      }, longestWaitMs);
      this.waiting.push(start);
    });
  }
}
