import { assertOptions, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { chain, consumed, replaced } from './chain.js';
import { checkLogits, classificationRules, type ClassificationOptions } from './classification.js';
import { entrywiseLoss, logSigmoid } from './entrywise.js';
import {
  aboveMargin,
  byTarget,
  changeOf,
  complement,
  focused,
  marginComplement,
  negated,
  type LossPart,
} from './focused-parts.js';

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
  const polynomial = [epsilonPositive, epsilonPositiveSquared / 2] as const;
  const positive = robustPositiveEntries(gammaPositive, polynomial);
  const negative = robustNegativeEntries({ gamma: gammaNegative, clip, lambda });
  const loss = { name: 'robustAsymmetric', gammaPositive, gammaNegative, clip, polynomial, lambda } as const;
  return entrywiseLoss(logits, { mask, reduction }, byTarget(targets, positive, negative), { loss, targets });
}

/** −u^γ (log p + a u + b u²), u = 1 − p */
function robustPositiveEntries(gamma: number, [a, b]: readonly [number, number]): LossPart {
  const polynomial = (z: tf.Tensor, u: tf.Tensor): tf.Tensor =>
    consumed(tf.add, logSigmoid(z), chain(u, (x) => tf.mul(x, b), (x) => tf.add(x, a), (x) => tf.mul(x, u))); // prettier-ignore
  return {
    values: (z) => {
      const u = complement(z);
      return negated(focused(polynomial(z, u), u, gamma));
    },
    // u^γ (γ p polynomial + u (p (a + 2 b u) − 1))
    derivative: (z) => {
      const u = complement(z);
      const p = tf.sub(1, u);
      const ofPowers = chain(u, (x) => tf.mul(x, 2 * b), (x) => tf.add(x, a), (x) => tf.mul(x, p)); // prettier-ignore
      const slope = chain(ofPowers, (x) => tf.sub(x, 1), (x) => tf.mul(x, u)); // prettier-ignore
      ofPowers.dispose();
      if (gamma === 0) {
        tf.dispose([u, p]);
        return slope;
      }
      const ofFocus = replaced(consumed(tf.mul, p, polynomial(z, u)), (x) => tf.mul(x, gamma));
      return focused(consumed(tf.add, slope, ofFocus), u, gamma);
    },
  };
}

/** −log(1 − m) m^(γ+2) d, m = max(p − clip, 0), d = (λ − m) (m + λ − 1) = m (1 − m) + λ (λ − 1) */
function robustNegativeEntries({ gamma, clip, lambda }: { gamma: number; clip: number; lambda: number }): LossPart {
  const logOf = (m: tf.Tensor): tf.Tensor => replaced(marginComplement(m, clip, 1e-8), tf.log);
  /** m (a − b m) + c */
  const polynomial = (m: tf.Tensor, a: number, b: number, c: number): tf.Tensor =>
    chain(m, (x) => tf.mul(x, -b), (x) => tf.add(x, a), (x) => tf.mul(x, m), (x) => tf.add(x, c)); // prettier-ignore
  const damping = lambda * (lambda - 1);
  return {
    values: (z) => {
      const m = aboveMargin(z, clip);
      return negated(focused(consumed(tf.mul, logOf(m), polynomial(m, 1, 1, damping)), m, gamma + 2));
    },
    // m^(γ+1) (m d − (1 − m) log(1 − m) ((γ + 2) d + m (1 − 2m))) / (1 − m) · p (1 − p)
    derivative: (z) => {
      const m = aboveMargin(z, clip);
      const complementOf = (): tf.Tensor => marginComplement(m, clip, 1e-8);
      const ofPolynomial = polynomial(m, gamma + 3, gamma + 4, (gamma + 2) * damping);
      const logarithmic = consumed(tf.mul, consumed(tf.mul, ofPolynomial, logOf(m)), complementOf());
      const rational = replaced(polynomial(m, 1, 1, damping), (x) => tf.mul(x, m));
      const both = consumed(tf.div, consumed(tf.sub, rational, logarithmic), complementOf());
      return consumed(tf.mul, focused(both, m, gamma + 1), changeOf(z, clip));
    },
  };
}
