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

export interface GraphAlignmentOptions<R extends Reduction = Reduction> {
  /**
   * `correlation`: 1 − Pearson's r of the cosines of all pairs with the target's entries, the diagonal left out.
   * `kernel`: 1 − centred kernel alignment, the diagonal counts. Default `correlation`.
   */
  form?: 'correlation' | 'kernel';
  /** Default `mean`, over the samples. */
  reduction?: R;
}

const rules = { form: ['correlation', 'kernel'], reduction: reductions } as const;

/**
 * Makes the similarities between a sample's label embeddings follow a label graph.
 *
 *   correlation: 1 − r(cos(e_i, e_j), T_ij) over i < j
 *   kernel:      1 − ⟨HGH, HTH⟩ / (‖HGH‖ ‖HTH‖)      G = cosines, H = I − 1/labels
 *
 * Neither scale nor shift of the target matters, and it is never changed. In [0, 2].
 *
 * @param embeddings float32 [batch, labels, dim]; for prompts a batch of one.
 * @param target float32 [labels, labels], symmetric: any similarity of labels.
 * @returns a scalar, or [batch] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ, or with fewer than three labels: two have one pair only, and no structure.
 * @throws {TypeError} for arguments of another kind, or unknown options.
 * @see Kornblith et al. 2019, arXiv:1905.00414 (centred kernel alignment).
 */
export function graphAlignmentLoss<R extends Reduction = 'mean'>(
  embeddings: tf.Tensor,
  target: tf.Tensor,
  options: GraphAlignmentOptions<R> = {},
): Reduced<R> {
  const where = 'losses/graphAlignmentLoss';
  assertOptions(where, options, rules);
  const { form = 'correlation', reduction = 'mean' as R } = options;
  const sizes = assertShape(where, 'embeddings', embeddings, ['batch', 'labels', 'dim']);
  assertShape(where, 'target', target, ['labels', 'labels'], sizes);
  const { labels } = sizes;
  if (labels < 3) throw new RangeError(`${where}: expected 3 or more labels, got ${labels}; drop this term`);
  return tf.tidy(() => {
    const cosines = cosineMatrix(embeddings);
    const agreement = form === 'correlation' ? correlation(cosines, target) : kernelAlignment(cosines, target);
    return reduce(tf.sub(1, agreement), reduction);
  });
}

/** Pearson's r of the off-diagonal entries [batch]; both triangles enter, which is the same for symmetric matrices. */
function correlation(matrices: tf.Tensor, target: tf.Tensor): tf.Tensor {
  const labels = target.shape[0];
  const others = tf.sub(1, tf.eye(labels));
  const pairs = labels * (labels - 1);
  const centre = (x: tf.Tensor): tf.Tensor => {
    const kept = tf.mul(x, others);
    return tf.mul(tf.sub(kept, tf.div(tf.sum(kept, [-2, -1], true), pairs)), others);
  };
  return cosineBetween(centre(matrices), centre(target), 0.25);
}

/** Centred kernel alignment [batch]. */
function kernelAlignment(matrices: tf.Tensor, target: tf.Tensor): tf.Tensor {
  const centre = (x: tf.Tensor): tf.Tensor => {
    const rows = tf.sub(x, tf.mean(x, -1, true));
    return tf.sub(rows, tf.mean(rows, -2, true));
  };
  return cosineBetween(centre(matrices), centre(target), 1);
}

/** ⟨a, b⟩ / √(s‖a‖² · s‖b‖² + 1e-12) · s over the last two axes, with s = `weight` for entries that are counted twice. */
function cosineBetween(a: tf.Tensor, b: tf.Tensor, weight: number): tf.Tensor {
  const half = Math.sqrt(weight);
  const inner = tf.mul(tf.sum(tf.mul(a, b), [-2, -1]), half);
  const product = tf.mul(tf.mul(tf.sum(tf.square(a), [-2, -1]), tf.sum(tf.square(b), [-2, -1])), weight);
  return tf.div(inner, tf.sqrt(tf.add(product, 1e-12)));
}
