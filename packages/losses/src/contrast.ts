import { constant, pairCosines } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { softmaxCrossEntropy } from './softmax-cross-entropy.js';

/** Which softmax a contrastive loss takes: over the texts of an image, over the images of a text, or both. */
export type ContrastDirection = 'both' | 'imageToText' | 'textToImage';

export interface ContrastiveOptions {
  /** ln κ, the logarithm of the factor on the cosines; clamped to [0, ln 100]. Default ln(1/0.07). */
  logitScale?: tf.Tensor | number;
  /** Normalise rows to length 1 first. Default true. */
  normalize?: boolean;
}

/** Rules of {@link ContrastiveOptions}. */
export const contrastiveRules = { logitScale: 'scalar', normalize: 'boolean' } as const;

/** The values of `direction`. */
export const directions = ['both', 'imageToText', 'textToImage'] as const;

/**
 * Logits of each label embedding with each label's prompt [batch, image label, prompt label]; prompts that all images
 * share cost a single matrix product.
 */
export function labelLogits(image: tf.Tensor, prompts: tf.Tensor, scale: tf.Scalar, normalize = true): tf.Tensor {
  if (prompts.rank === 3) return pairLogits(image, prompts, scale, normalize);
  const [batch, labels, dim] = image.shape as [number, number, number];
  const logits = pairLogits(tf.reshape(image, [batch * labels, dim]), prompts, scale, normalize);
  return tf.reshape(logits, [batch, labels, prompts.shape[0]]);
}

/** Logits of all pairs of rows: scaled cosines, or scaled products. */
export function pairLogits(x: tf.Tensor, y: tf.Tensor, scale: tf.Scalar, normalize = true): tf.Tensor {
  return normalize ? pairCosines(x, y, scale) : tf.mul(tf.matMul(x, y, false, true), scale);
}

/** −log softmax over the last axis at the diagonal of the last two; `weights` scale the negatives' exponentials. */
export function diagonalCrossEntropy(
  logits: tf.Tensor,
  { weights, labelSmoothing = 0 }: { weights?: tf.Tensor; labelSmoothing?: number } = {},
): tf.Tensor {
  const size = logits.shape[logits.rank - 1]!;
  const ofNegatives = (by: tf.Tensor): tf.Tensor => tf.mul(tf.log(tf.maximum(by, 1e-6)), tf.sub(1, tf.eye(size)));
  const weighted = weights ? tf.add(logits, constant(() => ofNegatives(weights))) : logits; // prettier-ignore
  return softmaxCrossEntropy(weighted, () => ({
    shares:
      labelSmoothing === 0 ? tf.eye(size) : tf.add(tf.mul(tf.eye(size), 1 - labelSmoothing), labelSmoothing / size),
  }));
}

/** The loss of one direction, or the mean of both; what is not needed is not computed. */
export function inDirection<T extends tf.Tensor>(
  direction: ContrastDirection,
  loss: Record<'imageToText' | 'textToImage', () => T>,
): T {
  return direction === 'both' ? tf.div<T>(tf.add(loss.textToImage(), loss.imageToText()), 2) : loss[direction]();
}
