import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from './with-gradient.js';

/**
 * Rows of length 1 along the last axis: x / sqrt(Σ x² + eps²).
 *
 * An all-zero row stays zero and has a finite gradient.
 *
 * @param x float32 of rank 1 or more.
 * @param eps Default 1e-6; its square still counts in float32.
 * @returns a tensor of the same shape. The caller owns it.
 */
export function l2Normalize<T extends tf.Tensor>(x: T, eps = 1e-6): T {
  return tf.tidy(() =>
    withGradient<T>([x], (rows) => {
      const inverse = tf.rsqrt(tf.add(tf.sum(tf.square(rows), -1, true), eps * eps));
      const unit: T = tf.mul(rows, inverse);
      return {
        value: unit,
        saved: [unit, inverse],
        gradient: (dy, [y, scale]) => [tf.mul(scale, tf.sub(dy, tf.mul(y, tf.sum(tf.mul(dy, y), -1, true))))],
      };
    }),
  );
}
