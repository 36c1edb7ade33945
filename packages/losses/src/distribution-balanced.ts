import { assertOptions, constant, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { chain, replaced } from './chain.js';
import { checkCounts } from './class-weights.js';
import { checkLogits, classificationRules, type ClassificationOptions } from './classification.js';
import { entrywiseLoss, softplusTail } from './entrywise.js';

export interface DistributionBalancedOptions<R extends Reduction = Reduction> extends ClassificationOptions<R> {
  /** Positive samples of each label in training. */
  counts: ArrayLike<number>;
  /** Samples in training, > 0. */
  total: number;
  /** α, the floor of the re-balancing weight, ≥ 0. Default 0.1. */
  alpha?: number;
  /** β, the slope of the smooth map of the weight. Default 10. */
  beta?: number;
  /** μ, the midpoint of that map. Default 0.2. */
  mu?: number;
  /** κ, how far logits are shifted by the class prior. Default 0.05. */
  kappa?: number;
  /** λ > 0, how much less negatives count beyond their margin. Default 2. */
  lambda?: number;
}

const rules = {
  ...classificationRules,
  counts: 'numbers',
  total: { above: 0 },
  alpha: { min: 0 },
  beta: {},
  mu: {},
  kappa: {},
  lambda: { above: 0 },
} as const;

/**
 * Distribution-balanced loss: samples are re-weighted against the repetition that sampling by label brings, and
 * negatives are tolerated beyond a margin from the class prior.
 *
 *   r = (1 / n_i) / Σ_{j present} 1 / n_j,  r̂ = α + σ(β (r − μ))
 *   positive: r̂ softplus(−(z − ν))      negative: r̂ softplus(λ (z − ν)) / λ,  ν = κ log((total / n) − 1)
 *
 * The shift ν raises the bar for rare labels; the authors' code divides κ by λ besides. A sample without any present label
 * has r = 1 / labels.
 *
 * @param logits float32 [batch, labels], before the sigmoid.
 * @param targets [batch, labels] in {0, 1}.
 * @returns a scalar (0 if nothing is known), or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ or an option is out of range.
 * @throws {TypeError} for arguments of another kind, unknown or missing options, or targets passed as logits.
 * @see Wu et al. 2020, arXiv:2007.09654.
 */
export function distributionBalancedLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor,
  targets: tf.Tensor,
  options: DistributionBalancedOptions<R>,
): Reduced<R> {
  const where = 'losses/distributionBalancedLoss';
  assertOptions(where, options, rules, ['counts', 'total']);
  const { counts, total, alpha = 0.1, beta = 10, mu = 0.2, kappa = 0.05, lambda = 2, mask } = options;
  const { reduction = 'mean' as R } = options;
  const { labels } = checkLogits(where, logits, targets, mask);
  checkCounts(where, counts, labels);
  return tf.tidy(() => {
    const weight = constant(() => {
      const share = tf.tidy(() => labelShares(mask ? tf.mul(targets, mask) : targets, counts));
      const scaled = replaced(share, (x) => tf.tidy(() => tf.mul(tf.sub(x, mu), beta)));
      return replaced(scaled, (x) => tf.tidy(() => tf.add(tf.sigmoid(x), alpha)));
    });
    const odds = Array.from(counts, (count) => Math.max(total / Math.max(1, count) - 1, 1e-3));
    const bar = tf.tensor1d(odds.map((value) => kappa * Math.log(value)));
    // As a signed logit, with a slope of −1 for positives and λ for negatives: weight / |slope| · softplus(signed).
    const slope = constant(() => tf.add(tf.mul(targets, -1 - lambda), lambda));
    return entrywiseLoss(logits, { mask, reduction }, (z, isDifferentiated) => {
      const signed = replaced(tf.sub(z, bar), (x) => tf.mul(x, slope));
      const values = tf.tidy(() => {
        const softplus = tf.tidy(() => tf.add(softplusTail(signed), tf.relu(signed)));
        const perSlope = replaced(softplus, (x) => tf.tidy(() => tf.div(x, tf.maximum(tf.abs(slope), 1e-6)))); // unknown targets may be any
        return tf.mul(perSlope, weight);
      });
      if (!isDifferentiated) return { values };
      const sign = tf.sign(slope);
      return { values, derivative: chain(signed, tf.sigmoid, (x) => tf.mul(x, sign), (x) => tf.mul(x, weight)) }; // prettier-ignore
    });
  });
}

/** r [batch, labels]: the inverse frequency of each label over the sum of those of the sample's present labels. */
function labelShares(present: tf.Tensor, counts: ArrayLike<number>): tf.Tensor {
  const inverse = tf.tensor1d(Array.from(counts, (count) => 1 / Math.max(1, count)));
  const sum = tf.sum(tf.mul(present, inverse), -1, true);
  const hasAny = tf.cast(tf.greater(sum, 0), 'float32');
  const ofPresent = tf.mul(hasAny, tf.div(inverse, tf.maximum(sum, 1e-12)));
  return tf.add(ofPresent, tf.mul(tf.sub(1, hasAny), 1 / counts.length));
}
