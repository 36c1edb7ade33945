import { assertShape, reduce, softplus, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Options that the losses on logits share. */
export interface ClassificationOptions<R extends Reduction = Reduction> {
  /** float32 [batch, labels], 1 = the target is known, 0 = unknown and left out. Default all known. */
  mask?: tf.Tensor2D;
  /** Default `mean`, over the known entries. */
  reduction?: R;
}

/** Options of the losses that take targets between 0 and 1. */
export interface SmoothedOptions<R extends Reduction = Reduction> extends ClassificationOptions<R> {
  /** Pulls targets towards ½: y (1 − s) + s/2, in [0, 1). Default 0. */
  labelSmoothing?: number;
}

export interface BinaryCrossEntropyOptions<R extends Reduction = Reduction> extends SmoothedOptions<R> {
  /** float32 [labels], weight of a label's positives, say negatives / positives. Default 1. */
  posWeight?: tf.Tensor1D;
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
export function binaryCrossEntropy<R extends Reduction = 'mean'>(
  logits: tf.Tensor2D,
  targets: tf.Tensor2D,
  options: BinaryCrossEntropyOptions<R> = {},
): Reduced<R> {
  const { mask, posWeight, labelSmoothing, reduction = 'mean' as R } = options;
  const where = 'losses/binaryCrossEntropy';
  const sizes = checkLogits(where, logits, targets, mask);
  if (posWeight) assertShape(where, 'posWeight', posWeight, ['labels'], sizes);
  return tf.tidy(() => {
    const y = smoothed(where, targets, labelSmoothing);
    const positive = tf.mul(y, softplus(tf.neg(logits)));
    const negative = tf.mul(tf.sub(1, y), softplus(logits));
    return reduce(tf.add(posWeight ? tf.mul(positive, posWeight) : positive, negative), reduction, mask);
  });
}

/** Checks what the losses on logits take. */
export function checkLogits(
  where: string,
  logits: tf.Tensor2D,
  targets: tf.Tensor2D,
  mask?: tf.Tensor2D,
): Record<string, number> {
  const sizes = assertShape(where, 'logits', logits, ['batch', 'labels']);
  assertShape(where, 'targets', targets, ['batch', 'labels'], sizes);
  if (mask) assertShape(where, 'mask', mask, ['batch', 'labels'], sizes);
  return sizes;
}

/** Targets pulled towards ½. @throws {RangeError} if the smoothing is not in [0, 1). */
export function smoothed(where: string, targets: tf.Tensor2D, labelSmoothing = 0): tf.Tensor2D {
  checkSmoothing(where, labelSmoothing);
  return labelSmoothing === 0 ? targets : tf.add(tf.mul(targets, 1 - labelSmoothing), labelSmoothing / 2);
}

/** @throws {RangeError} if the smoothing is not in [0, 1). */
export function checkSmoothing(where: string, labelSmoothing: number): void {
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    throw new RangeError(`${where}: expected labelSmoothing in [0, 1), got ${labelSmoothing}; 0 switches it off`);
}
