import { InputError } from '@cxr-align/files';
import { decodeImage, resizePixels, type Preprocessing } from './decode.js';
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
  /** Images that could not be read, and why. */
  unreadable: { at: number; error: InputError }[];
}

/** The most bytes of pixels that are kept in memory. */
const memoryLimit = 8 * 2 ** 30;

/**
 * Decodes images into memory, several at a time; those that cannot be read are listed.
 *
 * @throws {InputError} if all of them together would not fit into memory.
 */
export async function loadImages(
  sources: readonly ImageSource[],
  preprocessing: Preprocessing,
  { concurrency = 8, onImage }: { concurrency?: number; onImage?: (done: number) => void } = {},
): Promise<ImageSet> {
  const { size } = preprocessing;
  const area = size * size;
  if (sources.length * area > memoryLimit) {
    const most = Math.floor(Math.sqrt(memoryLimit / sources.length));
    throw new InputError(
      `expected ${sources.length} images to fit into ${memoryLimit / 2 ** 30} GiB, got ${size} × ${size} pixels each; use a size of ${most} or less`,
    );
  }
  const decoded = new Array<Uint8Array | InputError>(sources.length);
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < sources.length) {
      const at = next++;
      const source = sources[at];
      try {
        decoded[at] =
          typeof source === 'string'
            ? await decodeImage(source, preprocessing)
            : await resizePixels(source, preprocessing);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        decoded[at] = error;
      }
      onImage?.(++done);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  const places = new Int32Array(sources.length).fill(-1);
  const unreadable: ImageSet['unreadable'] = [];
  const pixels = new Uint8Array(decoded.filter((image) => image instanceof Uint8Array).length * area);
  let place = 0;
  decoded.forEach((image, at) => {
    if (image instanceof Uint8Array) {
      pixels.set(image, place * area);
      places[at] = place++;
    } else unreadable.push({ at, error: image });
  });
  return { size, pixels, places, unreadable };
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
