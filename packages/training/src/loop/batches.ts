import { RandomStream } from '@cxr-align/random';

/** Samples of one step, or of a part of it. */
export interface Batch {
  samples: readonly number[];
  epoch: number;
}

/**
 * The training samples in an order of the epoch, in as many batches, or in one a sample where there are fewer of them.
 *
 * @param weights the probability of each sample: as many as there are samples are drawn by it. Each sample once unless given.
 */
export function epochBatches(
  training: ArrayLike<number>,
  seed: number,
  epoch: number,
  count: number,
  weights?: Float64Array,
): Batch[] {
  const shuffled = new RandomStream({ seed, purpose: 'order', epoch }).permutation(training.length);
  const drawn = weights && drawSystematically(weights, { seed, epoch });
  const order = drawn ? shuffled.map((place) => drawn[place]) : shuffled;
  const batches = Math.min(order.length, count);
  return Array.from({ length: batches }, (_, i) => {
    const begin = Math.floor((i * order.length) / batches);
    const end = Math.floor(((i + 1) * order.length) / batches);
    return { samples: Array.from(order.subarray(begin, end), (place) => training[place]), epoch };
  });
}

/** Systematic sampling: each place comes ⌊count · probability⌋ or one more times. */
function drawSystematically(weights: Float64Array, { seed, epoch }: { seed: number; epoch: number }): Uint32Array {
  const count = weights.length;
  const start = new RandomStream({ seed, purpose: 'sampling', epoch }).uniform();
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let place = 0;
  let reached = weights[0];
  return Uint32Array.from({ length: count }, (_, i) => {
    const at = ((start + i) / count) * total;
    while (reached <= at && place < count - 1) reached += weights[++place];
    return place;
  });
}
