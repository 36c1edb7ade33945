import { type ImageFacts, imageFacts } from '../image-facts.js';
import type { ImageOfSample } from '@cxr-align/training';

export default async function readImageFacts(images: readonly ImageOfSample[]): Promise<ImageFacts[]> {
  return Promise.all(images.map(imageFacts));
}
