import { constants } from 'node:os';

const stopping = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Signals of the same press of a key: a terminal and a program between, such as npm, both send it. */
const samePressMs = 250;

/** The reason of work that a signal stopped. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';

  constructor(readonly signal: (typeof stopping)[number]) {
    super(`stopped by ${signal}`);
  }

  /** What a program ends with that was stopped so: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP. */
  get exitCode(): number {
    return 128 + constants.signals[this.signal];
  }
}

/** Signals of the operating system, as long functions take them. */
export interface SignalControl {
  /** Is aborted by SIGINT, SIGTERM and SIGHUP, with a {@link StoppedError}. */
  signal: AbortSignal;
  /** True once after each SIGUSR1. */
  checkpointWhen: () => boolean;
  /** Gives the signals their usual effect again. */
  release: () => void;
}

/**
 * Handles signals: the first of SIGINT, SIGTERM and SIGHUP aborts, a second one ends the process at once; SIGUSR1 requests a
 * checkpoint.
 *
 * @param options `endsAtSecond: false` for a process whose parent ends it. Default true.
 *
 * @example
 * const { signal, checkpointWhen } = stopOnSignals();
 * await train({ data, config, out: 'runs/a', signal, checkpointWhen });
 */
export function stopOnSignals({ endsAtSecond = true }: { endsAtSecond?: boolean } = {}): SignalControl {
  const stop = new AbortController();
  let stoppedAt: number | undefined;
  let isAsked = false;
  const onStop = (name: NodeJS.Signals): void => {
    const reason = new StoppedError(name as StoppedError['signal']);
    if (stoppedAt === undefined) {
      stoppedAt = performance.now();
      stop.abort(reason);
      // Without a listener the system ends the process, whatever it computes.
      if (endsAtSecond) setTimeout(release, samePressMs).unref();
    } else if (endsAtSecond && performance.now() - stoppedAt > samePressMs) process.exit(reason.exitCode);
  };
  const onAsk = (): void => void (isAsked = true);
  const release = (): void => {
    for (const name of stopping) process.off(name, onStop);
    process.off('SIGUSR1', onAsk);
  };
  for (const name of stopping) process.on(name, onStop);
  if (process.platform !== 'win32') process.on('SIGUSR1', onAsk);
  return {
    signal: stop.signal,
    checkpointWhen: () => {
      const wasAsked = isAsked;
      isAsked = false;
      return wasAsked;
    },
    release,
  };
}

/** Lets signals, timers and messages through: a computation that only waits for itself never does. */
export async function breathe(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
