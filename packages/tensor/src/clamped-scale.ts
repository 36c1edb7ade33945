import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from './with-gradient.js';

/**
 * exp(s) with s clamped to [0, max]; outside of it the gradient is that at the bound, so that a learned s can return.
 *
 * @param logScale scalar tensor, or a number that is not learned.
 * @param max Default ln 100.
 */
export function clampedScale(logScale: tf.Tensor | number, max = Math.log(100)): tf.Scalar {
  if (typeof logScale === 'number') return tf.scalar(Math.exp(Math.min(Math.max(logScale, 0), max)));
  return withGradient<tf.Scalar>([logScale], (s) => {
    const value = tf.exp(tf.clipByValue(s, 0, max)) as tf.Scalar;
    return { value, saved: [value], gradient: (dy, [scale]) => [tf.mul(dy, scale)] };
  });
}
