import { assertOptions, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { chain, replaced } from './chain.js';
import { checkLogits, classificationRules, type ClassificationOptions } from './classification.js';
import { entrywiseLoss, softplusTail, type EntriesOf } from './entrywise.js';

export interface AsymmetricOptions<R extends Reduction = Reduction> extends ClassificationOptions<R> {
  /** Focusing power of negatives, ≥ 0. Default 4. */
  gammaNegative?: number;
  /** Focusing power of positives, ≥ 0. Default 1. */
  gammaPositive?: number;
  /** Probability margin of negatives in [0, 1): easier ones have no loss. Default 0.05. */
  clip?: number;
  /** Smallest probability in a logarithm, above 0. Default 1e-8. */
  eps?: number;
  /** Stop the gradient of the focusing factor, as the authors' code does by default. Default false. */
  detachFocus?: boolean;
}

const asymmetricRules = {
  ...classificationRules,
  gammaNegative: { min: 0 },
  gammaPositive: { min: 0 },
  clip: { min: 0, below: 1 },
  eps: { above: 0, below: 1 },
  detachFocus: 'boolean',
} as const;

/**
 * Asymmetric loss (ASL): positives and negatives are focused by different powers, and negatives with a probability below
 * the margin `clip` have no loss.
 *
 *   positive: −(1 − p)^γ₊ log p      negative: −(1 − q)^γ₋ log q, q = min(1 − p + clip, 1)
 *
 * @param logits float32 [batch, labels], before the sigmoid; finite at ±100.
 * @param targets [batch, labels] in {0, 1}.
 * @returns a scalar (0 if nothing is known), or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ or an option is out of range.
 * @throws {TypeError} for arguments of another kind, unknown options, or targets passed as logits.
 * @see Ridnik et al. 2021, arXiv:2009.14119.
 */
export function asymmetricLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor,
  targets: tf.Tensor,
  options: AsymmetricOptions<R> = {},
): Reduced<R> {
  const where = 'losses/asymmetricLoss';
  assertOptions(where, options, asymmetricRules);
  const {
    gammaNegative = 4,
    gammaPositive = 1,
    clip = 0.05,
    eps = 1e-8,
    detachFocus = false,
    mask,
    reduction = 'mean' as R,
  } = options;
  checkLogits(where, logits, targets, mask);
  const positive = positiveEntries({ gamma: gammaPositive, eps, detachFocus });
  const negative = negativeEntries({ gamma: gammaNegative, clip, eps, detachFocus });
  return entrywiseLoss(logits, { mask, reduction }, byTarget(targets, positive, negative));
}

interface FocusOptions {
  gamma: number;
  eps: number;
  detachFocus: boolean;
}

/** −u^γ log p, u = 1 − p, with log p directly from the logit: it loses nothing where p rounds to 0 or 1. */
function positiveEntries({ gamma, eps, detachFocus }: FocusOptions): EntriesOf {
  return (z, isDifferentiated) => {
    const u = chain(z, tf.neg, tf.sigmoid);
    const logP = replaced(logSigmoid(z), (x) => tf.maximum(x, Math.log(eps)));
    const focus = power(u, gamma);
    const values = chain(focus, (x) => tf.mul(x, logP), tf.neg);
    if (!isDifferentiated) return { values };
    // u^γ (γ (1 − u) log p − u), the last only where log p is not clipped
    const slope = tf.tidy(() => tf.neg(tf.mul(u, isAbove(logP, Math.log(eps)))));
    if (detachFocus || gamma === 0) return { values, derivative: tf.mul(focus, slope) };
    const ofFocus = tf.tidy(() => tf.mul(tf.mul(tf.sub(1, u), logP), gamma));
    return { values, derivative: tf.tidy(() => tf.mul(focus, tf.add(ofFocus, slope))) };
  };
}

/** −m^γ log(1 − m), m = max(p − clip, 0) */
function negativeEntries({ gamma, clip, eps, detachFocus }: FocusOptions & { clip: number }): EntriesOf {
  return (z, isDifferentiated) => {
    const m = aboveMargin(z, clip);
    // Without a margin log(1 − p) comes directly from the logit.
    const logQ = tf.tidy(() =>
      clip === 0 ? tf.maximum(logSigmoid(tf.neg(z)), Math.log(eps)) : tf.log(tf.maximum(tf.sub(1, m), eps)),
    );
    const focus = power(m, gamma);
    const values = chain(focus, (x) => tf.mul(x, logQ), tf.neg);
    if (!isDifferentiated) return { values };
    // (m^γ / (1 − m), where its logarithm is not clipped, − γ m^(γ−1) log(1 − m)) p (1 − p), where m is above 0
    const change = changeOf(z, clip);
    const ofLog = tf.tidy(() => {
      const open = tf.mul(focus, isAbove(logQ, Math.log(eps)));
      return clip === 0 ? tf.mul(open, tf.sigmoid(z)) : tf.div(tf.mul(open, change), tf.maximum(tf.sub(1, m), eps));
    });
    if (detachFocus || gamma === 0) return { values, derivative: ofLog };
    return { values, derivative: tf.tidy(() => tf.sub(ofLog, tf.mul(tf.mul(powerSlope(m, gamma), logQ), change))) };
  };
}

