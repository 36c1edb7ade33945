import {
  assertOptions,
  assertShape,
  cosineMatrix,
  reduce,
  reductions,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface AbsoluteCosineOptions<R extends Reduction = Reduction> {
  /** `mean`: over the pairs of rows; `sum`: over them; `none`: each row's share. Default `mean`. */
  reduction?: R;
}

/**
 * Decorrelates embeddings by the absolute cosine of each pair.
 *
 *   sum: Σ_{i<j} |cos(e_i, e_j)|; mean: that over the number of pairs; of a batch the mean over its samples
 *
 * The gradient of |cos| is taken as 0 at 0.
 *
 * @param embeddings float32 [rows, dim] or [batch, rows, dim].
 * @returns a scalar; with `reduction: 'none'` each row's share ½ Σ_{j≠i} |cos|, [rows] or [batch, rows]. The caller owns it.
 * @throws {RangeError} with fewer than two rows. @throws {TypeError} for arguments of another kind, or unknown options.
 */
export function absoluteCosineLoss<R extends Reduction = 'mean'>(
  embeddings: tf.Tensor,
  options: AbsoluteCosineOptions<R> = {},
): Reduced<R> {
  const where = 'losses/absoluteCosineLoss';
  assertOptions(where, options, { reduction: reductions });
  const { reduction = 'mean' as R } = options;
  const rows = rowsOf(where, embeddings);
  const loss = tf.tidy(() => {
    const others = tf.sub(1, tf.eye(rows));
    const shares = tf.div(tf.sum(tf.abs(tf.mul(cosineMatrix(embeddings), others)), -1), 2);
    if (reduction === 'none') return shares;
    return tf.div(tf.mean(tf.sum(shares, -1)), reduction === 'sum' ? 1 : (rows * (rows - 1)) / 2);
  });
  return loss as Reduced<R>;
}

export interface VicregCovarianceOptions<R extends Reduction = Reduction> {
  /** Default `mean`, over the dimensions. */
  reduction?: R;
}

/**
 * The covariance term of VICReg: decorrelates dimensions by their squared covariances.
 *
 *   Σ_{i≠j} C_ij² / dim, C = covariance over rows with divisor rows − 1
 *
 * @param embeddings float32 [rows, dim].
 * @returns a scalar, or [dim] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} with fewer than two rows. @throws {TypeError} for arguments of another kind, or unknown options.
 * @see Bardes, Ponce and LeCun 2022, arXiv:2105.04906.
 */
export function vicregCovarianceLoss<R extends Reduction = 'mean'>(
  embeddings: tf.Tensor,
  options: VicregCovarianceOptions<R> = {},
): Reduced<R> {
  const where = 'losses/vicregCovarianceLoss';
  assertOptions(where, options, { reduction: reductions });
  const { reduction = 'mean' as R } = options;
  const { dim } = assertShape(where, 'embeddings', embeddings, ['rows', 'dim']);
  const rows = rowsOf(where, embeddings);
  return tf.tidy(() => {
    const centred = tf.sub(embeddings, tf.mean(embeddings, 0, true));
    const covariance = tf.div(tf.matMul(centred, centred, true), rows - 1);
    return reduce(tf.sum(tf.square(tf.mul(covariance, tf.sub(1, tf.eye(dim)))), -1), reduction);
  });
}

export interface BarlowTwinsOptions<R extends Reduction = Reduction> {
  /** λ ≥ 0, the weight of the off-diagonal terms. Default 0.005. */
  offDiagonal?: number;
  /** Over the dimensions of the first view. Default `sum`, as in the paper. */
  reduction?: R;
}

const barlowTwinsRules = { offDiagonal: { min: 0 }, reduction: reductions } as const;

/**
 * Barlow Twins: makes two views agree dimension by dimension and decorrelates the rest.
 *
 *   Σ_i (1 − C_ii)² + λ Σ_{i≠j} C_ij², C = cross-correlation of the standardised views over the batch
 *
 * @param first float32 [batch, dim]. @param second float32 [batch, dim].
 * @returns a scalar, or [dim] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ, with fewer than two rows, or an option out of range.
 * @throws {TypeError} for arguments of another kind, or unknown options.
 * @see Zbontar et al. 2021, arXiv:2103.03230.
 */
export function barlowTwinsLoss<R extends Reduction = 'sum'>(
  first: tf.Tensor,
  second: tf.Tensor,
  options: BarlowTwinsOptions<R> = {},
): Reduced<R> {
  const where = 'losses/barlowTwinsLoss';
  assertOptions(where, options, barlowTwinsRules);
  const { offDiagonal = 0.005, reduction = 'sum' as R } = options;
  const sizes = assertShape(where, 'first', first, ['batch', 'dim']);
  assertShape(where, 'second', second, ['batch', 'dim'], sizes);
  rowsOf(where, first);
  return tf.tidy(() => {
    const standardised = (x: tf.Tensor): tf.Tensor => {
      const centred = tf.sub(x, tf.mean(x, 0, true));
      return tf.div(centred, tf.sqrt(tf.add(tf.mean(tf.square(centred), 0, true), 1e-6)));
    };
    const correlation = tf.div(tf.matMul(standardised(first), standardised(second), true), sizes.batch);
    const own = tf.eye(sizes.dim);
    const agreement = tf.mul(own, tf.square(tf.sub(1, correlation)));
    const redundancy = tf.mul(tf.sub(1, own), tf.square(correlation));
    return reduce(tf.sum(tf.add(agreement, tf.mul(redundancy, offDiagonal)), -1), reduction);
  });
}

/** Checks embeddings [rows, dim] or [batch, rows, dim]; the number of rows. */
export function rowsOf(where: string, embeddings: tf.Tensor): number {
  const axes = embeddings?.rank === 2 ? ['rows', 'dim'] : ['batch', 'rows', 'dim'];
  const { rows } = assertShape(where, 'embeddings', embeddings, axes);
  if (rows < 2) throw new RangeError(`${where}: expected 2 or more rows, got ${rows}; drop this term`);
  return rows;
}
