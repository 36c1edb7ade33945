import * as tf from '@tensorflow/tfjs-core';

/** A tensor, a number or nested arrays, as numbers in row-major order. */
export type Numeric = tf.Tensor | number | Numeric[] | ArrayLike<number>;

export function numbersOf(value: Numeric): number[] {
  if (typeof value === 'number') return [value];
  if (value instanceof tf.Tensor) return [...value.dataSync()];
  return Array.from(value as ArrayLike<Numeric>).flatMap(numbersOf);
}

/**
 * Expects the same count of numbers, each within `tolerance` · max(1, |expected|); a NaN or an infinity only passes for
 * the same one.
 */
export function expectClose(received: Numeric, expected: Numeric, tolerance = 1e-5): void {
  const got = numbersOf(received);
  const wanted = numbersOf(expected);
  expect(got).toHaveLength(wanted.length);
  const misses = wanted
    .map((value, i) => ({ at: i, expected: value, received: got[i] }))
    .filter(({ expected: value, received: number }) => {
      if (!Number.isFinite(value) || !Number.isFinite(number)) return !Object.is(value, number);
      return Math.abs(value - number) > tolerance * Math.max(1, Math.abs(value));
    });
  expect(misses.slice(0, 5)).toEqual([]);
}
