import type { StoppedError } from '@cxr-align/training';

/** A command that a signal stopped. */
export class CommandStopped extends Error {
  /** @param how the way to continue, a sentence or a command line. */
  constructor(
    readonly reason: StoppedError,
    how: string,
  ) {
    super(`${reason.message}; ${how}`);
  }
}
