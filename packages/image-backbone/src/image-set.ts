import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { InputError } from '@cxr-align/files';
import type { Piscina } from 'piscina';
import { decodeImage, resizePixels, type Preprocessing } from './decode.js';
import type { DecodeTask } from './decode-thread.js';
import type { GreyPixels } from './grey-png.js';

/** An image to be loaded: a path, or pixels in memory. */
export type ImageSource = string | GreyPixels;

/** Decoded images of one size in memory. */
export interface ImageSet {
  size: number;
  /** size × size grey values an image, one after the other. */
  pixels: Uint8Array;
  /** For each image asked for its place in `pixels`, or −1 if it could not be read. */
  places: Int32Array;
  /** Images that could not be read, and why: an {@link InputError}'s words. */
  unreadable: { at: number; reason: string }[];
}

/** The most bytes of pixels that are kept in memory. */
const memoryLimit = 8 * 2 ** 30;

/** How images are loaded. */
export interface LoadOptions {
  /**
   * Seconds that threads must save this one for them to be started, which the first 16 images tell; Infinity: never. Much of
   * the work is done by libuv's threads anyway, of which there are `UV_THREADPOOL_SIZE`. Default 0.5.
   */
  threadsSave?: number;
  onImage?: (done: number) => void;
}

/**
 * Decodes images into memory, several at a time; those that cannot be read are listed.
 *
 * @throws {InputError} if all of them together would not fit into memory.
 */
export async function loadImages(
  sources: readonly ImageSource[],
  preprocessing: Preprocessing,
  { threadsSave = 0.5, onImage }: LoadOptions = {},
): Promise<ImageSet> {
  const { size } = preprocessing;
  const area = size * size;
  if (sources.length * area > memoryLimit) {
    const most = Math.floor(Math.sqrt(memoryLimit / sources.length));
    throw new InputError(
      `expected ${sources.length} images to fit into ${memoryLimit / 2 ** 30} GiB, got ${size} × ${size} pixels each; use a size of ${most} or less`,
    );
  }
  const decoded = new Array<Uint8Array | string>(sources.length);
  let done = 0;
  const keep = (at: number, image: Uint8Array | string): void => {
    decoded[at] = image;
    onImage?.(++done);
  };
  await decodeAll(sources, preprocessing, threadsSave, keep);
  const places = new Int32Array(sources.length).fill(-1);
  const unreadable: ImageSet['unreadable'] = [];
  const pixels = new Uint8Array(decoded.filter((image) => image instanceof Uint8Array).length * area);
  let place = 0;
  decoded.forEach((image, at) => {
    if (image instanceof Uint8Array) {
      pixels.set(image, place * area);
      places[at] = place++;
    } else unreadable.push({ at, reason: image });
  });
  return { size, pixels, places, unreadable };
}

/** An image, or why it cannot be read. */
export async function decodeSource(source: ImageSource, preprocessing: Preprocessing): Promise<Uint8Array | string> {
  try {
    return await (typeof source === 'string'
      ? decodeImage(source, preprocessing)
      : resizePixels(source, preprocessing));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message;
  }
}

/** Images that are decoded at once in this thread. */
const atOnce = 8;
/** After so many images it is known how long the others would take here. */
const tried = 16;
/** Images that a thread is given at a time, twice: one part is sent while it decodes another. */
const part = 2;

/** The threads' script is built beside the package; sources that run as they are have none. */
const script = new URL('./decode-thread.js', import.meta.url);

type DecodeThreads = Piscina<DecodeTask, (Uint8Array | string)[]>;

async function startThreads(preprocessing: Preprocessing): Promise<DecodeThreads> {
  const { Piscina } = await import('piscina');
  const count = availableParallelism();
  const threads: DecodeThreads = new Piscina({
    filename: script.href,
    minThreads: count,
    maxThreads: count,
    concurrentTasksPerWorker: 2,
    atomics: 'disabled',
  });
  await threads.run({ sources: [], preprocessing });
  return threads;
}

/** Decodes here, until threads that are worth it have started, which decode the rest. */
async function decodeAll(
  sources: readonly ImageSource[],
  preprocessing: Preprocessing,
  threadsSave: number,
  keep: (at: number, image: Uint8Array | string) => void,
): Promise<void> {
  const began = performance.eventLoopUtilization();
  const saved = existsSync(script) ? 1 - 1 / availableParallelism() : 0;
  let next = 0;
  let done = 0;
  const areWorthIt = (): boolean => {
    const busySeconds = performance.eventLoopUtilization(began).active / 1000;
    return done >= tried && (busySeconds / done) * (sources.length - next) * saved > threadsSave;
  };
  let starting: Promise<DecodeThreads> | undefined;
  let haveStarted = false;
  const work = async (): Promise<void> => {
    while (next < sources.length && !haveStarted) {
      const at = next++;
      keep(at, await decodeSource(sources[at], preprocessing));
      done++;
      if (starting || !areWorthIt()) continue;
      starting = startThreads(preprocessing);
      starting.then(
        () => (haveStarted = true),
        // Thrown below, where it is waited for.
        () => (haveStarted = true),
      );
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const threads = await starting;
  if (!threads) return;
  const starts = Array.from({ length: Math.ceil((sources.length - next) / part) }, (_, i) => next + i * part);
  const parts = starts.map(async (start) => {
    const images = await threads.run({ sources: sources.slice(start, start + part), preprocessing });
    images.forEach((image, i) => keep(start + i, image));
  });
  try {
    await Promise.all(parts);
  } finally {
    // piscina takes the answer of a task that it was to end for a fault.
    await Promise.allSettled(parts);
    await threads.destroy();
  }
}

/** Mean and standard deviation of the grey values in [0, 1], over all images; a deviation of 0 counts as 1. */
export function pixelStatistics(pixels: Uint8Array): { mean: number; deviation: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < pixels.length; i++) {
    sum += pixels[i];
    squares += pixels[i] * pixels[i];
  }
  const mean = sum / pixels.length / 255;
  const deviation = Math.sqrt(Math.max(0, squares / pixels.length / 255 ** 2 - mean ** 2));
  return { mean, deviation: deviation > 1e-6 ? deviation : 1 };
}
