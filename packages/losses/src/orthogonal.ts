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

export interface OrthogonalOptions<R extends Reduction = Reduction> {
  /**
   * float32 [labels, labels]: the cosine that each pair is pulled to, for example a label similarity scaled to [0, 0.5].
   * Default 0.
   */
  target?: tf.Tensor;
  /** Added (squared) under the root of row lengths; keeps an all-zero row's gradient finite. Default 1e-6. */
  eps?: number;
  /** Default `mean`, over the labels. */
  reduction?: R;
}

const rules = { target: 'tensor', eps: { above: 0 }, reduction: reductions } as const;

/**
 * Soft orthogonality: each label embedding's mean squared distance of its cosines to the other labels from a target.
 *
 *   loss_i = Σ_{j≠i} (cos(e_i, e_j) − τ_ij)² / (labels − 1)
 *
 * With τ = 0 it is in [0, 1], and 0 for orthogonal rows. With τ from a label graph, labels that are close in it may stay
 * close.
 *
 * @param embeddings float32 [labels, dim], labels ≥ 2; rows need not have length 1.
 * @returns a scalar, or [labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if `embeddings` is not a matrix of at least two rows, or `target` is of another size.
 * @throws {TypeError} for arguments of another kind, or unknown options.
 * @see Bansal et al. 2018, arXiv:1810.09102: soft orthogonality; ours is on unit rows, so their scale is free.
 */
export function orthogonalLoss<R extends Reduction = 'mean'>(
  embeddings: tf.Tensor,
  options: OrthogonalOptions<R> = {},
): Reduced<R> {
  const where = 'losses/orthogonalLoss';
  assertOptions(where, options, rules);
  const { target, eps, reduction = 'mean' as R } = options;
  const sizes = assertShape(where, 'embeddings', embeddings, ['labels', 'dim']);
  if (target) assertShape(where, 'target', target, ['labels', 'labels'], sizes);
  const { labels } = sizes;
  if (labels < 2) throw new RangeError(`${where}: expected 2 or more labels, got ${labels}; drop this term`);
  return tf.tidy(() => {
    const squared = squaredDistance(cosineMatrix(embeddings, eps), target);
    return reduce(tf.div(squared, labels - 1), reduction);
  });
}

/** Σ_{j≠i} (c_ij − τ_ij)² of cosines [..., labels, labels], and of targets that are constant: [..., labels]. */
export function squaredDistance(cosines: tf.Tensor, target?: tf.Tensor): tf.Tensor {
  return withGradient([cosines], (c) => {
    const others = tf.sub(1, tf.eye(c.shape[c.rank - 1]!)); // a label is not compared with itself
    const difference = tf.mul(target ? tf.sub(c, target) : c, others);
    return {
      value: tf.sum(tf.square(difference), -1),
      saved: [difference],
      gradient: (dy, [kept]) => [tf.mul(kept, tf.mul(tf.expandDims(dy, -1), 2))],
    };
  });
}
