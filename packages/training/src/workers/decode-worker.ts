import { decodeViews, type DecodedViews, type DecodeTask } from '../inputs/decode-views.js';

export default async function decode({ images, options }: DecodeTask): Promise<DecodedViews[]> {
  return Promise.all(images.map((image) => decodeViews(image, options)));
}
