import { assertShape, reduce, softplus, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import {
  checkLogits,
  checkSmoothing,
  smoothed,
  type ClassificationOptions,
  type SmoothedOptions,
} from './binary-cross-entropy.js';

/**
 * Class-balanced weights from how many samples each class has.
 *
 *   w_c ∝ (1 − β) / (1 − β^n_c), scaled to mean 1
 *
 * @param counts samples of each class; a class without any counts as having one.
 * @param beta in [0, 1); 0 gives equal weights, towards 1 they become 1 / n_c. Default 0.999.
 * @see Cui et al. 2019, arXiv:1901.05555 (effective number of samples).
 */
export function effectiveNumberWeights(counts: ArrayLike<number>, beta = 0.999): Float32Array {
  if (!(beta >= 0 && beta < 1))
    throw new RangeError(`losses/effectiveNumberWeights: expected beta in [0, 1), got ${beta}`);
  const inverse = Array.from(counts, (count) => (1 - beta) / -Math.expm1(Math.max(1, count) * Math.log(beta)));
  const mean = inverse.reduce((sum, weight) => sum + weight, 0) / inverse.length;
  return Float32Array.from(inverse, (weight) => (beta === 0 ? 1 : weight / mean));
}

/**
 * Deferred re-weighting: equal weights at first, class-balanced ones from an epoch on.
 *
 * @param start first epoch with balanced weights. @param beta Default 0.9999.
 * @see Cao et al. 2019, arXiv:1906.07413.
 */
export function deferredWeights(
  counts: ArrayLike<number>,
  epoch: number,
  { start, beta = 0.9999 }: { start: number; beta?: number },
): Float32Array {
  return epoch < start ? new Float32Array(counts.length).fill(1) : effectiveNumberWeights(counts, beta);
}

/** Margins m_c = maxMargin · n_c^(−1/4) / max_k n_k^(−1/4): the rarer a class, the wider. */
export function ldamMargins(counts: ArrayLike<number>, maxMargin = 0.5): Float32Array {
  const roots = Array.from(counts, (count) => Math.max(1, count) ** -0.25);
  const widest = Math.max(...roots);
  return Float32Array.from(roots, (root) => (maxMargin * root) / widest);
}

export interface LdamOptions<R extends Reduction = Reduction> {
  /** Samples of each class in training. */
  counts: ArrayLike<number>;
  /** Margin of the rarest class. Default 0.5. */
  maxMargin?: number;
  /** Factor s on the logits. Default 30. */
  scale?: number;
  /** float32 [classes]: weights of the classes, say {@link deferredWeights}. Default 1. */
  weight?: tf.Tensor1D;
  /** float32 [batch], 1 = the class is known. Default all known. */
  mask?: tf.Tensor1D;
  /** In [0, 1): that share of the target goes to all classes alike. Default 0. */
  labelSmoothing?: number;
  /** Default `mean`: Σ w loss / Σ w. */
  reduction?: R;
}

/**
 * Cross entropy with a margin for the right class that is wider for rarer classes.
 *
 *   CE(s (z − m ∘ onehot), class)      weighted: Σ w_c loss / Σ w_c
 *
 * @param logits float32 [batch, classes]; unit-length features and weights are assumed by the paper.
 * @param classes int32 [batch].
 * @returns a scalar, or [batch] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ.
 * @see Cao et al. 2019, arXiv:1906.07413.
 */
export function ldamLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor2D,
  classes: tf.Tensor1D,
  options: LdamOptions<R>,
): Reduced<R> {
  const { counts, maxMargin = 0.5, scale = 30, weight, mask, labelSmoothing = 0, reduction = 'mean' as R } = options;
  const where = 'losses/ldamLoss';
  const sizes = assertShape(where, 'logits', logits, ['batch', 'classes']);
  assertShape(where, 'classes', classes, ['batch'], sizes);
  if (weight) assertShape(where, 'weight', weight, ['classes'], sizes);
  if (mask) assertShape(where, 'mask', mask, ['batch'], sizes);
  checkCounts(where, counts, sizes.classes);
  return tf.tidy(() => {
    const own = tf.cast(tf.oneHot(tf.cast(classes, 'int32'), sizes.classes), 'float32');
    const shifted = tf.mul(tf.sub(logits, tf.mul(own, tf.tensor1d(ldamMargins(counts, maxMargin)))), scale);
    return reduce(classCrossEntropy(where, shifted, own, labelSmoothing), reduction, classWeights(own, weight, mask));
  });
}

