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
import { consumed, replaced } from './chain.js';

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
    if (rows > dim) return reduce(covariancesOfManyRows(embeddings), reduction);
    if (reduction === 'none') return reduce(covariancesOfFewRows(embeddings), reduction);
    const sum = totalOfFewRows(embeddings) as Reduced<R>;
    return reduction === 'sum' ? sum : tf.div(sum, dim);
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

/** The sum of {@link covariancesOfFewRows}: its gradient needs one product of the forward pass, and none of its own. */
function totalOfFewRows(embeddings: tf.Tensor): tf.Tensor {
  const [rows] = embeddings.shape;
  const centredOf = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.sub(x, tf.mean(x, 0, true)));
  return withGradient([embeddings], (x) => {
    const centred = centredOf(x);
    const product = replaced(tf.matMul(centred, centred, false, true), (gram) => tf.matMul(gram, centred)); // X Xᵀ X
    const sums = tf.tidy(() => tf.sum(tf.square(centred), 0)); // (rows − 1) C_ii
    const all = replaced(tf.mul(centred, product), (each) => tf.sum(each));
    centred.dispose();
    return {
      value: tf.div(tf.sub(all, tf.sum(tf.square(sums))), (rows - 1) ** 2),
      saved: [x, product, sums],
      // 4 (X Xᵀ X − X diag) / (rows − 1)²
      gradient: (dy, [given, kept, diagonal]) => {
        const own = replaced(centredOf(given), (c) => tf.mul(c, diagonal));
        const factor = tf.mul(dy, 4 / (rows - 1) ** 2);
        return [replaced(replaced(own, (y) => tf.sub(kept, y)), (y) => tf.mul(y, factor))]; // prettier-ignore
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
    const { batch, dim } = sizes;
    const correlations = batch > dim ? correlationsOfManyRows : correlationsOfFewRows;
    return reduce(twinTerms(correlations(standardised(first), standardised(second)), offDiagonal), reduction);
  });
}

/** C_ii and Σ_j C_ij² of each column i, [2, dim], to (1 − C_ii)² + λ (Σ_j C_ij² − C_ii²). */
function twinTerms(correlations: tf.Tensor, offDiagonal: number): tf.Tensor {
  const [own, squares] = tf.unstack(correlations);
  const redundancy = tf.mul(tf.sub(squares, tf.square(own)), offDiagonal);
  return tf.add(tf.square(tf.sub(1, own)), redundancy);
}

/** Each column with mean 0 and variance 1. */
function standardised(views: tf.Tensor): tf.Tensor {
  return withGradient([views], (x) => {
    const centred = tf.tidy(() => tf.sub(x, tf.mean(x, 0, true)));
    const inverse = tf.tidy(() => tf.rsqrt(tf.add(tf.mean(tf.square(centred), 0, true), 1e-6)));
    const value = replaced(centred, (all) => tf.mul(all, inverse));
    return {
      value,
      saved: [value, inverse],
      gradient: (dy, [z, scale]) => {
        const mean = tf.tidy(() => tf.mean(tf.mul(dy, z), 0, true));
        const along = tf.mul(z, mean);
        const rest = replaced(along, (x) => replaced(tf.add(x, tf.mean(dy, 0, true)), (y) => tf.sub(dy, y)));
        return [replaced(rest, (x) => tf.mul(x, scale))];
      },
    };
  });
}

/** C_ii and Σ_j C_ij² [2, dim] of C = aᵀb / batch, through C itself [dim, dim]. */
function correlationsOfManyRows(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const [batch] = a.shape;
  return withGradient([a, b], (x, y) => {
    const all = replaced(tf.matMul(x, y, true), (c) => tf.div(c, batch));
    const own = tf.tidy(() => tf.div(tf.sum(tf.mul(x, y), 0), batch));
    return {
      value: tf.stack([own, tf.tidy(() => tf.sum(tf.square(all), -1))]),
      saved: [x, y, all],
      gradient: (dy, [ofX, ofY, c]) => {
        const ofBoth = (other: tf.Tensor, isFirst: boolean): tf.Tensor => {
          const [byOwn, bySquare] = tf.unstack(tf.div(dy, batch));
          const byC = tf.mul(c, tf.mul(tf.expandDims(bySquare, 1), 2)); // a row for each column of a
          return consumed(tf.add, tf.matMul(other, byC, false, isFirst), tf.mul(other, byOwn));
        };
        return [() => ofBoth(ofY, true), () => ofBoth(ofX, false)];
      },
    };
  });
}

/** The same through b bᵀ [batch, batch], where that is smaller: Σ_j (aᵀb)_ij² = Σ_n a_ni (b bᵀ a)_ni. */
function correlationsOfFewRows(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const [batch] = a.shape;
  return withGradient([a, b], (x, y) => {
    const product = replaced(tf.matMul(y, y, false, true), (gram) => tf.matMul(gram, x));
    const sums = (other: tf.Tensor, divisor: number): tf.Tensor =>
      tf.tidy(() => tf.div(tf.sum(tf.mul(x, other), 0), divisor));
    return {
      value: tf.stack([sums(y, batch), sums(product, batch ** 2)]),
      saved: [x, y, product],
      gradient: (dy, [ofX, ofY, kept]) => {
        const parts = (): tf.Tensor[] => tf.unstack(tf.mul(dy, [[1 / batch], [2 / batch ** 2]]));
        return [
          () => {
            const [byOwn, bySquare] = parts();
            return consumed(tf.add, tf.mul(kept, bySquare), tf.mul(ofY, byOwn));
          },
          () => {
            const [byOwn, bySquare] = parts();
            const mixing = replaced(tf.mul(ofX, bySquare), (each) => tf.matMul(each, ofX, false, true));
            return consumed(
              tf.add,
              replaced(mixing, (m) => tf.matMul(m, ofY)),
              tf.mul(ofX, byOwn),
            );
          },
        ];
      },
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
