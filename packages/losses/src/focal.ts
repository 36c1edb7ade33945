import { assertOptions, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { chain, consumed, replaced } from './chain.js';
import { checkLogits, classificationRules, type ClassificationOptions } from './classification.js';
import { entrywiseLoss, softplusTail, type EntriesOf } from './entrywise.js';

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
  const fused = { loss: { name: 'focal', alpha, gamma }, targets } as const;
  return entrywiseLoss(logits, { mask, reduction }, focalEntries(targets, alpha, gamma), fused);
}

/** With the signed logit a, z for a positive and −z for a negative: weight σ(−a)^γ softplus(−a). */
function focalEntries(targets: tf.Tensor, alpha: number | null, gamma: number): EntriesOf {
  const signs = (): tf.Tensor => chain(targets, (y) => tf.mul(y, 2), (y) => tf.sub(y, 1)); // prettier-ignore
  const weights = (): tf.Tensor => chain(targets, (y) => tf.mul(y, 2 * alpha! - 1), (y) => tf.add(y, 1 - alpha!)); // prettier-ignore
  const weighted = (x: tf.Tensor): tf.Tensor => (alpha === null ? x : consumed(tf.mul, x, weights()));
  return (z, isDifferentiated) => {
    const a = replaced(signs(), (sign) => tf.mul(z, sign));
    const tail = softplusTail(a);
    // (1 − p_t)^γ = exp(−γ softplus(a)), which stays finite where 1 − p_t rounds to 0.
    const focus = weighted(chain(a, tf.relu, (x) => tf.add(x, tail), (x) => tf.mul(x, -gamma), tf.exp)); // prettier-ignore
    const crossEntropy = replaced(tail, (x) => tf.tidy(() => tf.sub(x, tf.minimum(a, 0))));
    const values = tf.mul(focus, crossEntropy);
    if (!isDifferentiated) {
      tf.dispose([a, focus, crossEntropy]);
      return { values };
    }
    // d/da = −weight σ(−a)^γ (1 + σ(a) (γ softplus(−a) − 1))
    const derivative = (): tf.Tensor => {
      const inner = chain(crossEntropy, (x) => tf.mul(x, -gamma), (x) => tf.add(x, 1)); // prettier-ignore
      crossEntropy.dispose();
      const slope = replaced(consumed(tf.mul, inner, replaced(a, tf.sigmoid)), (x) => tf.sub(x, 1));
      return consumed(tf.mul, consumed(tf.mul, slope, focus), signs());
    };
    return { values, derivative };
  };
}
