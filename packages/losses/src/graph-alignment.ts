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
    const others = tf.sub(1, tf.eye(labels));
    const pairs = labels * (labels - 1);
    const centre = {
      // Without the diagonal. Both triangles enter, which is the same for symmetric matrices.
      correlation: (x: tf.Tensor): tf.Tensor => {
        const kept = tf.mul(x, others);
        return tf.mul(tf.sub(kept, tf.div(tf.sum(kept, [-2, -1], true), pairs)), others);
      },
      kernel: (x: tf.Tensor): tf.Tensor => {
        const rows = tf.sub(x, tf.mean(x, -1, true));
        return tf.sub(rows, tf.mean(rows, -2, true));
      },
    }[form];
    // Entries of both triangles are counted twice.
    const agreement = centredCosine(cosineMatrix(embeddings), target, centre, form === 'correlation' ? 0.25 : 1);
    return reduce(tf.sub(1, agreement), reduction);
  });
}

/**
 * r = √s ⟨a, b⟩ / √(s ‖a‖² ‖b‖² + 1e-12) of centred matrices a and b [batch], b constant.
 *
 *   gradient: what centring is to the gradient of a; a and b are centred, and so is each of its terms already
 */
function centredCosine(
  matrices: tf.Tensor,
  target: tf.Tensor,
  centre: (x: tf.Tensor) => tf.Tensor,
  share: number,
): tf.Tensor {
  const total = (x: tf.Tensor): tf.Tensor => tf.sum(x, [-2, -1], true);
  return withGradient([matrices], (x) => {
    const a = tf.tidy(() => centre(x));
    const b = tf.tidy(() => centre(target));
    const ofB = tf.mul(total(tf.square(b)), share);
    const length = tf.sqrt(tf.add(tf.mul(total(tf.square(a)), ofB), 1e-12));
    const cosine = tf.div(tf.mul(total(tf.mul(a, b)), Math.sqrt(share)), length);
    return {
      value: tf.squeeze(cosine, [-2, -1]),
      saved: () => [a, b, tf.div(Math.sqrt(share), length), tf.div(tf.mul(cosine, ofB), tf.square(length))],
      gradient: (dy, [keptA, keptB, ofTarget, ofOwn]) => {
        const each = tf.reshape(dy, [-1, 1, 1]);
        return [tf.sub(tf.mul(keptB, tf.mul(each, ofTarget)), tf.mul(keptA, tf.mul(each, ofOwn)))];
      },
    };
  });
}
