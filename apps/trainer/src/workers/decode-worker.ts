import { decodeViews, type DecodedViews, type ImageOfSample, type ViewOptions } from '../inputs/decode-views.js';

/** Images that a thread decodes, and how. */
export interface DecodeTask {
  images: readonly ImageOfSample[];
  options: ViewOptions;
}

export default async function decode({ images, options }: DecodeTask): Promise<DecodedViews[]> {
  return Promise.all(images.map((image) => decodeViews(image, options)));
}
