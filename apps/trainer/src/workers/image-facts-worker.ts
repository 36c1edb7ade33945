import { imageFacts, type ImageFacts } from '../data/image-facts.js';
import type { ImageOfSample } from '../inputs/decode-views.js';

export default async function look(images: readonly ImageOfSample[]): Promise<ImageFacts[]> {
  return Promise.all(images.map(imageFacts));
}
