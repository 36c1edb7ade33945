import { assertOptions, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { checkLogits, classificationRules, type ClassificationOptions } from './classification.js';
import { chain, entrywiseLoss, replaced, softplusTail, type Entries } from './entrywise.js';

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
  return entrywiseLoss(logits, { mask, reduction }, (z) => {
    const both = {
      positive: positiveEntries(z, { gamma: gammaPositive, eps, detachFocus }),
      negative: negativeEntries(z, { gamma: gammaNegative, clip, eps, detachFocus }),
    };
    return byTarget(targets, both);
  });
}

/** −(1 − p)^γ log p, with log p directly from the logit: it loses nothing where p rounds to 0 or 1. */
function positiveEntries(
  z: tf.Tensor,
  { gamma, eps, detachFocus }: { gamma: number; eps: number; detachFocus: boolean },
): Entries {
  const missing = chain(z, tf.neg, tf.sigmoid); // 1 − p
  const ideal = tf.tidy(() => tf.neg(tf.add(tf.relu(tf.neg(z)), softplusTail(z))));
  const logP = tf.maximum(ideal, Math.log(eps));
  const focus = power(missing, gamma);
  return {
    values: chain(focus, (x) => tf.mul(x, logP), tf.neg),
    // (1 − p)^γ (γ p log p − (1 − p)), the last only where log p is not clipped
    derivative: () =>
      tf.tidy(() => {
        const slope = tf.mul(missing, tf.cast(tf.greaterEqual(ideal, Math.log(eps)), 'float32'));
        if (detachFocus || gamma === 0) return tf.neg(tf.mul(focus, slope));
        return tf.mul(focus, tf.sub(tf.mul(tf.mul(logP, tf.sub(1, missing)), gamma), slope));
      }),
  };
}

/** −m^γ log(1 − m), m = max(p − clip, 0) */
function negativeEntries(
  z: tf.Tensor,
  { gamma, clip, eps, detachFocus }: { gamma: number; clip: number; eps: number; detachFocus: boolean },
): Entries {
  const p = tf.sigmoid(z);
  const m = clip === 0 ? tf.clone(p) : tf.tidy(() => tf.relu(tf.sub(p, clip)));
  // Without a margin log(1 − p) comes directly from the logit.
  const q = tf.sub(1, m);
  const ideal = clip === 0 ? tf.tidy(() => tf.neg(tf.add(tf.relu(z), softplusTail(z)))) : tf.log(tf.maximum(q, eps));
  const logQ = clip === 0 ? tf.maximum(ideal, Math.log(eps)) : ideal;
  const focus = power(m, gamma);
  return {
    values: chain(focus, (x) => tf.mul(x, logQ), tf.neg),
    // (m^γ [q ≥ eps] / q − γ m^(γ−1) log q) p (1 − p), where m is above 0
    derivative: () =>
      tf.tidy(() => {
        const isOpen = tf.cast(tf.greater(m, 0), 'float32');
        const isUnclipped = clip === 0 ? tf.greaterEqual(ideal, Math.log(eps)) : tf.greaterEqual(q, eps);
        const change = tf.mul(tf.mul(p, tf.sigmoid(tf.neg(z))), isOpen);
        const ofLog = tf.mul(focus, clip === 0 ? p : tf.div(change, tf.maximum(q, eps)));
        const clipped = tf.mul(ofLog, tf.cast(isUnclipped, 'float32'));
        if (detachFocus || gamma === 0) return clipped;
        return tf.sub(clipped, tf.mul(tf.mul(powerSlope(m, gamma), logQ), change));
      }),
  };
}

/** The entries of positives where the target is 1, of negatives where it is 0. */
function byTarget(targets: tf.Tensor, { positive, negative }: Record<'positive' | 'negative', Entries>): Entries {
  const mixed = (one: tf.Tensor, other: tf.Tensor): tf.Tensor =>
    replaced(one, (x) => replaced(other, (y) => tf.tidy(() => tf.add(y, tf.mul(targets, tf.sub(x, y))))));
  return {
    values: mixed(positive.values, negative.values),
    derivative: () => mixed(positive.derivative(), negative.derivative()),
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
  return entrywiseLoss(logits, { mask, reduction }, (z) => {
    const both = {
      positive: robustPositiveEntries(z, gammaPositive, [epsilonPositive, epsilonPositiveSquared / 2]),
      negative: robustNegativeEntries(z, { gamma: gammaNegative, clip, lambda }),
    };
    return byTarget(targets, both);
  });
}

/** −u^γ (log p + a u + b u²), u = 1 − p */
function robustPositiveEntries(z: tf.Tensor, gamma: number, [a, b]: [number, number]): Entries {
  const u = chain(z, tf.neg, tf.sigmoid);
  const focus = power(u, gamma);
  const polynomial = tf.tidy(() => {
    const logP = tf.neg(tf.add(tf.relu(tf.neg(z)), softplusTail(z)));
    return tf.add(logP, tf.mul(u, tf.add(tf.mul(u, b), a)));
  });
  return {
    values: tf.tidy(() => tf.neg(tf.mul(focus, polynomial))),
    // u^γ (γ p polynomial − u + (a + 2 b u) p u)
    derivative: () =>
      tf.tidy(() => {
        const p = tf.sub(1, u);
        const inner = tf.mul(u, tf.sub(tf.mul(p, tf.add(tf.mul(u, 2 * b), a)), 1));
        return tf.mul(focus, gamma === 0 ? inner : tf.add(inner, tf.mul(tf.mul(p, polynomial), gamma)));
      }),
  };
}

/** −log(1 − m) m^(γ+2) (λ − m) (m + λ − 1), m = max(p − clip, 0) */
function robustNegativeEntries(
  z: tf.Tensor,
  { gamma, clip, lambda }: { gamma: number; clip: number; lambda: number },
): Entries {
  const p = tf.sigmoid(z);
  const m = tf.tidy(() => tf.relu(tf.sub(p, clip)));
  const q = chain(m, (x) => tf.sub(1, x), (x) => tf.maximum(x, 1e-8)); // prettier-ignore
  const logQ = tf.log(q);
  const damping = tf.tidy(() => tf.mul(tf.sub(lambda, m), tf.add(m, lambda - 1)));
  const focus = power(m, gamma + 1);
  return {
    values: tf.tidy(() => tf.neg(tf.mul(tf.mul(logQ, focus), tf.mul(m, damping)))),
    // m^(γ+1) (m damping / q − log q ((γ + 2) damping + m (1 − 2m))) p (1 − p), where m is above 0 and so m^(γ+1)
    derivative: () =>
      tf.tidy(() => {
        const ofLog = tf.div(tf.mul(m, damping), q);
        const ofDamping = tf.add(tf.mul(damping, gamma + 2), tf.mul(m, tf.sub(1, tf.mul(m, 2))));
        const change = tf.mul(p, tf.sigmoid(tf.neg(z)));
        return tf.mul(tf.mul(focus, tf.sub(ofLog, tf.mul(logQ, ofDamping))), change);
      }),
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
