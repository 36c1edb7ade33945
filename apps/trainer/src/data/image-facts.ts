import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Sample } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { decodeImage, imageSize, readImage, resizePixels } from '@cxr-align/image-backbone/images';
import { contentHash, type ImageOfSample } from '../inputs/decode-views.js';
import type { Progress } from '../progress.js';
import { startThreads } from '../workers/threads.js';
import { differenceHash, hashedSize } from './perceptual-hash.js';

/** What an image is like, or why it cannot be read. */
export type ImageFacts =
  | {
      id: string;
      content: string;
      width: number;
      height: number;
      /** Of the grey values in [0, 255]. */
      mean: number;
      deviation: number;
      hash: Uint32Array;
    }
  | { id: string; reason: string };

const preprocessing = { size: hashedSize, fit: 'stretch' } as const;

/** Looks at one image. */
export async function imageFacts({ id, image }: ImageOfSample): Promise<ImageFacts> {
  try {
    const bytes = typeof image === 'string' ? await readImage(image) : image.data;
    const { width, height } = typeof image === 'string' ? await imageSize(bytes, image) : image;
    const pixels =
      typeof image === 'string'
        ? await decodeImage(bytes, preprocessing, image)
        : await resizePixels(image, preprocessing);
    let [sum, squares] = [0, 0];
    for (const value of pixels) {
      sum += value;
      squares += value * value;
    }
    const mean = sum / pixels.length;
    const deviation = Math.sqrt(Math.max(0, squares / pixels.length - mean * mean));
    return { id, content: contentHash(bytes), width, height, mean, deviation, hash: differenceHash(pixels) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { id, reason: error.message };
  }
}

/** Images that a thread gets at a time. */
const atATime = 32;

/** Looks at every image of a data set, on all processors. */
export async function checkImages(samples: readonly Sample[], progress: Progress): Promise<ImageFacts[]> {
  const worker = new URL('./image-facts-worker.js', import.meta.url);
  const bar = progress.start('checking images', samples.length);
  const images = samples.map(({ id, image }) => ({ id, image }));
  const parts = Array.from({ length: Math.ceil(images.length / atATime) }, (_, i) =>
    images.slice(i * atATime, (i + 1) * atATime),
  );
  // Sources that run as they are, without a build, have no thread.
  const threads = Math.min(availableParallelism(), parts.length);
  const pool = existsSync(worker)
    ? startThreads<ImageOfSample[], ImageFacts[]>(worker, threads)
    : undefined;
  let done = 0;
  try {
    const found = await Promise.all(
      parts.map(async (part) => {
        const facts = pool ? await pool.run(part) : await Promise.all(part.map(imageFacts));
        bar.update((done += part.length));
        return facts;
      }),
    );
    return found.flat();
  } finally {
    bar.stop();
    await pool?.stop();
  }
}
