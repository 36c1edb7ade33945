import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from './with-gradient.js';

/**
 * One over the length of each row: 1 / sqrt(Σ x² + eps²).
 *
 * @param x float32 of rank 1 or more.
 * @param eps Default 1e-6; its square still counts in float32.
 * @returns the shape of x with a last axis of 1. The caller owns it.
 */
export function inverseNorms(x: tf.Tensor, eps = 1e-6): tf.Tensor {
  return withGradient([x], (rows) => {
    const inverse = tf.rsqrt(tf.add(tf.sum(tf.square(rows), -1, true), eps * eps));
    return {
      value: inverse,
      saved: [rows, inverse],
      gradient: (dy, [ofRows, ofInverse]) => {
        const factor = tf.mul(tf.mul(dy, ofInverse), tf.neg(tf.square(ofInverse)));
        return [tf.mul(ofRows, factor)];
      },
    };
  });
}
