import * as tf from '@tensorflow/tfjs-core';
import { numbersOf } from './close.js';

type Values = number[] | number[][] | number[][][] | number[][][][];

/** The gradient of the sum of `f(x)` with respect to x, in row-major order. */
export function gradientOf(f: (x: tf.Tensor) => tf.Tensor, x: Values | tf.Tensor): number[] {
  return tf.tidy(() => numbersOf(tf.grad((input) => tf.sum(f(input)) as tf.Scalar)(asTensor(x))));
}

/**
 * Expects the gradient of the sum of `f(x)` to agree with central differences, relative to the largest of its entries.
 *
 * Float32 allows no better than about three digits: the step is 1e-2, the error of a smooth f of the order of 1e-4.
 */
export function expectGradient(
  f: (x: tf.Tensor) => tf.Tensor,
  x: Values | tf.Tensor,
  { tolerance = 5e-3, step = 1e-2 } = {},
): void {
  tf.tidy(() => {
    const input = asTensor(x);
    const values = Float32Array.from(input.dataSync());
    const gradient = gradientOf(f, input);
    const valueAt = (i: number, delta: number): number => {
      const moved = values.slice();
      moved[i] += delta;
      return tf.tidy(() => numbersOf(f(tf.tensor(moved, input.shape))).reduce((sum, value) => sum + value, 0));
    };
    const differences = gradient.map((_, i) => (valueAt(i, step) - valueAt(i, -step)) / (2 * step));
    const scale = Math.max(...differences.map(Math.abs), 1e-2);
    const misses = gradient
      .map((value, i) => ({ at: i, gradient: value, difference: differences[i] }))
      .filter(({ gradient: value, difference }) => !(Math.abs(value - difference) <= tolerance * scale));
    expect(misses.slice(0, 5)).toEqual([]);
  });
}

function asTensor(x: Values | tf.Tensor): tf.Tensor {
  return x instanceof tf.Tensor ? x : tf.tensor(x);
}
