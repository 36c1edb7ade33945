import { withGradient } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Targets of a cross entropy, which are constant. */
export interface SoftmaxTargets {
  /** t, of the shape of the logits or one that broadcasts to it. */
  shares: tf.Tensor;
  /** Σ_j t_j where it is not 1 in each row, [..., 1]. */
  total?: tf.Tensor;
}

/**
 * Cross entropy of distributions over the last axis with constant targets: −Σ_j t_j log softmax(z)_j.
 *
 *   gradient: dy (Σ_j t_j softmax(z) − t), kept from the forward pass
 *
 * @param logits float32 [..., n].
 * @param targets computed here, where operations are not recorded.
 * @returns [...]. The caller owns it.
 */
export function softmaxCrossEntropy(logits: tf.Tensor, targets: () => SoftmaxTargets): tf.Tensor {
  return withGradient([logits], (z) => {
    const { shares, total } = tf.tidy(() => ({ ...targets() }));
    const shifted = tf.tidy(() => tf.sub(z, tf.max(z, -1, true)));
    const ofTargets = tf.tidy(() => tf.sum(tf.mul(shifted, shares), -1));
    const exponentials = tf.exp(shifted);
    shifted.dispose();
    const sum = tf.sum(exponentials, -1, true);
    const log = total ? tf.mul(tf.log(sum), total) : tf.log(sum);
    return {
      value: tf.sub(tf.squeeze(log, [-1]), ofTargets),
      saved: () => [tf.tidy(() => tf.sub(tf.mul(exponentials, tf.div(total ?? 1, sum)), shares))],
      gradient: (dy, [difference]) => [tf.mul(difference, tf.expandDims(dy, -1))],
    };
  });
}
