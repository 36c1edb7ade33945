import {
  assertShape,
  cosineMatrix,
  l2Normalize,
  reduce,
  withGradient,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface SecondOrderOptions<R extends Reduction = Reduction> {
  /** What is done to the rows of the target first: nothing, a softmax, or division by their length. Default nothing. */
  prepare?: 'none' | 'softmax' | 'normalize';
  /** Default `mean`, over samples and labels. */
  reduction?: R;
}

/**
 * The first implementation's graph loss: the rows of S Sᵀ, scaled to [−1, 1], should point where the target's rows point.
 *
 *   H_b = S_b S_bᵀ; L = 1 − mean of cos(minmax(H_b[i]), minmax(T[i] with T_ii = 1))
 *
 * After the scaling nearly all entries of usual targets are negative, which makes it almost an orthogonality loss;
 * {@link graphAlignment} has not that fault. The target is never changed. A row of equal entries has no gradient.
 *
 * @param similarity float32 [batch, labels, labels]: similarities of label embeddings and prompts.
 * @param target float32 [labels, labels].
 * @returns a scalar, or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ.
 */
export function secondOrderGraphLoss<R extends Reduction = 'mean'>(
  similarity: tf.Tensor3D,
  target: tf.Tensor2D,
  { prepare = 'none', reduction = 'mean' as R }: SecondOrderOptions<R> = {},
): Reduced<R> {
  const where = 'losses/secondOrderGraphLoss';
  const sizes = assertShape(where, 'similarity', similarity, ['batch', 'labels', 'labels']);
  assertShape(where, 'target', target, ['labels', 'labels'], sizes);
  return tf.tidy(() => {
    const own = tf.eye(sizes.labels);
    const rows = prepare === 'softmax' ? tf.softmax(target) : prepare === 'normalize' ? l2Normalize(target) : target;
    const wanted = toUnitRange(tf.add(tf.mul(rows, tf.sub(1, own)), own));
    const second = toUnitRange(tf.matMul(similarity, similarity, false, true));
    const cosines = tf.sum(tf.mul(l2Normalize(second), l2Normalize(wanted)), -1);
    return reduce(tf.sub(1, cosines), reduction);
  });
}

/** Each row scaled so that its least entry is −1 and its greatest 1; a constant row becomes −1 throughout. */
function toUnitRange(x: tf.Tensor): tf.Tensor {
  const low = extreme(x, tf.min);
  const high = extreme(x, tf.max);
  return tf.sub(tf.div(tf.mul(tf.sub(x, low), 2), tf.add(tf.sub(high, low), 1e-12)), 1);
}

/** The least or greatest entry of each row, kept as an axis of 1; equal ones share the gradient. */
function extreme(x: tf.Tensor, of: typeof tf.max): tf.Tensor {
  return withGradient([x], (rows) => {
    const value = of(rows, -1, true);
    const isExtreme = tf.cast(tf.equal(rows, value), 'float32');
    const share = tf.div(isExtreme, tf.sum(isExtreme, -1, true));
    return { value, saved: [share], gradient: (dy, [saved]) => [tf.mul(dy, saved)] };
  });
}

/**
 * Squared distance of the cosines from the target, over all pairs of different labels.
 *
 *   mean over b and i ≠ j of (cos(e_bi, e_bj) − T_ij)²
 *
 * Unlike {@link graphAlignment} it minds scale and shift of the target: use one in [−1, 1].
 *
 * @param embeddings float32 [batch, labels, dim]. @param target float32 [labels, labels].
 * @returns a scalar, or [batch] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ, or with fewer than two labels.
 */
export function gramMatrixLoss<R extends Reduction = 'mean'>(
  embeddings: tf.Tensor3D,
  target: tf.Tensor2D,
  { reduction = 'mean' as R }: { reduction?: R } = {},
): Reduced<R> {
  const where = 'losses/gramMatrixLoss';
  const sizes = assertShape(where, 'embeddings', embeddings, ['batch', 'labels', 'dim']);
  assertShape(where, 'target', target, ['labels', 'labels'], sizes);
  const { labels } = sizes;
  if (labels < 2) throw new RangeError(`${where}: expected 2 or more labels, got ${labels}; drop this term`);
  return tf.tidy(() => {
    const miss = tf.mul(tf.sub(cosineMatrix(embeddings), target), tf.sub(1, tf.eye(labels)));
    return reduce(tf.div(tf.sum(tf.square(miss), [-2, -1]), labels * (labels - 1)), reduction);
  });
}

/**
 * Kullback-Leibler divergence of each label's distribution over the other labels from the target's.
 *
 *   mean over b, i of Σ_{j≠i} t_ij (log t_ij − log s_ij), t = softmax_{j≠i}(T_ij / τ), s = softmax_{j≠i}(cos_ij / τ)
 *
 * @param embeddings float32 [batch, labels, dim]. @param target float32 [labels, labels].
 * @param options.temperature τ. Default 0.2.
 * @returns a scalar, 0 or more, or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ, or with fewer than three labels.
 */
export function neighbourDivergence<R extends Reduction = 'mean'>(
  embeddings: tf.Tensor3D,
  target: tf.Tensor2D,
  { temperature = 0.2, reduction = 'mean' as R }: { temperature?: number; reduction?: R } = {},
): Reduced<R> {
  const where = 'losses/neighbourDivergence';
  const sizes = assertShape(where, 'embeddings', embeddings, ['batch', 'labels', 'dim']);
  assertShape(where, 'target', target, ['labels', 'labels'], sizes);
  if (sizes.labels < 3)
    throw new RangeError(`${where}: expected 3 or more labels, got ${sizes.labels}; drop this term`);
  return tf.tidy(() => {
    const self = tf.mul(tf.eye(sizes.labels), -1e4);
    const logTarget = tf.logSoftmax(tf.add(tf.div(target, temperature), self));
    const logOwn = tf.logSoftmax(tf.add(tf.div(cosineMatrix(embeddings), temperature), self));
    const others = tf.sub(1, tf.eye(sizes.labels));
    const terms = tf.mul(tf.mul(tf.exp(logTarget), tf.sub(logTarget, logOwn)), others);
    return reduce(tf.sum(terms, -1), reduction);
  });
}
