import {
  assertOption,
  assertOptions,
  assertShape,
  reduce,
  reductions,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { replaced } from './chain.js';
import { checkCounts } from './class-weights.js';
import { classCrossEntropy, classWeights, oneHot } from './class-cross-entropy.js';
import {
  checkIsPrediction,
  checkLogits,
  classificationRules,
  smoothed,
  smoothingRange,
  type SmoothedOptions,
} from './classification.js';
import { binaryCrossEntropy, entrywiseLoss } from './entrywise.js';

export interface LdamMarginOptions {
  /** Margin of the rarest class, > 0. Default 0.5. */
  maxMargin?: number;
}

const marginRules = { maxMargin: { above: 0 } } as const;

/**
 * Margins of the label-distribution-aware margin loss: the rarer a class, the wider.
 *
 *   m_c = maxMargin · n_c^(−1/4) / max_k n_k^(−1/4)
 *
 * @param counts samples of each class; a class without any counts as having one.
 * @returns [classes].
 * @throws {TypeError} if `counts` is no array of numbers. @throws {RangeError} for a negative count or margin.
 * @see Cao et al. 2019, arXiv:1906.07413.
 */
export function ldamMargins(counts: ArrayLike<number>, options: LdamMarginOptions = {}): Float32Array {
  const where = 'losses/ldamMargins';
  assertOption(where, 'counts', counts, 'numbers');
  assertOptions(where, options, marginRules);
  const { maxMargin = 0.5 } = options;
  const roots = Array.from(counts, (count) => Math.max(1, count) ** -0.25);
  const widest = Math.max(...roots);
  return Float32Array.from(roots, (root) => (maxMargin * root) / widest);
}

export interface LdamOptions<R extends Reduction = Reduction> {
  /** Samples of each class in training. */
  counts: ArrayLike<number>;
  /** Margin of the rarest class, > 0. Default 0.5. */
  maxMargin?: number;
  /** Factor s > 0 on the logits. Default 30. */
  scale?: number;
  /** float32 [classes]: weights of the classes, for example {@link deferredWeights}. Default 1. */
  weight?: tf.Tensor;
  /** [batch], 1 = the class is known. Default all known. */
  mask?: tf.Tensor;
  /** In [0, 1): that share of the target is spread over all classes. Default 0. */
  labelSmoothing?: number;
  /** Default `mean`: Σ w loss / Σ w. */
  reduction?: R;
}

const ldamRules = {
  counts: 'numbers',
  maxMargin: { above: 0 },
  scale: { above: 0 },
  weight: 'tensor',
  mask: 'tensor',
  labelSmoothing: smoothingRange,
  reduction: reductions,
} as const;

/**
 * Label-distribution-aware margin loss (LDAM): cross entropy with a margin for the right class that is wider for rarer
 * classes.
 *
 *   CE(s (z − m ∘ onehot), class)      weighted: Σ w_c loss / Σ w_c
 *
 * @param logits float32 [batch, classes]; the paper assumes unit-length features and weights.
 * @param classes int32 or float32 [batch]: indices of classes, those of unknown entries too.
 * @returns a scalar, or [batch] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ or an option is out of range.
 * @throws {TypeError} for arguments of another kind, unknown or missing options, or targets passed as logits.
 * @see Cao et al. 2019, arXiv:1906.07413.
 */
export function ldamLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor,
  classes: tf.Tensor,
  options: LdamOptions<R>,
): Reduced<R> {
  const where = 'losses/ldamLoss';
  assertOptions(where, options, ldamRules, ['counts']);
  const { counts, maxMargin, scale = 30, weight, mask, labelSmoothing = 0, reduction = 'mean' as R } = options;
  const sizes = assertShape(where, 'logits', logits, ['batch', 'classes']);
  assertShape(where, 'classes', classes, ['batch'], sizes);
  if (weight) assertShape(where, 'weight', weight, ['classes'], sizes);
  if (mask) assertShape(where, 'mask', mask, ['batch'], sizes);
  checkCounts(where, counts, sizes.classes);
  checkIsPrediction(where, logits, classes);
  return tf.tidy(() => {
    const own = oneHot(classes, sizes.classes);
    const shifted = tf.mul(tf.sub(logits, tf.mul(own, tf.tensor1d(ldamMargins(counts, { maxMargin })))), scale);
    return reduce(classCrossEntropy(shifted, own, labelSmoothing), reduction, classWeights(own, weight, mask));
  });
}

export interface MultiLabelLdamOptions<R extends Reduction = Reduction> extends SmoothedOptions<R> {
  /** Positive samples of each label in training. */
  counts: ArrayLike<number>;
  /** Margin of the rarest label, > 0. Default 0.5. */
  maxMargin?: number;
  /** Factor s > 0 on the logits. Default 30. */
  scale?: number;
}

const multiLabelRules = {
  ...classificationRules,
  labelSmoothing: smoothingRange,
  counts: 'numbers',
  maxMargin: { above: 0 },
  scale: { above: 0 },
} as const;

/**
 * LDAM for labels with a sigmoid of their own; not in the paper.
 *
 *   BCE(s (z − y m), y)
 *
 * @param logits float32 [batch, labels], before the sigmoid.
 * @param targets [batch, labels] in {0, 1}.
 * @returns a scalar (0 if nothing is known), or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ or an option is out of range.
 * @throws {TypeError} for arguments of another kind, unknown or missing options, or targets passed as logits.
 * @see Cao et al. 2019, arXiv:1906.07413, for the margins.
 */
export function multiLabelLdamLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor,
  targets: tf.Tensor,
  options: MultiLabelLdamOptions<R>,
): Reduced<R> {
  const where = 'losses/multiLabelLdamLoss';
  assertOptions(where, options, multiLabelRules, ['counts']);
  const { counts, maxMargin, scale = 30, mask, labelSmoothing, reduction = 'mean' as R } = options;
  checkCounts(where, counts, checkLogits(where, logits, targets, mask).labels);
  return tf.tidy(() => {
    const margins = tf.tensor1d(ldamMargins(counts, { maxMargin }));
    const crossEntropy = binaryCrossEntropy(smoothed(targets, labelSmoothing));
    return entrywiseLoss(logits, { mask, reduction }, (z, isDifferentiated) => {
      const shifted = tf.tidy(() => tf.mul(tf.sub(z, tf.mul(targets, margins)), scale));
      const { values, derivative } = crossEntropy(shifted, isDifferentiated);
      return { values, derivative: () => replaced(derivative!(), (x) => tf.mul(x, scale)) };
    });
  });
}
