import {
  asymmetricLoss,
  binaryCrossEntropyLoss,
  distributionBalancedLoss,
  focalLoss,
  maxConstraintLoss,
  robustAsymmetricLoss,
  type Descendants,
} from '@cxr-align/losses';
import type * as tf from '@tensorflow/tfjs-core';
import { Registry } from '@cxr-align/classifier';

/** What a classification loss may depend on besides the batch. */
export interface LossContext {
  labels: readonly string[];
  /** For each label the indices of the labels below it. */
  descendants: Descendants;
  /** Known positives and negatives of each label in the training set, and its samples. */
  counts: { positives: readonly number[]; negatives: readonly number[]; samples: number };
  /** float32 [labels]: weights of positives, with `positiveWeight: balanced`. */
  positiveWeight?: tf.Tensor1D;
}

/**
 * A classification loss: logits and targets in {0, 1}, both float32 [batch, labels], to one loss an entry.
 *
 * @returns float32 [batch, labels]; entries with `mask` 0 (unknown targets) are ignored by the caller.
 */
export type ClassificationLoss = (
  logits: tf.Tensor2D,
  targets: tf.Tensor2D,
  options: { mask: tf.Tensor2D; reduction: 'none' },
) => tf.Tensor;

/** Makes a classification loss for a training; called once. */
export type ClassificationLossFactory = (context: LossContext) => ClassificationLoss;

export const classificationLosses = new Registry<ClassificationLossFactory>(
  'training/registerClassificationLoss',
  'classification loss',
);

/**
 * Adds a classification loss, which `classificationLoss` of a configuration can then name.
 *
 * @throws {RangeError} if the name is taken.
 *
 * @example
 * registerClassificationLoss('squared', () => (logits, targets) => tf.square(tf.sub(tf.sigmoid(logits), targets)));
 */
export function registerClassificationLoss(name: string, make: ClassificationLossFactory): void {
  classificationLosses.register(name, make);
}

registerClassificationLoss(
  'bce',
  ({ positiveWeight }) =>
    (logits, targets, options) =>
      binaryCrossEntropyLoss(logits, targets, { ...options, posWeight: positiveWeight }),
);
registerClassificationLoss('focal', () => focalLoss);
registerClassificationLoss('asymmetric', () => asymmetricLoss);
registerClassificationLoss('robust-asymmetric', () => robustAsymmetricLoss);
registerClassificationLoss(
  'distribution-balanced',
  ({ counts: { positives, samples } }) =>
    (logits, targets, options) =>
      distributionBalancedLoss(logits, targets, { ...options, counts: positives, total: samples }),
);
registerClassificationLoss(
  'max-constraint',
  ({ descendants }) =>
    (logits, targets, options) =>
      maxConstraintLoss(logits, targets, { ...options, descendants }),
);
