import * as tf from '@tensorflow/tfjs-core';
import { chain, replaced } from './chain.js';

/** x^γ for x in [0, 1]; powers below 1 take x as at least 1e-6, so that their derivative is finite. */
export function power(x: tf.Tensor, gamma: number): tf.Tensor {
  if (gamma === 0) return tf.onesLike(x);
  if (gamma === 1) return tf.clone(x);
  if (gamma === 2) return tf.square(x);
  if (gamma < 1) return chain(x, (y) => tf.maximum(y, 1e-6), (y) => tf.pow(y, gamma)); // prettier-ignore
  // A product costs less than a power.
  if (gamma === 3 || gamma === 5) return replaced(power(x, gamma - 1), (y) => tf.mul(y, x));
  if (gamma === 4 || gamma === 6) return replaced(power(x, gamma / 2), tf.square);
  return tf.pow(x, gamma);
}

/** The derivative of {@link power} without its factor γ, γ above 0. */
export function powerSlope(x: tf.Tensor, gamma: number): tf.Tensor {
  if (gamma === 1) return tf.onesLike(x);
  if (gamma > 1) return power(x, gamma - 1);
  // What is below the floor has the same value as the floor.
  return tf.tidy(() => {
    const isAbove = tf.cast(tf.greaterEqual(x, 1e-6), 'float32');
    return tf.mul(tf.pow(tf.maximum(x, 1e-6), gamma - 1), isAbove);
  });
}
