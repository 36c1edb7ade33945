import { withGradient } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Cross entropy of distributions over the last axis with targets that are constant: −Σ_j t_j log softmax(z)_j.
 *
 *   gradient: dy (Σ_j t_j softmax(z) − t), kept from the forward pass
 *
 * @param logits float32 [..., n]. @param targets of that shape, or one that broadcasts to it.
 * @param total Σ_j t_j where it is not 1 in each row, [..., 1].
 * @returns [...]. The caller owns it.
 */
export function softmaxCrossEntropy(logits: tf.Tensor, targets: tf.Tensor, total?: tf.Tensor): tf.Tensor {
  return withGradient([logits], (z) => {
    const shifted = tf.sub(z, tf.max(z, -1, true));
    const exponentials = tf.exp(shifted);
    const sum = tf.sum(exponentials, -1, true);
    const log = total ? tf.mul(tf.log(sum), total) : tf.log(sum);
    return {
      value: tf.sub(tf.squeeze(log, [-1]), tf.sum(tf.mul(shifted, targets), -1)),
      saved: () => [tf.sub(tf.mul(exponentials, tf.div(total ?? 1, sum)), targets)],
      gradient: (dy, [difference]) => [tf.mul(difference, tf.expandDims(dy, -1))],
    };
  });
}
