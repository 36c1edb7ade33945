import type { Progress, StallEvent } from './progress.js';

/** Seconds that an input may be waited for before it is reported, unless given. */
export const defaultStallSeconds = 60;

/** Names that a sentence lists. */
const mostNames = 8;

/** A stall in a sentence. */
export function stallText({ what, seconds, waitingFor }: StallEvent): string {
  const more = waitingFor.length > mostNames ? ` and ${waitingFor.length - mostNames} more` : '';
  return `no progress for ${seconds} s: waiting for ${what}: ${waitingFor.slice(0, mostNames).join(', ')}${more}; is the disk or the network that they lie on there?`;
}

/** What is watched, and where it is reported. */
export interface Watch {
  what: string;
  /** Called when it is reported. */
  waitingFor: () => readonly string[];
  progress: Progress;
}

/**
 * Waits for work, and reports where it takes longer than a person would think: after the seconds that `progress` names, and each
 * time that the wait has doubled. The work itself continues: a file server may come back.
 */
export async function watched<T>(work: Promise<T>, { what, waitingFor, progress }: Watch): Promise<T> {
  const first = progress.stallSeconds ?? defaultStallSeconds;
  const began = performance.now();
  let timer: NodeJS.Timeout;
  const wait = (seconds: number): void => {
    timer = setTimeout(() => {
      const waited = (performance.now() - began) / 1000;
      const event = {
        what,
        seconds: waited < 10 ? Number(waited.toFixed(1)) : Math.round(waited),
        waitingFor: waitingFor(),
      };
      progress.remark(stallText(event));
      progress.stall?.(event);
      wait(waited);
    }, 1000 * seconds);
    // It keeps no process alive.
    timer.unref();
  };
  wait(first);
  try {
    return await work;
  } finally {
    clearTimeout(timer!);
  }
}

/** The same for many pieces of work: reports where none of them is done for that long. */
export async function watchedImages<T>(work: (onImage: () => void) => Promise<T>, watch: Watch): Promise<T> {
  let settle = (): void => {};
  let isDone = false;
  const all = work(() => settle()).finally(() => {
    isDone = true;
    settle();
  });
  const next = (): Promise<void> => new Promise((resolve) => (settle = resolve));
  const watching = (async () => {
    while (!isDone) await watched(next(), watch);
  })();
  try {
    return await all;
  } finally {
    await watching;
  }
}