/** −Σ_c t_c log softmax(logits)_c over the last axis, t smoothed towards all classes alike. */
function classCrossEntropy(where: string, logits: tf.Tensor, own: tf.Tensor, labelSmoothing: number): tf.Tensor {
  checkSmoothing(where, labelSmoothing);
  const classes = own.shape[own.rank - 1]!;
  const wanted = labelSmoothing === 0 ? own : tf.add(tf.mul(own, 1 - labelSmoothing), labelSmoothing / classes);
  return tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), wanted), -1));
}

/** How much each entry counts: the weight of its class, and nothing where it is unknown. */
function classWeights(own: tf.Tensor, weight?: tf.Tensor1D, mask?: tf.Tensor): tf.Tensor | undefined {
  const ofClass = weight && tf.sum(tf.mul(own, weight), -1);
  return ofClass && mask ? tf.mul(ofClass, mask) : (ofClass ?? mask);
}

export interface MultiLabelLdamOptions<R extends Reduction = Reduction> extends SmoothedOptions<R> {
  /** Positive samples of each label in training. */
  counts: ArrayLike<number>;
  maxMargin?: number;
  scale?: number;
}

/**
 * The same margin for labels with a sigmoid of their own: BCE(s (z − y m), y). Not in the paper.
 *
 * @param logits float32 [batch, labels].
 * @param targets float32 [batch, labels] in {0, 1}.
 * @returns a scalar, or [batch, labels] with `reduction: 'none'`. The caller owns it.
 */
export function multiLabelLdamLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor2D,
  targets: tf.Tensor2D,
  options: MultiLabelLdamOptions<R>,
): Reduced<R> {
  const { counts, maxMargin = 0.5, scale = 30, mask, labelSmoothing, reduction = 'mean' as R } = options;
  const where = 'losses/multiLabelLdamLoss';
  checkCounts(where, counts, checkLogits(where, logits, targets, mask).labels);
  return tf.tidy(() => {
    const shifted = tf.mul(tf.sub(logits, tf.mul(targets, tf.tensor1d(ldamMargins(counts, maxMargin)))), scale);
    const y = smoothed(where, targets, labelSmoothing);
    const losses = tf.add(tf.mul(y, softplus(tf.neg(shifted))), tf.mul(tf.sub(1, y), softplus(shifted)));
    return reduce(losses, reduction, mask);
  });
}

export interface DistributionBalancedOptions<R extends Reduction = Reduction> extends ClassificationOptions<R> {
  /** Positive samples of each label in training. */
  counts: ArrayLike<number>;
  /** Samples in training. */
  total: number;
  /** Floor of the re-balancing weight. Default 0.1. */
  alpha?: number;
  /** Slope of the smooth map of the weight. Default 10. */
  beta?: number;
  /** Place of its middle. Default 0.2. */
  mu?: number;
  /** How far logits are shifted by the class prior. Default 0.05. */
  kappa?: number;
  /** How much less negatives count beyond their margin. Default 2. */
  lambda?: number;
}

/**
 * Distribution-balanced loss: samples are re-weighted against the repetition that sampling by label brings, and
 * negatives are tolerated beyond a margin from the class prior.
 *
 *   r = (1 / n_i) / Σ_{j present} 1 / n_j,  r̂ = α + σ(β (r − μ))
 *   positive: r̂ softplus(−(z − ν))      negative: r̂ softplus(λ (z − ν)) / λ,  ν = κ log((total / n) − 1)
 *
 * so that rare labels are held to the higher bar (the authors' code divides κ by λ besides). A sample without any present
 * label has r = 1 / labels.
 *
 * @param logits float32 [batch, labels].
 * @param targets float32 [batch, labels] in {0, 1}.
 * @returns a scalar, or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @see Wu et al. 2020, arXiv:2007.09654.
 */
