import {
  assertOptions,
  assertShape,
  l2Normalize,
  reduce,
  reductions,
  withGradient,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface SecondOrderOptions<R extends Reduction = Reduction> {
  /** How the rows of the target are prepared: not at all, by a softmax, or divided by their length. Default `none`. */
  prepare?: 'none' | 'softmax' | 'normalize';
  /** Default `mean`, over samples and labels. */
  reduction?: R;
}

const rules = { prepare: ['none', 'softmax', 'normalize'], reduction: reductions } as const;

/**
 * The reference implementation's graph loss: the cosine between the rows of S Sᵀ and those of the target, both scaled to
 * [−1, 1].
 *
 *   H_b = S_b S_bᵀ; L = 1 − mean of cos(minmax(H_b[i]), minmax(T[i] with T_ii = 1))
 *
 * After the scaling nearly all entries of usual targets are negative, which makes it almost an orthogonality loss;
 * graphAlignmentLoss has not that fault. The target is never changed. A row of equal entries has no gradient.
 *
 * @param similarity float32 [batch, labels, labels]: similarities of label embeddings and prompts.
 * @param target float32 [labels, labels].
 * @returns a scalar, or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ. @throws {TypeError} for arguments of another kind, or unknown options.
 */
export function secondOrderGraphLoss<R extends Reduction = 'mean'>(
  similarity: tf.Tensor,
  target: tf.Tensor,
  options: SecondOrderOptions<R> = {},
): Reduced<R> {
  const where = 'losses/secondOrderGraphLoss';
  assertOptions(where, options, rules);
  const { prepare = 'none', reduction = 'mean' as R } = options;
  const sizes = assertShape(where, 'similarity', similarity, ['batch', 'labels', 'labels']);
  assertShape(where, 'target', target, ['labels', 'labels'], sizes);
  return tf.tidy(() => {
    const own = tf.eye(sizes.labels);
    const rows = prepare === 'softmax' ? tf.softmax(target) : prepare === 'normalize' ? l2Normalize(target) : target;
    const scaledTarget = toUnitRange(tf.add(tf.mul(rows, tf.sub(1, own)), own));
    const second = toUnitRange(tf.matMul(similarity, similarity, false, true));
    const cosines = tf.sum(tf.mul(l2Normalize(second), l2Normalize(scaledTarget)), -1);
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
