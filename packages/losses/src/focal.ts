import { assertOptions, reduce, softplus, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { checkLogits, classificationRules, type ClassificationOptions } from './classification.js';

export interface FocalOptions<R extends Reduction = Reduction> extends ClassificationOptions<R> {
  /** Weight of positives in [0, 1], 1 − alpha that of negatives; null weighs both with 1. Default 0.25. */
  alpha?: number | null;
  /** How strongly easy entries are down-weighted, ≥ 0. Default 2. */
  gamma?: number;
}

const rules = { ...classificationRules, alpha: { min: 0, max: 1, orNull: true }, gamma: { min: 0 } } as const;

/**
 * Focal loss: binary cross entropy that down-weights easy entries.
 *
 *   loss = a (1 − p_t)^γ · (−log p_t)      p_t = p for a positive, 1 − p for a negative; a = alpha or 1 − alpha
 *
 * @param logits float32 [batch, labels], before the sigmoid; finite at ±100.
 * @param targets [batch, labels] in {0, 1}.
 * @returns a scalar (0 if nothing is known), or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ or an option is out of range.
 * @throws {TypeError} for arguments of another kind, unknown options, or targets passed as logits.
 * @see Lin et al. 2017, arXiv:1708.02002.
 */
export function focalLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor,
  targets: tf.Tensor,
  options: FocalOptions<R> = {},
): Reduced<R> {
  const where = 'losses/focalLoss';
  assertOptions(where, options, rules);
  const { alpha = 0.25, gamma = 2, mask, reduction = 'mean' as R } = options;
  checkLogits(where, logits, targets, mask);
  return tf.tidy(() => {
    // The sign turns every entry into a positive: above 0 the sign of the logit is that of the target.
    const agreement = tf.mul(logits, tf.sub(tf.mul(targets, 2), 1));
    // (1 − p_t)^γ = exp(γ log σ(−agreement)), which stays finite where 1 − p_t rounds to 0.
    const focus = tf.exp(tf.mul(softplus(agreement), -gamma));
    const loss = tf.mul(focus, softplus(tf.neg(agreement)));
    if (alpha === null) return reduce(loss, reduction, mask);
    const weight = tf.add(tf.mul(targets, 2 * alpha - 1), 1 - alpha);
    return reduce(tf.mul(loss, weight), reduction, mask);
  });
}
