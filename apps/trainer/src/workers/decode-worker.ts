import { parentPort, workerData } from 'node:worker_threads';
import { decodeViews, type ImageOfSample, type ViewOptions } from '../inputs/decode-views.js';

parentPort!.on('message', async (images: ImageOfSample[]) => {
  parentPort!.postMessage(await Promise.all(images.map((image) => decodeViews(image, workerData as ViewOptions))));
});
