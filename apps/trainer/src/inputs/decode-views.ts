import { availableParallelism } from 'node:os';
import { existsSync } from 'node:fs';
import type { Sample } from '@cxr-align/datasets';
import { InputError, sha256 } from '@cxr-align/files';
import {
  augmentImage,
  decodeImage,
  readImage,
  resizePixels,
  type Augmentation,
  type Preprocessing,
} from '@cxr-align/image-backbone/images';
import { RandomStream } from '@cxr-align/random';
import { Piscina } from 'piscina';
import type { DecodeTask } from '../workers/decode-worker.js';

/** How the views of an image are made. */
export interface ViewOptions {
  preprocessing: Preprocessing;
  /** Views of each image: as it is, and changed at random. */
  views: number;
  augmentation: Augmentation;
  /** Drives the random changes. */
  seed: number;
}

/** What of a sample is decoded. */
export type ImageOfSample = Pick<Sample, 'id' | 'image'>;

/** An image that has been decoded, or why it could not be. */
export type DecodedViews = { id: string; content: string; views: Uint8Array[] } | { id: string; reason: string };

/** The first view as the image is, the others changed at random; they depend on the seed and the image's name alone. */
export async function decodeViews(
  { id, image }: ImageOfSample,
  { preprocessing, views, augmentation, seed }: ViewOptions,
): Promise<DecodedViews> {
  try {
    const bytes = typeof image === 'string' ? await readImage(image) : image.data;
    const pixels =
      typeof image === 'string'
        ? await decodeImage(bytes, preprocessing, image)
        : await resizePixels(image, preprocessing);
    const { size } = preprocessing;
    const changed = Array.from({ length: views - 1 }, (_, view) => {
      const random = new RandomStream({ seed, purpose: `view/${id}`, step: view });
      const values = new Float32Array(size * size);
      augmentImage(pixels, size, augmentation, random, values, 0);
      return Uint8Array.from(values, (value) => Math.min(255, Math.max(0, Math.round(255 * value))));
    });
    return { id, content: contentHash(bytes), views: [pixels, ...changed] };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { id, reason: error.message };
  }
}

/** The start of the SHA-256 of an image's bytes: what a store knows its images by. */
export function contentHash(bytes: Uint8Array): string {
  return sha256(bytes).slice(0, 16);
}

/** Decodes images on all processors. */
export interface Decoder {
  decode: (samples: readonly Sample[]) => Promise<DecodedViews[]>;
  stop: () => Promise<void>;
}

/** Starts a thread on each processor; sources that run as they are, without a build, decode in this one. */
export function startDecoder(options: ViewOptions): Decoder {
  const worker = new URL('./decode-worker.js', import.meta.url);
  if (!existsSync(worker)) {
    return {
      decode: (samples) => Promise.all(samples.map((sample) => decodeViews(sample, options))),
      stop: async () => {},
    };
  }
  const threads = availableParallelism();
  const pool = new Piscina<DecodeTask, DecodedViews[]>({
    filename: worker.href,
    minThreads: threads,
    maxThreads: threads,
    // A thread has its next part before it is done with one: this one may be too busy to hand out more.
    concurrentTasksPerWorker: 2,
    atomics: 'disabled',
  });
  return {
    decode: async (samples) => {
      const images = samples.map(({ id, image }) => ({ id, image }));
      const most = Math.ceil(images.length / threads);
      const parts = Array.from({ length: threads }, (_, i) => images.slice(i * most, (i + 1) * most));
      const tasks = parts.filter(({ length }) => length > 0);
      return (await Promise.all(tasks.map((part) => pool.run({ images: part, options })))).flat();
    },
    stop: () => pool.destroy(),
  };
}
