import {
  assertOptions,
  assertShape,
  constant,
  cosineMatrix,
  reduce,
  reductions,
  withGradient,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { consumed, replaced } from './chain.js';
import { softmaxCrossEntropy } from './softmax-cross-entropy.js';

export interface SupervisedContrastiveOptions<R extends Reduction = Reduction> {
  /** τ > 0, divides the cosines. Default 0.1. */
  temperature?: number;
  /** [batch, labels], 1 = the target is known; unknown ones are in no label set. Default all known. */
  mask?: tf.Tensor;
  /** Default `mean`, over images that share a label with another; the others are 0. */
  reduction?: R;
}

const rules = { temperature: { above: 0 }, mask: 'tensor', reduction: reductions } as const;

/**
 * Supervised contrast for images with several labels: two images attract each other as much as their label sets overlap
 * (Jaccard index).
 *
 *   loss_i = −Σ_{j≠i} J_ij log softmax_{k≠i}(cos_ik / τ)_j / Σ_{j≠i} J_ij, mean over images that share a label with another
 *
 * @param embeddings float32 [batch, dim]. @param targets [batch, labels] in {0, 1}.
 * @returns a scalar, 0 if no two images share a label, or [batch] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ, for fewer than two images, or an option out of range.
 * @throws {TypeError} for arguments of another kind, or unknown options.
 * @see Khosla et al. 2020, arXiv:2004.11362; weighted by overlap for several labels.
 */
export function supervisedContrastiveLoss<R extends Reduction = 'mean'>(
  embeddings: tf.Tensor,
  targets: tf.Tensor,
  options: SupervisedContrastiveOptions<R> = {},
): Reduced<R> {
  const where = 'losses/supervisedContrastiveLoss';
  assertOptions(where, options, rules);
  const { temperature = 0.1, mask, reduction = 'mean' as R } = options;
  const sizes = assertShape(where, 'embeddings', embeddings, ['batch', 'dim']);
  assertShape(where, 'targets', targets, ['batch', 'labels'], sizes);
  if (mask) assertShape(where, 'mask', mask, ['batch', 'labels'], sizes);
  if (sizes.batch < 2)
    throw new RangeError(`${where}: expected 2 or more images, got ${sizes.batch}; use larger batches`);
  return tf.tidy(() => {
    const shares = constant(() => overlapShares(mask ? tf.mul(targets, mask) : targets));
    const isSharing = constant(() => tf.step(tf.sum(shares, 1, true)));
    // An image that shares no label has targets of 0, and so a loss of 0.
    const entries = softmaxCrossEntropy(othersOver(cosineMatrix(embeddings), temperature), () => ({
      shares,
      total: isSharing,
    }));
    return reduce(entries, reduction, tf.squeeze(isSharing, [-1]));
  });
}

/** c_ij / τ for different images, with a diagonal that no softmax takes. */
function othersOver(cosines: tf.Tensor, temperature: number): tf.Tensor {
  return withGradient([cosines], (c) => {
    const self = replaced(tf.eye(c.shape[0]), (x) => tf.mul(x, -1e4));
    return {
      value: consumed(tf.add, tf.div(c, temperature), self),
      saved: [],
      gradient: (dy) => [tf.div(dy, temperature)],
    };
  });
}

/** J_ij / Σ_{k≠i} J_ik [batch, batch], 0 on the diagonal and in rows of images that share no label. */
function overlapShares(present: tf.Tensor): tf.Tensor {
  const others = replaced(tf.eye(present.shape[0]), (x) => tf.sub(1, x));
  const overlap = consumed(tf.mul, others, jaccard(present));
  const total = tf.maximum(tf.sum(overlap, 1, true), 1e-6);
  return replaced(overlap, (x) => tf.div(x, total));
}

/** Jaccard indices of the label sets of all pairs of samples [batch, batch]; 0 for two empty sets. */
function jaccard(present: tf.Tensor): tf.Tensor {
  const shared = tf.matMul(present, present, false, true);
  const counts = tf.sum(present, 1, true);
  const united = replaced(tf.sub(counts, shared), (x) => tf.add(x, tf.transpose(counts)));
  return consumed(
    tf.div,
    shared,
    replaced(united, (x) => tf.maximum(x, 1)),
  );
}
