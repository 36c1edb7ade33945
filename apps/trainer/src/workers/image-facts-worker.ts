import { parentPort } from 'node:worker_threads';
import { imageFacts } from '../data/image-facts.js';
import type { ImageOfSample } from '../inputs/decode-views.js';

parentPort!.on('message', async (images: ImageOfSample[]) => {
  parentPort!.postMessage(await Promise.all(images.map(imageFacts)));
});
