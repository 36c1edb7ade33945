import { fusedOps } from '@cxr-align/fused-ops';
import { withGradient } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** max(x, 0), elementwise. Only the output is kept for its gradient. */
export function relu<T extends tf.Tensor>(x: T): T {
  return withGradient<T>([x], (input) => {
    const value = tf.relu(input) as T;
    return { value, saved: [value], gradient: (dy, [y]) => [(fusedOps().reluGradient ?? reluGradient)(dy, y)] };
  });
}

const reluGradient = (dy: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.mul(dy, tf.step(y));
