import { availableParallelism } from 'node:os';
import type { Sample } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { decodeImage, pixelFacts, readImage, resizePixels, type PixelFacts } from '@cxr-align/image-backbone/images';
import {
  type ImageOfSample,
  type RunControl,
  contentHash,
  progressOf,
  refuseUnknownOptions,
  startThreads,
  watchedImages,
  workerFile,
} from '@cxr-align/training';
import { differenceHash, hashedSize } from './perceptual-hash.js';

/** Facts of an image, or why it cannot be read. */
export type ImageFacts =
  | {
      id: string;
      content: string;
      width: number;
      height: number;
      /** Of the grey values in [0, 255]. */
      mean: number;
      std: number;
      hash: Uint32Array;
      /** How its pixels are stored. */
      stored: Pick<PixelFacts, 'isDicom' | 'kind' | 'bitsUsed' | 'remarks'>;
    }
  | { id: string; reason: string };

const preprocessing = { size: hashedSize, fit: 'stretch' } as const;

/** How the pixels of `.npz` sets are stored. */
const inMemory = { isDicom: false, kind: 'unsigned', bitsUsed: 8, remarks: [] } as const;

/** Reads one image. */
export async function imageFacts({ id, image }: ImageOfSample): Promise<ImageFacts> {
  try {
    const bytes = typeof image === 'string' ? await readImage(image) : image.data;
    const { width, height, isDicom, kind, bitsUsed, remarks } =
      typeof image === 'string' ? await pixelFacts(bytes, image) : { ...inMemory, ...image };
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
    const std = Math.sqrt(Math.max(0, squares / pixels.length - mean * mean));
    const stored = { isDicom, kind, ...(bitsUsed !== undefined && { bitsUsed }), remarks };
    return { id, content: contentHash(bytes), width, height, mean, std, hash: differenceHash(pixels), stored };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { id, reason: error.message };
  }
}

/** Images that a thread gets at a time. */
const atATime = 32;

/** Which images are checked. */
export interface CheckImagesOptions extends RunControl {
  samples: readonly Pick<Sample, 'id' | 'image'>[];
}

/**
 * Reads every image, on all processors: its size, grey values, the bits that it uses, a hash of its content and one of its appearance.
 *
 * @returns in the order of the samples; an image that cannot be read has a `reason`.
 * @throws {TypeError} for an unknown option.
 */
export async function checkImages(options: CheckImagesOptions): Promise<ImageFacts[]> {
  refuseUnknownOptions('curation/checkImages', options, ['samples', 'on', 'signal', 'stallSeconds']);
  const { samples } = options;
  const progress = progressOf(options);
  const bar = progress.start('checking images', samples.length);
  const images = samples.map(({ id, image }) => ({ id, image }));
  const parts = Array.from({ length: Math.ceil(images.length / atATime) }, (_, i) =>
    images.slice(i * atATime, (i + 1) * atATime),
  );
  const threads = Math.max(1, Math.min(availableParallelism(), parts.length));
  const script = workerFile(import.meta.url, 'image-facts-worker');
  const pool = startThreads<ImageOfSample[], ImageFacts[]>(script, threads);
  // In the order in which the threads take them.
  const waiting = new Set(parts);
  let done = 0;
  const readAll = (onImage: () => void): Promise<ImageFacts[][]> =>
    Promise.all(
      parts.map(async (part) => {
        const facts = await pool.run(part);
        waiting.delete(part);
        onImage();
        bar.update((done += part.length));
        return facts;
      }),
    );
  try {
    const found = await watchedImages(readAll, {
      what: 'images that are checked',
      waitingFor: () => [...waiting].slice(0, threads).flatMap((part) => part.map(({ id }) => id)),
      progress,
    });
    return found.flat();
  } finally {
    bar.stop();
    await pool.stop();
  }
}
