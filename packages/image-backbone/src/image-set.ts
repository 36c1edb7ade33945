import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { InputError } from '@cxr-align/files';
import type { Piscina } from 'piscina';
import type { Preprocessing } from './decode.js';
import type { DecodeTask } from './decode-thread.js';
import { contentBytes, decodeSource, type DecodedSource, type ImageSource } from './image-source.js';

/** Decoded images of one size in memory. */
export interface ImageSet {
  size: number;
  /** size × size grey values an image, one after the other. */
  pixels: Uint8Array;
  /** The row in `pixels` of each source, or −1 if it could not be read. */
  indices: Int32Array;
  /** Eight bytes a source: the start of the SHA-256 of its file, or of its pixels in memory; zeros if it could not be read. */
  contents: Uint8Array;
  /** Images that could not be read, and why: an {@link InputError}'s words. */
  unreadable: { at: number; reason: string }[];
}

/** The most bytes of pixels that are kept in memory: those of an array that all programs can have. */
const mostBytes = 8 * 2 ** 30;
/** Bytes that are left for all else: a small model's training takes about as many. */
const leftForOthers = 384 * 2 ** 20;
/** Images of so many bytes are read however little is free. */
const fewBytes = 32 * 2 ** 20;

/** How images are loaded. */
export interface LoadOptions {
  /** Bytes that are free. Default: what the machine, or the container that this process runs in, has left. */
  availableBytes?: number;
  /**
   * Seconds that threads must save for them to be started, estimated on the first 16 images; Infinity: never. Much of
   * the work is done by libuv's threads anyway, of which there are `UV_THREADPOOL_SIZE`. Default 0.5.
   */
  threadsSave?: number;
  onImage?: (done: number) => void;
  /** Is given the places of the images that are being read, for whoever needs what is waited for. */
  reading?: Set<number>;
}

/**
 * Decodes images into memory, several at a time; those that cannot be read are listed.
 *
 * @throws {InputError} before the first is read if all of them together would not fit into memory.
 */
export async function loadImages(
  sources: readonly ImageSource[],
  preprocessing: Preprocessing,
  { threadsSave = 0.5, onImage, reading = new Set(), availableBytes = process.availableMemory() }: LoadOptions = {},
): Promise<ImageSet> {
  const { size } = preprocessing;
  const area = size * size;
  refuseTooLarge(sources.length, size, availableBytes);
  const pixels = new Uint8Array(sources.length * area);
  const indices = new Int32Array(sources.length).fill(-1);
  const contents = new Uint8Array(sources.length * contentBytes);
  const unreadable: ImageSet['unreadable'] = [];
  let done = 0;
  const keep = (at: number, image: DecodedSource | string): void => {
    reading.delete(at);
    if (typeof image !== 'string') {
      pixels.set(image.pixels, at * area);
      contents.set(image.content, at * contentBytes);
      indices[at] = at;
    } else unreadable.push({ at, reason: image });
    onImage?.(++done);
  };
  await decodeAll(sources, preprocessing, threadsSave, { reading, keep });
  unreadable.sort((a, b) => a.at - b.at);
  if (unreadable.length === 0) return { size, pixels, indices, contents, unreadable };
  let row = 0;
  for (const [at, place] of indices.entries()) {
    if (place < 0) continue;
    pixels.copyWithin(row * area, at * area, (at + 1) * area);
    indices[at] = row++;
  }
  return { size, pixels: pixels.subarray(0, row * area), indices, contents, unreadable };
}

/** @throws {InputError} if images would not fit into memory beside all else, with the size that they need. */
function refuseTooLarge(count: number, size: number, availableBytes: number): void {
  const room = Math.min(mostBytes, Math.max(fewBytes, availableBytes - leftForOthers));
  const needed = count * size * size;
  if (needed <= room) return;
  const most = Math.floor(Math.sqrt(room / count));
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  throw new InputError(
    `expected ${count} images of ${size} × ${size} pixels, ${gib(needed)}, to fit into ${gib(room)} (${gib(availableBytes)} of memory are free, and ${gib(leftForOthers)} are left for the model; at most ${gib(mostBytes)}); use a size of ${most} or less, extract features with a frozen encoder, which are read from disk, or use a machine with more memory`,
  );
}

/** Images that are decoded at once in this thread. */
const atOnce = 8;
/** After so many images it is known how long the others would take here. */
const tried = 16;
/** Images that a thread is given at a time, twice: one part is sent while it decodes another. */
const part = 2;

/** The threads' script is built beside the package; sources that run as they are have none. */
const script = new URL('./decode-thread.js', import.meta.url);

type DecodeThreads = Piscina<DecodeTask, (DecodedSource | string)[]>;

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

/** Decodes here, until threads that save time have started, which decode the rest. */
async function decodeAll(
  sources: readonly ImageSource[],
  preprocessing: Preprocessing,
  threadsSave: number,
  { reading, keep }: { reading: Set<number>; keep: (at: number, image: DecodedSource | string) => void },
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
      reading.add(at);
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
    for (let at = start; at < Math.min(start + part, sources.length); at++) reading.add(at);
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

/** Mean and standard deviation of the grey values in [0, 1], over all images; a standard deviation of 0 counts as 1. */
export function pixelStatistics(pixels: Uint8Array): { mean: number; std: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < pixels.length; i++) {
    sum += pixels[i];
    squares += pixels[i] * pixels[i];
  }
  const mean = sum / pixels.length / 255;
  const std = Math.sqrt(Math.max(0, squares / pixels.length / 255 ** 2 - mean ** 2));
  return { mean, std: std > 1e-6 ? std : 1 };
}
