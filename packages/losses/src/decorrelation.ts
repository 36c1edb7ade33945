import {
  assertShape,
  clampedScale,
  cosineMatrix,
  l2Normalize,
  reduce,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { diagonalCrossEntropy } from './contrast.js';
import { initialLogitScale } from './logit-scale.js';

/** How {@link absoluteCosineLoss} adds up its pairs. */
export type PairReduction = 'sum' | 'mean' | 'half-mean' | 'none';

/**
 * Keeps embeddings apart by the absolute cosine of each pair.
 *
 *   sum: Σ_{i<j} |cos(e_i, e_j)|; mean: that over the number of pairs; half-mean: half of the mean
 *
 * The gradient of |cos| is taken as 0 at 0.
 *
 * @param embeddings float32 [rows, dim] or [batch, rows, dim]; of a batch the mean is taken.
 * @returns a scalar; with `reduction: 'none'` each row's share ½ Σ_{j≠i} |cos|, [rows] or [batch, rows]. The caller owns it.
 * @throws {RangeError} with fewer than two rows.
 */
export function absoluteCosineLoss<R extends PairReduction = 'mean'>(
  embeddings: tf.Tensor2D | tf.Tensor3D,
  { reduction = 'mean' as R }: { reduction?: R } = {},
): R extends 'none' ? tf.Tensor : tf.Scalar {
  const rows = rowsOf('losses/absoluteCosineLoss', embeddings);
  const loss = tf.tidy(() => {
    const others = tf.sub(1, tf.eye(rows));
    const shares = tf.div(tf.sum(tf.abs(tf.mul(cosineMatrix(embeddings), others)), -1), 2);
    if (reduction === 'none') return shares;
    const divisor = { sum: 1, mean: (rows * (rows - 1)) / 2, 'half-mean': rows * (rows - 1), none: 1 }[reduction];
    return tf.div(tf.mean(tf.sum(shares, -1)), divisor);
  });
  return loss as R extends 'none' ? tf.Tensor : tf.Scalar;
}

/**
 * Keeps embeddings apart by asking each for itself: cross entropy of κ E Eᵀ against the diagonal.
 *
 * Its minimum is a simplex: all meaning of the rows is given up. It is the first implementation's form.
 *
 * @param embeddings float32 [rows, dim] or [batch, rows, dim]; of a batch the mean is taken.
 * @param options.logitScale ln κ. @param options.maxScale clamps it to [0, maxScale]. Default ln 100.
 * @param options.normalize bring rows to length 1 first. Default true.
 * @returns a scalar, or [rows] or [batch, rows] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} with fewer than two rows.
 */
export function identityCrossEntropy<R extends Reduction = 'mean'>(
  embeddings: tf.Tensor2D | tf.Tensor3D,
  {
    logitScale = initialLogitScale,
    maxScale,
    normalize = true,
    reduction = 'mean' as R,
  }: { logitScale?: tf.Scalar | number; maxScale?: number; normalize?: boolean; reduction?: R } = {},
): Reduced<R> {
  rowsOf('losses/identityCrossEntropy', embeddings);
  return tf.tidy(() => {
    const x: tf.Tensor = normalize ? l2Normalize(embeddings as tf.Tensor) : embeddings;
    const logits = tf.mul(tf.matMul(x, x, false, true), clampedScale(logitScale, maxScale));
    return reduce(diagonalCrossEntropy(logits), reduction);
  });
}

/**
 * Decorrelates dimensions: the squared covariances of different dimensions.
 *
 *   Σ_{i≠j} C_ij² / dim, C = covariance over rows with divisor rows − 1
 *
 * @param embeddings float32 [rows, dim].
 * @returns a scalar, or [dim] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} with fewer than two rows.
 * @see Bardes, Ponce and LeCun 2022, arXiv:2105.04906 (VICReg, the covariance term).
 */
export function covarianceLoss<R extends Reduction = 'mean'>(
  embeddings: tf.Tensor2D,
  { reduction = 'mean' as R }: { reduction?: R } = {},
): Reduced<R> {
  const where = 'losses/covarianceLoss';
  assertShape(where, 'embeddings', embeddings, ['rows', 'dim']);
  const rows = rowsOf(where, embeddings);
  return tf.tidy(() => {
    const dim = embeddings.shape[1];
    const centred = tf.sub(embeddings, tf.mean(embeddings, 0, true)) as tf.Tensor2D;
    const covariance = tf.div(tf.matMul(centred, centred, true), rows - 1);
    return reduce(tf.sum(tf.square(tf.mul(covariance, tf.sub(1, tf.eye(dim)))), -1), reduction);
  });
}

/**
 * Makes two views agree dimension by dimension and decorrelates the rest.
 *
 *   Σ_i (1 − C_ii)² + λ Σ_{i≠j} C_ij², C = cross-correlation of the standardised views over the batch
 *
 * @param first float32 [batch, dim]. @param second float32 [batch, dim].
 * @param options.offDiagonal λ. Default 0.005.
 * @param options.reduction over the dimensions of the first view. Default `sum`, as in the paper.
 * @returns a scalar, or [dim] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ, or with fewer than two rows.
 * @see Zbontar et al. 2021, arXiv:2103.03230 (Barlow Twins).
 */
export function redundancyLoss<R extends Reduction = 'sum'>(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  { offDiagonal = 0.005, reduction = 'sum' as R }: { offDiagonal?: number; reduction?: R } = {},
): Reduced<R> {
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
    const agreement = tf.mul(own, tf.square(tf.sub(1, correlation)));
    const redundancy = tf.mul(tf.sub(1, own), tf.square(correlation));
    return reduce(tf.sum(tf.add(agreement, tf.mul(redundancy, offDiagonal)), -1), reduction);
  });
}

function rowsOf(where: string, embeddings: tf.Tensor): number {
  if (embeddings.rank === 2) assertShape(where, 'embeddings', embeddings, ['rows', 'dim']);
  else assertShape(where, 'embeddings', embeddings, ['batch', 'rows', 'dim']);
  const rows = embeddings.shape[embeddings.rank - 2]!;
  if (rows < 2) throw new RangeError(`${where}: expected 2 or more rows, got ${rows}; drop this term`);
  return rows;
}
