import { availableParallelism } from 'node:os';
import type { Sample } from '@cxr-align/datasets';
import { startThreads, workerFile } from '../threads.js';
import type { DecodedViews, DecodeTask, ViewOptions } from './decode-views.js';

/** Decodes images on all processors. */
export type Decoder = (samples: readonly Sample[], options: ViewOptions) => Promise<DecodedViews[]>;

/** What needs a decoder: a thread on each processor, started before it and stopped after it. */
export async function withDecoder<T>(work: (decode: Decoder) => Promise<T>): Promise<T> {
  const threads = availableParallelism();
  // A thread has its next part before it is done with one: this one may be too busy to hand out more.
  const pool = startThreads<DecodeTask, DecodedViews[]>(workerFile(import.meta.url, 'decode-worker'), threads, 2);
  const decode: Decoder = async (samples, options) => {
    const images = samples.map(({ id, image }) => ({ id, image }));
    const most = Math.ceil(images.length / threads);
    const parts = Array.from({ length: threads }, (_, i) => images.slice(i * most, (i + 1) * most));
    const tasks = parts.filter(({ length }) => length > 0);
    return (await Promise.all(tasks.map((part) => pool.run({ images: part, options })))).flat();
  };
  try {
    return await work((samples, options) => {
      const decoded = decode(samples, options);
      // What was decoded ahead is not waited for where the work fails.
      decoded.catch(() => {});
      return decoded;
    });
  } finally {
    await pool.stop();
  }
}
