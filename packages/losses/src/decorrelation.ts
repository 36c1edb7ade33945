import {
  assertOptions,
  assertShape,
  cosineMatrix,
  reduce,
  reductions,
  withGradient,
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
    const shares = absoluteShares(cosineMatrix(embeddings));
    if (reduction === 'none') return shares;
    return tf.div(tf.mean(tf.sum(shares, -1)), reduction === 'sum' ? 1 : (rows * (rows - 1)) / 2);
  });
  return loss as Reduced<R>;
}

/** ½ Σ_{j≠i} |c_ij|; the gradient of |c| is 0 at 0. */
function absoluteShares(cosines: tf.Tensor): tf.Tensor {
  return withGradient([cosines], (c) => {
    const kept = tf.mul(c, tf.sub(1, tf.eye(c.shape[c.rank - 1]!)));
    return {
      value: tf.div(tf.sum(tf.abs(kept), -1), 2),
      saved: [kept],
      gradient: (dy, [x]) => [tf.mul(tf.sign(x), tf.div(tf.expandDims(dy, -1), 2))],
    };
  });
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
    const squares = rows <= dim ? covariancesOfFewRows(embeddings) : covariancesOfManyRows(embeddings);
    return reduce(squares, reduction);
  });
}

/** Σ_{j≠i} C_ij² [dim] through the covariance matrix [dim, dim]. */
function covariancesOfManyRows(embeddings: tf.Tensor): tf.Tensor {
  const [rows, dim] = embeddings.shape;
  return withGradient([embeddings], (x) => {
    const centred = tf.sub(x, tf.mean(x, 0, true));
    const others = tf.mul(tf.div(tf.matMul(centred, centred, true), rows - 1), tf.sub(1, tf.eye(dim)));
    return {
      value: tf.sum(tf.square(others), -1),
      saved: [centred, others],
      gradient: (dy, [ofRows, c]) => {
        const both = tf.add(tf.expandDims(dy, 0), tf.expandDims(dy, 1));
        return [tf.mul(tf.matMul(ofRows, tf.mul(c, both)), 2 / (rows - 1))];
      },
    };
  });
}

/**
 * The same for no more rows than dimensions, where products of rows [rows, rows] are the smaller matrix: of centred X,
 *
 *   (rows − 1)² Σ_j C_ij² = Σ_b X_bi (X Xᵀ X)_bi
 */
function covariancesOfFewRows(embeddings: tf.Tensor): tf.Tensor {
  const [rows] = embeddings.shape;
  const times = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.matMul(tf.matMul(x, y, false, true), y);
  return withGradient([embeddings], (x) => {
    const centred = tf.sub(x, tf.mean(x, 0, true));
    const all = tf.tidy(() => tf.div(tf.sum(tf.mul(centred, times(centred, centred)), 0), (rows - 1) ** 2));
    const variances = tf.tidy(() => tf.div(tf.sum(tf.square(centred), 0), rows - 1));
    return {
      value: tf.sub(all, tf.square(variances)),
      saved: [centred, variances],
      gradient: (dy, [c, v]) => {
        // Σ_i w_i Σ_j C_ij² by X: 2 (X W Xᵀ X + X Xᵀ X W) / (rows − 1)²; of w_i C_ii²: 4 w_i C_ii X_i / (rows − 1)
        const product = tf.tidy(() => tf.mul(times(c, c), dy));
        const both = tf.tidy(() => tf.add(times(tf.mul(c, dy), c), product));
        product.dispose();
        const all = tf.tidy(() => tf.sub(both, tf.mul(c, tf.mul(tf.mul(dy, v), 2 * (rows - 1)))));
        both.dispose();
        return [tf.mul(all, 2 / (rows - 1) ** 2)];
      },
    };
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
    const [a, b] = [standardised(first), standardised(second)];
    const own = tf.div(tf.sum(tf.mul(a, b), 0), sizes.batch); // C_ii
    const squares = tf.div(squaredCorrelations(a, b), sizes.batch ** 2);
    const redundancy = tf.mul(tf.sub(squares, tf.square(own)), offDiagonal);
    return reduce(tf.add(tf.square(tf.sub(1, own)), redundancy), reduction);
  });
}

/** Each column with mean 0 and variance 1. */
function standardised(views: tf.Tensor): tf.Tensor {
  return withGradient([views], (x) => {
    const centred = tf.sub(x, tf.mean(x, 0, true));
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 0, true), 1e-6));
    const value = tf.mul(centred, inverse);
    return {
      value,
      saved: [value, inverse],
      gradient: (dy, [z, scale]) => {
        const along = tf.tidy(() => tf.mul(z, tf.mean(tf.mul(dy, z), 0, true)));
        const rest = tf.tidy(() => tf.sub(tf.sub(dy, tf.mean(dy, 0, true)), along));
        along.dispose();
        return [tf.mul(rest, scale)];
      },
    };
  });
}

/**
 * Σ_j (aᵀb)_ij² for each column i of a [dim]: Σ_n a_ni (b bᵀ a)_ni, through [batch, batch] where that is smaller than
 * [dim, dim].
 */
function squaredCorrelations(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const [batch, dim] = a.shape;
  if (batch > dim) return tf.sum(tf.square(tf.matMul(a, b, true)), -1);
  return withGradient([a, tf.matMul(b, b, false, true)], (x, gram) => {
    const product = tf.matMul(gram, x);
    return {
      value: tf.tidy(() => tf.sum(tf.mul(x, product), 0)),
      saved: [x, product],
      gradient: (dy, [ofA, ofProduct]) => [
        tf.mul(ofProduct, tf.mul(dy, 2)),
        tf.matMul(tf.mul(ofA, dy), ofA, false, true),
      ],
    };
  });
}

/** Checks embeddings [rows, dim] or [batch, rows, dim]; the number of rows. */
export function rowsOf(where: string, embeddings: tf.Tensor): number {
  const axes = embeddings?.rank === 2 ? ['rows', 'dim'] : ['batch', 'rows', 'dim'];
  const { rows } = assertShape(where, 'embeddings', embeddings, axes);
  if (rows < 2) throw new RangeError(`${where}: expected 2 or more rows, got ${rows}; drop this term`);
  return rows;
}
