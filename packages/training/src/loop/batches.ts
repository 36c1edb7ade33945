import { RandomStream } from '@cxr-align/random';

/** Samples of one step, or of a part of it. */
export interface Batch {
  samples: readonly number[];
  epoch: number;
}

/** The training samples in an order of the epoch, in as many batches, or in one a sample where there are fewer of them. */
export function epochBatches(training: ArrayLike<number>, seed: number, epoch: number, count: number): Batch[] {
  const order = new RandomStream({ seed, purpose: 'order', epoch }).permutation(training.length);
  const batches = Math.min(order.length, count);
  return Array.from({ length: batches }, (_, i) => {
    const begin = Math.floor((i * order.length) / batches);
    const end = Math.floor(((i + 1) * order.length) / batches);
    return { samples: Array.from(order.subarray(begin, end), (place) => training[place]), epoch };
  });
}