/** log σ(z) = −softplus(−z) */
function logSigmoid(z: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.neg(tf.add(softplusTail(z), chain(z, tf.neg, tf.relu))));
}

/** m = max(p − clip, 0) */
function aboveMargin(z: tf.Tensor, clip: number): tf.Tensor {
  return clip === 0 ? tf.sigmoid(z) : chain(z, tf.sigmoid, (p) => tf.sub(p, clip), tf.relu); // prettier-ignore
}

/** The derivative of {@link aboveMargin}: p (1 − p) where p is above the margin. */
function changeOf(z: tf.Tensor, clip: number): tf.Tensor {
  return tf.tidy(() => {
    const p = tf.sigmoid(z);
    const slope = tf.mul(p, chain(z, tf.neg, tf.sigmoid));
    return clip === 0 ? slope : tf.mul(slope, tf.step(tf.sub(p, clip)));
  });
}

/** 1 where x is above a bound, else 0. */
function isAbove(x: tf.Tensor, bound: number): tf.Tensor {
  return chain(x, (all) => tf.sub(all, bound), tf.step); // prettier-ignore
}

/** The entries of positives where the target is 1, of negatives where it is 0. */
function byTarget(targets: tf.Tensor, positive: EntriesOf, negative: EntriesOf): EntriesOf {
  const ofPositive = (x: tf.Tensor): tf.Tensor => replaced(x, (all) => tf.mul(all, targets));
  const ofNegative = (x: tf.Tensor): tf.Tensor =>
    replaced(x, (all) => tf.tidy(() => tf.sub(all, tf.mul(all, targets))));
  const sum = (x: tf.Tensor, y: tf.Tensor): tf.Tensor =>
    replaced(x, (one) => replaced(y, (other) => tf.add(one, other)));
  return (z, isDifferentiated) => {
    const one = tf.tidy(() => ({ ...positive(z, isDifferentiated) }));
    one.values = ofPositive(one.values);
    if (one.derivative) one.derivative = ofPositive(one.derivative);
    const other = tf.tidy(() => ({ ...negative(z, isDifferentiated) }));
    return {
      values: sum(ofNegative(other.values), one.values),
      ...(one.derivative && { derivative: sum(ofNegative(other.derivative!), one.derivative) }),
    };
  };
}

export interface RobustAsymmetricOptions<R extends Reduction = Reduction> extends ClassificationOptions<R> {
  /** Focusing power of negatives, ≥ 0. Default 4. */
  gammaNegative?: number;
  /** Focusing power of positives, ≥ 0. Default 0. */
  gammaPositive?: number;
  /** Probability margin of negatives in [0, 1). Default 0.05. */
  clip?: number;
  /** ε₁, the first coefficient of the polynomial of positives. Default 1. */
  epsilonPositive?: number;
  /** ε₂, the second one. Default −2.5. */
  epsilonPositiveSquared?: number;
  /** λ ≥ 1 of the damping factor of negatives, λ − p. Default 1.5. */
  lambda?: number;
}

const robustRules = {
  ...classificationRules,
  gammaNegative: { min: 0 },
  gammaPositive: { min: 0 },
  clip: { min: 0, below: 1 },
  epsilonPositive: {},
  epsilonPositiveSquared: {},
  lambda: { min: 1 },
} as const;

/**
 * Robust asymmetric loss (RAL): the asymmetric loss with a polynomial for positives, damped where a negative has a high
 * probability, since it may be a missed label.
 *
 *   positive: −(1 − p)^γ₊ (log p + ε₁ (1 − p) + ½ ε₂ (1 − p)²)
 *   negative: −p_m^γ₋ log(1 − p_m) · (λ − p_m) p_m² (λ − (1 − p_m))      p_m = max(p − clip, 0)
 *
 * @param logits float32 [batch, labels], before the sigmoid; finite at ±100.
 * @param targets [batch, labels] in {0, 1}.
 * @returns a scalar (0 if nothing is known), or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ or an option is out of range.
 * @throws {TypeError} for arguments of another kind, unknown options, or targets passed as logits.
 * @see Park et al. 2023 (ICCV workshop on CXR-LT), "Robust asymmetric loss for multi-label long-tailed learning".
 */
