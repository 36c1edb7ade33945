import { assertOptions, assertShape, softplus, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { consumed, replaced } from './chain.js';
import {
  checkLogits,
  classificationRules,
  isRecorded,
  smoothed,
  smoothingRange,
  type SmoothedOptions,
} from './classification.js';
import { binaryCrossEntropy, entrywiseLoss, softplusTail, type EntriesOf } from './entrywise.js';

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
    const entries = posWeight ? weightedCrossEntropy(y, posWeight) : binaryCrossEntropy(y);
    const fused = { loss: { name: 'binaryCrossEntropy' }, targets: y, columns: posWeight } as const;
    const loss = entrywiseLoss(logits, { mask, reduction }, entries, fused);
    if (!isRecorded(targets)) return loss;
    const ofTargets = entrywiseLoss(targets, { mask, reduction }, () => ({
      values: tf.zerosLike(logits),
      derivative: () => replaced(byTarget(logits, posWeight), (x) => tf.mul(x, 1 - (labelSmoothing ?? 0))),
    }));
    // Targets that are learned themselves, as in distillation: 0, with the gradient by them.
    return tf.add<Reduced<R>>(loss, ofTargets);
  });
}

/** w softplus(−z) − softplus(z), the derivative by the target. */
function byTarget(z: tf.Tensor, weights?: tf.Tensor): tf.Tensor {
  if (!weights) return tf.neg(z);
  return tf.tidy(() => tf.sub(tf.mul(softplus(tf.neg(z)), weights), softplus(z)));
}

/** w y softplus(−z) + (1 − y) softplus(z) */
function weightedCrossEntropy(y: tf.Tensor, weights: tf.Tensor): EntriesOf {
  const ofBothOf = (ofPositive: tf.Tensor): tf.Tensor => tf.tidy(() => tf.sub(tf.add(ofPositive, 1), y));
  return (z) => {
    const ofPositive = tf.mul(y, weights);
    const ofBoth = ofBothOf(ofPositive);
    const tail = replaced(softplusTail(z), (x) => tf.mul(x, ofBoth));
    const both = consumed(
      tf.add,
      replaced(ofBoth, (x) => tf.tidy(() => tf.mul(tf.relu(z), x))),
      tail,
    );
    return {
      values: replaced(both, (x) => tf.tidy(() => tf.sub(x, tf.mul(z, ofPositive)))),
      derivative: () => consumed(tf.sub, consumed(tf.mul, ofBothOf(ofPositive), tf.sigmoid(z)), ofPositive),
    };
  };
}
