import { assertShape, l2Normalize, reduce, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface SupervisedContrastiveOptions<R extends Reduction = Reduction> {
  /** Divides the cosines. Default 0.1. */
  temperature?: number;
  /** float32 [batch, labels], 1 = the target is known; unknown ones are in no label set. Default all known. */
  mask?: tf.Tensor2D;
  /** Default `mean`, over images that share a label with another; the others are 0. */
  reduction?: R;
}

/**
 * Supervised contrast for images with several labels: two images attract each other as much as their label sets overlap
 * (Jaccard index).
 *
 *   loss_i = −Σ_{j≠i} J_ij log softmax_{k≠i}(cos_ik / τ)_j / Σ_{j≠i} J_ij, mean over images that share a label with another
 *
 * @param embeddings float32 [batch, dim]. @param targets float32 [batch, labels] in {0, 1}.
 * @returns a scalar, 0 if no two images share a label, or [batch] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ, or for fewer than two images.
 * @see Khosla et al. 2020, arXiv:2004.11362; weighted by overlap for several labels.
 */
export function supervisedContrastive<R extends Reduction = 'mean'>(
  embeddings: tf.Tensor2D,
  targets: tf.Tensor2D,
  { temperature = 0.1, mask, reduction = 'mean' as R }: SupervisedContrastiveOptions<R> = {},
): Reduced<R> {
  const where = 'losses/supervisedContrastive';
  const sizes = assertShape(where, 'embeddings', embeddings, ['batch', 'dim']);
  assertShape(where, 'targets', targets, ['batch', 'labels'], sizes);
  if (mask) assertShape(where, 'mask', mask, ['batch', 'labels'], sizes);
  if (sizes.batch < 2)
    throw new RangeError(`${where}: expected 2 or more images, got ${sizes.batch}; use larger batches`);
  return tf.tidy(() => {
    const unit = l2Normalize(embeddings);
    const own = tf.eye(sizes.batch);
    const logits = tf.sub(tf.div(tf.matMul(unit, unit, false, true), temperature), tf.mul(own, 1e4));
    const present = mask ? tf.mul(targets, mask) : targets;
    const shared = tf.matMul(present, present, false, true);
    const counts = tf.sum(present, 1, true);
    const united = tf.sub(tf.add(counts, tf.transpose(counts)), shared);
    const overlap = tf.mul(tf.div(shared, tf.maximum(united, 1)), tf.sub(1, own));
    const total = tf.sum(overlap, 1);
    const likelihood = tf.div(tf.sum(tf.mul(overlap, tf.logSoftmax(logits)), 1), tf.maximum(total, 1e-6));
    return reduce(tf.neg(likelihood), reduction, tf.cast(tf.greater(total, 0), 'float32'));
  });
}
