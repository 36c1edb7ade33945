import { vicregCovarianceLoss } from '@cxr-align/losses';
import * as tf from '@tensorflow/tfjs-core';

/** Weights of the three terms. */
export interface VicregWeights {
  /** Two views of an image have the same embedding. */
  invariance: number;
  /** Each dimension has a standard deviation of 1 or more over a batch. */
  variance: number;
  /** Dimensions are not correlated. */
  covariance: number;
}

/** Added to the variances, whose root has no gradient at 0. */
const eps = 1e-4;

/**
 * VICReg: two views of an image are to have the same embedding, no dimension the same value for all images, and no two dimensions the
 * same content.
 *
 *   invariance · mean (a − b)² + variance · Σ_{a, b} mean_d max(0, 1 − √(Var_d + 10⁻⁴)) / 2 + covariance · Σ_{a, b} Σ_{i≠j} C_ij² / dim
 *
 * @param first float32 [batch, dim]: embeddings of one view of some images.
 * @param second float32 [batch, dim]: of another one.
 * @returns a scalar. The caller owns it.
 * @see Bardes, Ponce and LeCun 2022, arXiv:2105.04906.
 */
export function vicregLoss(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  { invariance, variance, covariance }: VicregWeights,
): tf.Scalar {
  return tf.tidy(() => {
    const rows = first.shape[0];
    const terms: tf.Tensor[] = [tf.mul(invariance, tf.mean(tf.square(tf.sub(first, second))))];
    for (const view of [first, second]) {
      const centred = tf.sub(view, tf.mean(view, 0, true));
      const std = tf.sqrt(tf.add(tf.div(tf.sum(tf.square(centred), 0), rows - 1), eps));
      terms.push(tf.mul(variance / 2, tf.mean(tf.relu(tf.sub(1, std)))));
      if (covariance > 0) terms.push(tf.mul(covariance, vicregCovarianceLoss(view)));
    }
    return tf.addN(terms) as tf.Scalar;
  });
}

/** The mean standard deviation of the dimensions of some embeddings [rows, dim], by which a collapse is seen. */
export function spreadOf(embeddings: tf.Tensor2D): tf.Scalar {
  return tf.tidy(() => tf.mean(tf.sqrt(tf.moments(embeddings, 0).variance)));
}
