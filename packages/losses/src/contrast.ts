import { l2Normalize } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

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
 * Inner products of each label embedding with each label's prompt [batch, image label, prompt label]; prompts that all
 * images share cost a single matrix product.
 */
export function labelProducts(image: tf.Tensor, prompts: tf.Tensor, normalize = true): tf.Tensor {
  const prepare = (x: tf.Tensor): tf.Tensor => (normalize ? l2Normalize(x) : x);
  if (prompts.rank === 3) return tf.matMul(prepare(image), prepare(prompts), false, true);
  const [batch, labels, dim] = image.shape as [number, number, number];
  const rows = prepare(tf.reshape(image, [batch * labels, dim]));
  const products = tf.matMul(rows, prepare(prompts), false, true);
  return tf.reshape(products, [batch, labels, labels]);
}

/** −log softmax over the last axis at the diagonal of the last two; `weights` scale the negatives' exponentials. */
export function diagonalCrossEntropy(
  logits: tf.Tensor,
  { weights, labelSmoothing = 0 }: { weights?: tf.Tensor; labelSmoothing?: number } = {},
): tf.Tensor {
  const size = logits.shape[logits.rank - 1]!;
  const own = tf.eye(size);
  const weighted = weights ? tf.add(logits, tf.mul(tf.log(tf.maximum(weights, 1e-6)), tf.sub(1, own))) : logits;
  const target = labelSmoothing === 0 ? own : tf.add(tf.mul(own, 1 - labelSmoothing), labelSmoothing / size);
  return tf.neg(tf.sum(tf.mul(tf.logSoftmax(weighted), target), -1));
}

/** The loss of one direction, or the mean of both; what is not needed is not computed. */
export function inDirection<T extends tf.Tensor>(
  direction: ContrastDirection,
  loss: Record<'imageToText' | 'textToImage', () => T>,
): T {
  return direction === 'both' ? tf.div<T>(tf.add(loss.textToImage(), loss.imageToText()), 2) : loss[direction]();
}

/** Logits of all pairs of images and texts [batch, batch]: scaled cosines. */
export function pairLogits(images: tf.Tensor, texts: tf.Tensor, scale: tf.Scalar, normalize = true): tf.Tensor {
  const cosines = normalize
    ? tf.matMul(l2Normalize(images), l2Normalize(texts), false, true)
    : tf.matMul(images, texts, false, true);
  return tf.mul(cosines, scale);
}
