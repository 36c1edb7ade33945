import { assertOptions, reduce, softplus, withGradient, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { checkLogits, classificationRules, type ClassificationOptions } from './classification.js';

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
  return tf.tidy(() => {
    // log p directly from the logit: it loses nothing where p rounds to 0 or 1.
    const logP = tf.maximum(tf.neg(softplus(tf.neg(logits))), Math.log(eps));
    const p = tf.sigmoid(logits);
    const q = clip === 0 ? tf.sigmoid(tf.neg(logits)) : tf.minimum(tf.add(tf.sigmoid(tf.neg(logits)), clip), 1);
    const logQ = clip === 0 ? tf.maximum(tf.neg(softplus(logits)), Math.log(eps)) : tf.log(tf.maximum(q, eps));
    const focus = (missing: tf.Tensor, gamma: number): tf.Tensor => {
      const power = gamma === 0 ? tf.onesLike(missing) : safePower(missing, gamma);
      return detachFocus ? constant(power) : power;
    };
    const positive = tf.mul(tf.mul(targets, logP), focus(tf.sub(1, p), gammaPositive));
    const negative = tf.mul(tf.mul(tf.sub(1, targets), logQ), focus(tf.sub(1, q), gammaNegative));
    return reduce(tf.neg(tf.add(positive, negative)), reduction, mask);
  });
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
  return tf.tidy(() => {
    const missing = tf.sigmoid(tf.neg(logits)); // 1 − p
    const polynomial = tf.add(tf.mul(missing, epsilonPositive), tf.mul(tf.square(missing), epsilonPositiveSquared / 2));
    const positive = tf.mul(tf.add(tf.neg(softplus(tf.neg(logits))), polynomial), safePower(missing, gammaPositive));
    const shifted = tf.relu(tf.sub(tf.sigmoid(logits), clip)); // p_m
    const logMissing = tf.log(tf.maximum(tf.sub(1, shifted), 1e-8));
    const damping = tf.mul(tf.mul(tf.sub(lambda, shifted), tf.square(shifted)), tf.add(shifted, lambda - 1));
    const negative = tf.mul(tf.mul(logMissing, safePower(shifted, gammaNegative)), damping);
    return reduce(tf.neg(tf.add(tf.mul(targets, positive), tf.mul(tf.sub(1, targets), negative))), reduction, mask);
  });
}

/** x^γ for x in [0, 1], with a gradient that is finite at 0 for powers below 1 too. */
function safePower(x: tf.Tensor, gamma: number): tf.Tensor {
  if (gamma === 0) return tf.onesLike(x);
  if (gamma === 1) return x;
  return tf.pow(gamma < 1 ? tf.maximum(x, 1e-6) : x, gamma);
}

/** The value of a tensor without its gradient. */
function constant(x: tf.Tensor): tf.Tensor {
  return withGradient([x], (value) => ({ value: tf.clone(value), saved: [], gradient: (dy) => [tf.zerosLike(dy)] }));
}
