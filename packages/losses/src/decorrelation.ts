import { assertShape, clampedScale, cosineMatrix, l2Normalize } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { initialLogitScale } from './logit-scale.js';

/**
 * Keeps embeddings apart by the absolute cosine of each pair.
 *
 *   sum: Σ_{i<j} |cos(e_i, e_j)|; mean: that over the number of pairs; half-mean: half of the mean
 *
 * The gradient of |cos| is taken as 0 at 0.
 *
 * @param embeddings float32 [rows, dim] or [batch, rows, dim]; of a batch the mean is taken.
 * @returns a scalar. The caller owns it.
 * @throws {RangeError} with fewer than two rows.
 */
export function absoluteCosineLoss(
  embeddings: tf.Tensor2D | tf.Tensor3D,
  { reduction = 'mean' }: { reduction?: 'sum' | 'mean' | 'half-mean' } = {},
): tf.Scalar {
  const where = 'losses/absoluteCosineLoss';
  const rows = rowsOf(where, embeddings);
  return tf.tidy(() => {
    const others = tf.sub(1, tf.eye(rows));
    const sums = tf.div(tf.sum(tf.abs(tf.mul(cosineMatrix(embeddings), others)), [-2, -1]), 2);
    const divisor = { sum: 1, mean: (rows * (rows - 1)) / 2, 'half-mean': rows * (rows - 1) }[reduction];
    return tf.div(tf.mean(sums), divisor);
  });
}

/**
 * Keeps embeddings apart by asking each for itself: cross entropy of κ E Eᵀ against the diagonal.
 *
 * Its minimum is a simplex: all meaning of the rows is given up. It is the first implementation's form.
 *
 * @param embeddings float32 [rows, dim] or [batch, rows, dim]; of a batch the mean is taken.
 * @param options.logitScale ln κ. @param options.maxScale clamps it to [0, maxScale]. Default ln 100.
 * @param options.normalize bring rows to length 1 first. Default true.
 * @returns a scalar. The caller owns it.
 */
export function identityCrossEntropy(
  embeddings: tf.Tensor2D | tf.Tensor3D,
  {
    logitScale = initialLogitScale,
    maxScale,
    normalize = true,
  }: { logitScale?: tf.Scalar | number; maxScale?: number; normalize?: boolean } = {},
): tf.Scalar {
  const rows = rowsOf('losses/identityCrossEntropy', embeddings);
  return tf.tidy(() => {
    const x: tf.Tensor = normalize ? l2Normalize(embeddings as tf.Tensor) : embeddings;
    const logits = tf.mul(tf.matMul(x, x, false, true), clampedScale(logitScale, maxScale));
    return tf.neg(tf.mean<tf.Scalar>(tf.sum(tf.mul(tf.logSoftmax(logits), tf.eye(rows)), -1)));
  });
}

/**
 * Decorrelates dimensions: the squared covariances of different dimensions.
 *
 *   Σ_{i≠j} C_ij² / dim, C = covariance over rows with divisor rows − 1
 *
 * @param embeddings float32 [rows, dim].
 * @returns a scalar. The caller owns it.
 * @see Bardes, Ponce and LeCun 2022, arXiv:2105.04906 (VICReg, the covariance term).
 */
export function covarianceLoss(embeddings: tf.Tensor2D): tf.Scalar {
  const rows = rowsOf('losses/covarianceLoss', embeddings);
  return tf.tidy(() => {
    const dim = embeddings.shape[1];
    const centred = tf.sub(embeddings, tf.mean(embeddings, 0, true)) as tf.Tensor2D;
    const covariance = tf.div(tf.matMul(centred, centred, true), rows - 1);
    return tf.div(tf.sum(tf.square(tf.mul(covariance, tf.sub(1, tf.eye(dim))))), dim) as tf.Scalar;
  });
}

/**
 * Makes two views agree dimension by dimension and decorrelates the rest.
 *
 *   Σ_i (1 − C_ii)² + λ Σ_{i≠j} C_ij², C = cross-correlation of the standardised views over the batch
 *
 * @param first float32 [batch, dim]. @param second float32 [batch, dim].
 * @param options.offDiagonal λ. Default 0.005.
 * @returns a scalar. The caller owns it.
 * @see Zbontar et al. 2021, arXiv:2103.03230 (Barlow Twins).
 */
export function redundancyLoss(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  { offDiagonal = 0.005 }: { offDiagonal?: number } = {},
): tf.Scalar {
  const where = 'losses/redundancyLoss';
  const sizes = assertShape(where, 'first', first, ['batch', 'dim']);
  assertShape(where, 'second', second, ['batch', 'dim'], sizes);
  rowsOf(where, first);
  return tf.tidy(() => {
    const standard = (x: tf.Tensor2D): tf.Tensor2D => {
      const centred = tf.sub(x, tf.mean(x, 0, true));
      return tf.div(centred, tf.sqrt(tf.add(tf.mean(tf.square(centred), 0, true), 1e-6)));
    };
    const correlation = tf.div(tf.matMul(standard(first), standard(second), true), sizes.batch);
    const own = tf.eye(sizes.dim);
    const agreement = tf.sum(tf.mul(own, tf.square(tf.sub(1, correlation))));
    const redundancy = tf.sum(tf.mul(tf.sub(1, own), tf.square(correlation)));
    return tf.add(agreement, tf.mul(redundancy, offDiagonal));
  });
}

function rowsOf(where: string, embeddings: tf.Tensor): number {
  if (embeddings.rank === 2) assertShape(where, 'embeddings', embeddings, ['rows', 'dim']);
  else assertShape(where, 'embeddings', embeddings, ['batch', 'rows', 'dim']);
  const rows = embeddings.shape[embeddings.rank - 2]!;
  if (rows < 2) throw new RangeError(`${where}: expected 2 or more rows, got ${rows}; drop this term`);
  return rows;
}
