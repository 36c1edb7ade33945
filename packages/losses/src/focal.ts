import { reduce, softplus, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { checkLogits, type ClassificationOptions } from './binary-cross-entropy.js';

export interface FocalOptions<R extends Reduction = Reduction> extends ClassificationOptions<R> {
  /** Weight of positives, 1 − alpha that of negatives; undefined weighs both alike. Default 0.25. */
  alpha?: number | null;
  /** How strongly easy entries are left alone. Default 2. */
  gamma?: number;
}

/**
 * Binary cross entropy that leaves easy entries alone.
 *
 *   loss = a (1 − p_t)^γ · (−log p_t)      p_t = p for a positive, 1 − p for a negative; a = alpha or 1 − alpha
 *
 * @param logits float32 [batch, labels], before the sigmoid; finite at ±100.
 * @param targets float32 [batch, labels] in {0, 1}.
 * @returns a scalar (0 if nothing is known), or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ.
 * @see Lin et al. 2017, arXiv:1708.02002.
 */
export function focalLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor2D,
  targets: tf.Tensor2D,
  options: FocalOptions<R> = {},
): Reduced<R> {
  const { alpha = 0.25, gamma = 2, mask, reduction = 'mean' as R } = options;
  checkLogits('losses/focalLoss', logits, targets, mask);
  return tf.tidy(() => {
    // The sign turns every entry into a positive: z > 0 is right.
    const right = tf.mul(logits, tf.sub(tf.mul(targets, 2), 1));
    // (1 − p_t)^γ = exp(γ log σ(−right)), which stays finite where 1 − p_t rounds to 0.
    const focus = tf.exp(tf.mul(softplus(right), -gamma));
    const loss = tf.mul(focus, softplus(tf.neg(right)));
    if (alpha === null) return reduce(loss, reduction, mask);
    const weight = tf.add(tf.mul(targets, 2 * alpha - 1), 1 - alpha);
    return reduce(tf.mul(loss, weight), reduction, mask);
  });
}