export function distributionBalancedLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor2D,
  targets: tf.Tensor2D,
  options: DistributionBalancedOptions<R>,
): Reduced<R> {
  const {
    counts,
    total,
    alpha = 0.1,
    beta = 10,
    mu = 0.2,
    kappa = 0.05,
    lambda = 2,
    mask,
    reduction = 'mean' as R,
  } = options;
  const where = 'losses/distributionBalancedLoss';
  const { labels } = checkLogits(where, logits, targets, mask);
  checkCounts(where, counts, labels);
  return tf.tidy(() => {
    const inverse = tf.tensor1d(Array.from(counts, (count) => 1 / Math.max(1, count)));
    const present = mask ? tf.mul(targets, mask) : targets;
    const sum = tf.sum(tf.mul(present, inverse), -1, true);
    const hasAny = tf.cast(tf.greater(sum, 0), 'float32');
    const share = tf.add(
      tf.mul(hasAny, tf.div(inverse, tf.maximum(sum, 1e-12))),
      tf.mul(tf.sub(1, hasAny), 1 / labels),
    );
    const weight = tf.add(tf.sigmoid(tf.mul(tf.sub(share, mu), beta)), alpha);
    const prior = tf.tensor1d(
      Array.from(counts, (count) => kappa * Math.log(Math.max(total / Math.max(1, count) - 1, 1e-3))),
    );
    const shifted = tf.sub(logits, prior);
    const positive = tf.mul(targets, softplus(tf.neg(shifted)));
    const negative = tf.mul(tf.sub(1, targets), tf.div(softplus(tf.mul(shifted, lambda)), lambda));
    return reduce(tf.mul(weight, tf.add(positive, negative)), reduction, mask);
  });
}

export interface ThreeClassOptions<R extends Reduction = Reduction> {
  /** int or float [batch, labels], 1 = the class is known. Default all known. */
  mask?: tf.Tensor2D;
  /** float32 [3]: weights of the classes; then the mean is Σ w loss / Σ w. */
  weight?: tf.Tensor1D;
  /** In [0, 1). Default 0. */
  labelSmoothing?: number;
  /** Default `mean`, over the known entries. */
  reduction?: R;
}

/**
 * Cross entropy of each label on its own over three classes: present (0), absent (1), uncertain (2).
 *
 * @param logits float32 [batch, labels, classes].
 * @param classes int32 [batch, labels]; what stands at unknown places must still be a class.
 * @returns a scalar (0 if nothing is known), or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ.
 * @see Irvin et al. 2019, arXiv:1901.07031 (U-MultiClass).
 */
export function threeClassCrossEntropy<R extends Reduction = 'mean'>(
  logits: tf.Tensor3D,
  classes: tf.Tensor2D,
  options: ThreeClassOptions<R> = {},
): Reduced<R> {
  const { mask, weight, labelSmoothing = 0, reduction = 'mean' as R } = options;
  const where = 'losses/threeClassCrossEntropy';
  const sizes = assertShape(where, 'logits', logits, ['batch', 'labels', 'classes']);
  assertShape(where, 'classes', classes, ['batch', 'labels'], sizes);
  if (mask) assertShape(where, 'mask', mask, ['batch', 'labels'], sizes);
  if (weight) assertShape(where, 'weight', weight, ['classes'], sizes);
  return tf.tidy(() => {
    const own = tf.cast(tf.oneHot(tf.cast(classes, 'int32'), sizes.classes), 'float32');
    return reduce(classCrossEntropy(where, logits, own, labelSmoothing), reduction, classWeights(own, weight, mask));
  });
}

function checkCounts(where: string, counts: ArrayLike<number>, classes: number): void {
  if (counts.length !== classes)
    throw new RangeError(
      `${where}: expected a count for each of ${classes} classes, got ${counts.length}; count the training labels`,
    );
}
