import { assertOptions, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { chain, consumed, replaced } from './chain.js';
import { checkLogits, classificationRules, type ClassificationOptions } from './classification.js';
import { entrywiseLoss, logSigmoid, logSigmoidOfNegative } from './entrywise.js';
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
import { power, powerSlope } from './power.js';

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
  const loss = { name: 'asymmetric', gammaPositive, gammaNegative, clip, eps, detachFocus } as const;
  return entrywiseLoss(logits, { mask, reduction }, byTarget(targets, positive, negative), { loss, targets });
}

interface FocusOptions {
  gamma: number;
  eps: number;
  detachFocus: boolean;
}

/** −u^γ log p, u = 1 − p, with log p directly from the logit: it loses nothing where p rounds to 0 or 1. */
function positiveEntries({ gamma, eps, detachFocus }: FocusOptions): LossPart {
  const floor = Math.log(eps);
  const logOf = (z: tf.Tensor): tf.Tensor => replaced(logSigmoid(z), (x) => tf.maximum(x, floor));
  return {
    values: (z) => negated(focused(logOf(z), complement(z), gamma)),
    // u^γ (γ (1 − u) log p − u), the last only where log p is not clipped
    derivative: (z) => {
      const logP = logOf(z);
      const u = complement(z);
      const slope = replaced(isAbove(logP, floor), (open) => tf.mul(open, u));
      if (detachFocus || gamma === 0) {
        logP.dispose();
        return negated(focused(slope, u, gamma));
      }
      const ofFocus = replaced(consumed(tf.mul, logP, tf.sub(1, u)), (x) => tf.mul(x, gamma));
      return focused(consumed(tf.sub, ofFocus, slope), u, gamma);
    },
  };
}

/** −m^γ log(1 − m), m = max(p − clip, 0) */
function negativeEntries({ gamma, clip, eps, detachFocus }: FocusOptions & { clip: number }): LossPart {
  // Without a margin log(1 − p) comes directly from the logit.
  const logOf = (z: tf.Tensor, m: tf.Tensor): tf.Tensor =>
    clip === 0
      ? replaced(logSigmoidOfNegative(z), (x) => tf.maximum(x, Math.log(eps)))
      : replaced(marginComplement(m, clip, eps), tf.log);
  /** 1 / (1 − m) where the logarithm is not clipped, without the factor (1 − m) that {@link change} has where there is no margin. */
  const ofLog = (z: tf.Tensor, m: tf.Tensor): tf.Tensor => {
    const isOpen = (): tf.Tensor => replaced(logOf(z, m), (x) => isAbove(x, Math.log(eps)));
    if (clip === 0) return isOpen();
    return clip > eps ? replaced(tf.sub(1, m), tf.reciprocal) : consumed(tf.div, isOpen(), marginComplement(m, clip, eps)); // prettier-ignore
  };
  const change = (z: tf.Tensor): tf.Tensor => (clip === 0 ? tf.sigmoid(z) : changeOf(z, clip));
  return {
    values: (z) => {
      const m = aboveMargin(z, clip);
      return negated(focused(logOf(z, m), m, gamma));
    },
    // (m^γ / (1 − m), where its logarithm is not clipped, − γ m^(γ−1) log(1 − m)) p (1 − p), where m is above 0
    derivative: (z) => {
      const m = aboveMargin(z, clip);
      const ofClipped = ofLog(z, m);
      if (detachFocus || gamma === 0) return consumed(tf.mul, focused(ofClipped, m, gamma), change(z));
      const [ofBoth, ofFirst] = gamma >= 1 ? [gamma - 1, 1] : [0, gamma];
      const first = replaced(ofClipped, (x) => tf.tidy(() => tf.mul(x, power(m, ofFirst))));
      const logarithm = replaced(logOf(z, m), (x) => tf.mul(x, gamma));
      const cut = clip === 0 ? consumed(tf.mul, logarithm, tf.sub(1, m)) : logarithm;
      const second = gamma >= 1 ? cut : replaced(cut, (x) => tf.tidy(() => tf.mul(x, powerSlope(m, gamma))));
      return consumed(tf.mul, focused(consumed(tf.sub, first, second), m, ofBoth), change(z));
    },
  };
}

/** 1 where x is above a bound, else 0. */
function isAbove(x: tf.Tensor, bound: number): tf.Tensor {
  return chain(x, (all) => tf.sub(all, bound), tf.step); // prettier-ignore
}
