import { withGradient } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { replaced } from './chain.js';

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
    const { values, exponentials, sums } = crossEntropies(z, shares, total);
    return {
      value: values,
      saved: () => {
        const softmax = replaced(exponentials, (x) => tf.tidy(() => tf.mul(x, tf.div(total ?? 1, sums))));
        return [replaced(softmax, (x) => tf.sub(x, shares))];
      },
      gradient: (dy, [difference]) => [tf.mul(difference, tf.expandDims(dy, -1))],
    };
  });
}

/** Cross entropies of rows of logits [...], and what their softmax is made of: e^(z − max) [..., n], and its sums [..., 1]. */
export function crossEntropies(
  z: tf.Tensor,
  shares: tf.Tensor,
  total?: tf.Tensor,
): Record<'values' | 'exponentials' | 'sums', tf.Tensor> {
  return tf.tidy(() => {
    const shifted = tf.sub(z, tf.max(z, -1, true));
    const ofTargets = replaced(tf.mul(shifted, shares), (x) => tf.sum(x, -1));
    const exponentials = replaced(shifted, tf.exp);
    const sums = tf.sum(exponentials, -1, true);
    const log = total ? tf.mul(tf.log(sums), total) : tf.log(sums);
    return { values: tf.sub(tf.squeeze(log, [-1]), ofTargets), exponentials, sums };
  });
}