export function robustAsymmetricLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor,
  targets: tf.Tensor,
  options: RobustAsymmetricOptions<R> = {},
): Reduced<R> {
  const where = 'losses/robustAsymmetricLoss';
  assertOptions(where, options, robustRules);
  const {
    gammaNegative = 4,
    gammaPositive = 0,
    clip = 0.05,
    epsilonPositive = 1,
    epsilonPositiveSquared = -2.5,
    lambda = 1.5,
    mask,
    reduction = 'mean' as R,
  } = options;
  checkLogits(where, logits, targets, mask);
  const positive = robustPositiveEntries(gammaPositive, [epsilonPositive, epsilonPositiveSquared / 2]);
  const negative = robustNegativeEntries({ gamma: gammaNegative, clip, lambda });
  return entrywiseLoss(logits, { mask, reduction }, byTarget(targets, positive, negative));
}

/** −u^γ (log p + a u + b u²), u = 1 − p */
function robustPositiveEntries(gamma: number, [a, b]: [number, number]): EntriesOf {
  return (z, isDifferentiated) => {
    const u = chain(z, tf.neg, tf.sigmoid);
    const focus = power(u, gamma);
    const polynomial = tf.tidy(() => tf.add(logSigmoid(z), tf.mul(u, tf.add(tf.mul(u, b), a))));
    const values = tf.tidy(() => tf.neg(tf.mul(focus, polynomial)));
    if (!isDifferentiated) return { values };
    // u^γ (γ p polynomial + u (p (a + 2 b u) − 1))
    const p = tf.sub(1, u);
    const inner = tf.tidy(() => tf.mul(u, tf.sub(tf.mul(p, tf.add(tf.mul(u, 2 * b), a)), 1)));
    const slope = gamma === 0 ? inner : tf.tidy(() => tf.add(inner, tf.mul(tf.mul(p, polynomial), gamma)));
    return { values, derivative: tf.mul(focus, slope) };
  };
}

/** −log(1 − m) m^(γ+2) (λ − m) (m + λ − 1), m = max(p − clip, 0) */
function robustNegativeEntries({ gamma, clip, lambda }: { gamma: number; clip: number; lambda: number }): EntriesOf {
  return (z, isDifferentiated) => {
    const m = aboveMargin(z, clip);
    const q = tf.tidy(() => tf.maximum(tf.sub(1, m), 1e-8));
    const logQ = tf.log(q);
    const damping = tf.tidy(() => tf.mul(tf.sub(lambda, m), tf.add(m, lambda - 1)));
    const focus = power(m, gamma + 1);
    const values = tf.tidy(() => tf.neg(tf.mul(tf.mul(tf.mul(logQ, focus), m), damping)));
    if (!isDifferentiated) return { values };
    // m^(γ+1) (m damping / (1 − m) − log(1 − m) ((γ + 2) damping + m (1 − 2m))) p (1 − p)
    const ofLog = replaced(q, (x) => tf.tidy(() => tf.div(tf.mul(m, damping), x)));
    const ofDamping = replaced(damping, (x) =>
      tf.tidy(() => tf.add(tf.mul(x, gamma + 2), tf.mul(m, tf.sub(1, tf.mul(m, 2))))),
    );
    const inner = replaced(ofDamping, (x) => tf.tidy(() => tf.sub(ofLog, tf.mul(logQ, x))));
    return { values, derivative: tf.tidy(() => tf.mul(tf.mul(focus, inner), changeOf(z, clip))) };
  };
}

/** x^γ for x in [0, 1]; powers below 1 take x as at least 1e-6, so that their derivative is finite. */
function power(x: tf.Tensor, gamma: number): tf.Tensor {
  if (gamma === 0) return tf.onesLike(x);
  if (gamma === 1) return tf.clone(x);
  return gamma < 1 ? chain(x, (y) => tf.maximum(y, 1e-6), (y) => tf.pow(y, gamma)) : tf.pow(x, gamma); // prettier-ignore
}

/** The derivative of {@link power}, γ above 0. */
function powerSlope(x: tf.Tensor, gamma: number): tf.Tensor {
  if (gamma === 1) return tf.onesLike(x);
  if (gamma > 1) return tf.mul(power(x, gamma - 1), gamma);
  // What is below the floor has the same value as the floor.
  const isAbove = tf.cast(tf.greaterEqual(x, 1e-6), 'float32');
  return tf.mul(tf.mul(tf.pow(tf.maximum(x, 1e-6), gamma - 1), gamma), isAbove);
}
