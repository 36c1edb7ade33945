import { epochBatches } from '../src/loop/batches.js';

describe('epochBatches(training, seed, epoch, count)', () => {
  const training = Array.from({ length: 23 }, (_, i) => 100 + i);
  const samplesOf = (epoch: number, count: number, seed = 1): (readonly number[])[] =>
    epochBatches(training, seed, epoch, count).map(({ samples }) => samples);

  it.each([1, 2, 5, 22, 23, 40])('gives every sample once, in %i batches that differ by one at most', (count) => {
    const batches = samplesOf(0, count);
    expect(batches).toHaveLength(Math.min(count, 23));
    expect(batches.flat().sort((a, b) => a - b)).toEqual(training);
    const sizes = batches.map(({ length }) => length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });
  it('has an order for each seed and epoch, always the same', () => {
    const orders = [
      [0, 1],
      [1, 1],
      [0, 2],
    ].map(([epoch, seed]) => samplesOf(epoch, 3, seed).flat().join());
    expect(new Set(orders).size).toBe(3);
    expect(samplesOf(1, 3, 1).flat().join()).toBe(orders[1]);
    expect(epochBatches(training, 1, 7, 2).map(({ epoch }) => epoch)).toEqual([7, 7]);
  });
});
