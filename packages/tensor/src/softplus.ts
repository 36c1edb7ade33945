import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from './with-gradient.js';

/**
 * log(1 + eˣ), finite and with a finite gradient for any finite x: max(x, 0) + log1p(e^−|x|), gradient σ(x).
 *
 * softplus(−z) is the binary cross entropy of logit z for a positive, softplus(z) for a negative.
 *
 * @returns a tensor of the same shape. The caller owns it.
 */
export function softplus<T extends tf.Tensor>(x: T): T {
  return tf.tidy(() =>
    withGradient<T>([x], (z) => ({
      value: tf.add(tf.relu(z), tf.log1p(tf.exp(tf.neg(tf.abs(z))))) as T,
      saved: [z],
      gradient: (dy, [saved]) => [tf.mul(dy, tf.sigmoid(saved))],
    })),
  );
}
