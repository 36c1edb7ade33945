import { assertOptions, assertShape, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { checkLogits, classificationRules, smoothed, smoothingRange, type SmoothedOptions } from './classification.js';
import { binaryCrossEntropy, entrywiseLoss, replaced, softplusTail, type Entries } from './entrywise.js';

export interface BinaryCrossEntropyOptions<R extends Reduction = Reduction> extends SmoothedOptions<R> {
  /** float32 [labels], weight of a label's positives, for example negatives / positives. Default 1. */
  posWeight?: tf.Tensor;
}

const rules = { ...classificationRules, labelSmoothing: smoothingRange, posWeight: 'tensor' } as const;

/**
 * Binary cross entropy of each label on its own, over the known targets only.
 *
 *   loss_bi = w_i y softplus(−z) + (1 − y) softplus(z)
 *
 * @param logits float32 [batch, labels], before the sigmoid; finite at ±100.
 * @param targets [batch, labels] in [0, 1]; the values of unknown entries do not matter as long as they are finite.
 * @returns a scalar (0 if nothing is known), or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ or an option is out of range.
 * @throws {TypeError} for arguments of another kind, unknown options, or targets passed as logits.
 */
export function binaryCrossEntropyLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor,
  targets: tf.Tensor,
  options: BinaryCrossEntropyOptions<R> = {},
): Reduced<R> {
  const where = 'losses/binaryCrossEntropyLoss';
  assertOptions(where, options, rules);
  const { mask, posWeight, labelSmoothing, reduction = 'mean' as R } = options;
  const sizes = checkLogits(where, logits, targets, mask);
  if (posWeight) assertShape(where, 'posWeight', posWeight, ['labels'], sizes);
  return tf.tidy(() => {
    const y = smoothed(targets, labelSmoothing);
    return entrywiseLoss(logits, { mask, reduction }, (z) =>
      posWeight ? weightedCrossEntropy(z, y, posWeight) : binaryCrossEntropy(z, y),
    );
  });
}

/** w y softplus(−z) + (1 − y) softplus(z) */
function weightedCrossEntropy(z: tf.Tensor, y: tf.Tensor, weights: tf.Tensor): Entries {
  const ofPositive = tf.mul(y, weights);
  const ofBoth = tf.sub(tf.add(ofPositive, 1), y);
  const linear = tf.tidy(() => tf.sub(tf.mul(tf.relu(z), ofBoth), tf.mul(z, ofPositive)));
  return {
    values: tf.add(
      replaced(softplusTail(z), (tail) => tf.mul(tail, ofBoth)),
      linear,
    ),
    derivative: () => tf.tidy(() => tf.sub(tf.mul(tf.sigmoid(z), ofBoth), ofPositive)),
  };
}
