import { assertOptions, constant, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { chain, consumed, replaced } from './chain.js';
import { checkCounts } from './class-weights.js';
import { checkLogits, classificationRules, type ClassificationOptions } from './classification.js';
import { entrywiseLoss, softplusTail, type EntriesOf } from './entrywise.js';

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
    const slopes = (): tf.Tensor => chain(targets, (y) => tf.mul(y, -1 - lambda), (y) => tf.add(y, lambda)); // prettier-ignore
    const entries: EntriesOf = (z) => {
      const signed = consumed(tf.mul, slopes(), tf.sub(z, bar));
      const softplus = replaced(softplusTail(signed), (tail) => tf.tidy(() => tf.add(tail, tf.relu(signed))));
      // Unknown targets may be any, and make a slope of 0.
      const size = replaced(replaced(slopes(), tf.abs), (x) => tf.maximum(x, 1e-6));
      return {
        values: replaced(consumed(tf.div, softplus, size), (x) => tf.mul(x, weight)),
        derivative: () => {
          const each = consumed(tf.mul, replaced(signed, tf.sigmoid), replaced(slopes(), tf.sign));
          return replaced(each, (x) => tf.mul(x, weight));
        },
      };
    };
    const loss = { name: 'distributionBalanced', lambda } as const;
    return entrywiseLoss(logits, { mask, reduction }, entries, { loss, targets, columns: bar, weights: weight });
  });
}

/** r [batch, labels]: the inverse frequency of each label over the sum of those of the sample's present labels. */
function labelShares(present: tf.Tensor, counts: ArrayLike<number>): tf.Tensor {
  const inverse = tf.tensor1d(Array.from(counts, (count) => 1 / Math.max(1, count)));
  const sum = replaced(tf.mul(present, inverse), (x) => tf.sum(x, -1, true));
  const hasAny = tf.cast(tf.greater(sum, 0), 'float32');
  const ofPresent = tf.mul(tf.div(hasAny, tf.maximum(sum, 1e-12)), inverse);
  return tf.add(ofPresent, tf.mul(tf.sub(1, hasAny), 1 / counts.length));
}
