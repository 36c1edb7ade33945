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

/** Images that a thread decodes, and how. */
export interface DecodeTask {
  images: readonly ImageOfSample[];
  options: ViewOptions;
}

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
