import type { Progress } from '../../progress.js';
import { watchedImages } from '../../watchdog.js';

/** Files that are requested at once: what a file server is slow to answer, it answers side by side. */
const atOnce = 32;

/** Does something with each sample, several at a time, with a bar; samples that do not answer are reported. */
export async function eachOf<T extends { id: string }>(
  samples: readonly T[],
  { task, what, progress }: { task: string; what: string; progress: Progress },
  work: (sample: T, at: number) => Promise<void>,
): Promise<void> {
  const bar = progress.start(task, samples.length);
  const open = new Set<number>();
  let next = 0;
  let done = 0;
  try {
    await watchedImages(
      (onImage) =>
        Promise.all(
          Array.from({ length: Math.min(atOnce, samples.length) }, async () => {
            while (next < samples.length) {
              const at = next++;
              open.add(at);
              await work(samples[at], at);
              open.delete(at);
              onImage();
              // A bar for each of a million files would cost more than the files.
              if (++done % 256 === 0) bar.update(done);
            }
          }),
        ),
      { what, waitingFor: () => [...open].map((at) => samples[at].id), progress },
    );
    bar.update(samples.length);
  } finally {
    bar.stop();
  }
}
