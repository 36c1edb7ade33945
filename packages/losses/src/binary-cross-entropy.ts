import { assertShape, reduce, softplus, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Options that the losses on logits share. */
export interface ClassificationOptions {
  /** float32 [batch, labels], 1 = the target is known, 0 = unknown and left out. Default all known. */
  mask?: tf.Tensor2D;
  reduction?: Reduction;
}

export interface BinaryCrossEntropyOptions extends ClassificationOptions {
  /** float32 [labels], weight of a label's positives, say negatives / positives. Default 1. */
  posWeight?: tf.Tensor1D;
  /** Pulls targets towards ½: y (1 − s) + s/2, in [0, 1). Default 0. */
  labelSmoothing?: number;
}

/**
 * Binary cross entropy of each label on its own, over the known targets only.
 *
 *   loss_bi = w_i y softplus(−z) + (1 − y) softplus(z)
 *
 * @param logits float32 [batch, labels], before the sigmoid; finite at ±100.
 * @param targets float32 [batch, labels] in [0, 1]; what stands at unknown places does not matter if it is finite.
 * @returns a scalar (0 if nothing is known), or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ.
 */
export function binaryCrossEntropy(
  logits: tf.Tensor2D,
  targets: tf.Tensor2D,
  options: BinaryCrossEntropyOptions = {},
): tf.Tensor {
  const { mask, posWeight, labelSmoothing = 0, reduction = 'mean' } = options;
  const where = 'losses/binaryCrossEntropy';
  const sizes = assertShape(where, 'logits', logits, ['batch', 'labels']);
  assertShape(where, 'targets', targets, ['batch', 'labels'], sizes);
  if (mask) assertShape(where, 'mask', mask, ['batch', 'labels'], sizes);
  if (posWeight) assertShape(where, 'posWeight', posWeight, ['labels'], sizes);
  return tf.tidy(() => {
    const y = labelSmoothing === 0 ? targets : tf.add(tf.mul(targets, 1 - labelSmoothing), labelSmoothing / 2);
    const positive = tf.mul(y, softplus(tf.neg(logits)));
    const negative = tf.mul(tf.sub(1, y), softplus(logits));
    return reduce(tf.add(posWeight ? tf.mul(positive, posWeight) : positive, negative), reduction, mask);
  });
}
