import { l2Normalize } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface ContrastiveOptions {
  /** Logarithm of the factor on the cosines, clamped to [0, ln 100]. Default ln(1/0.07). */
  logitScale?: tf.Scalar | number;
  /** Bring rows to length 1 first. Default true. */
  normalize?: boolean;
}

/** The loss and its two directions. */
export type SymmetricLoss<T extends tf.Tensor = tf.Scalar> = {
  /** The mean of both directions. */
  loss: T;
  /** Which image embedding belongs to the text. */
  textToImage: T;
  /** Which text belongs to the image embedding. */
  imageToText: T;
};

/**
 * Products of each label embedding with each label's prompt [batch, image label, prompt label]; prompts that all images
 * share cost a single matrix product.
 */
export function labelProducts(image: tf.Tensor3D, prompts: tf.Tensor2D | tf.Tensor3D, normalize = true): tf.Tensor3D {
  const prepare = <T extends tf.Tensor>(x: T): T => (normalize ? l2Normalize(x) : x);
  if (prompts.rank === 3) return tf.matMul(prepare(image), prepare(prompts as tf.Tensor3D), false, true);
  const [batch, labels, dim] = image.shape;
  const rows = prepare(tf.reshape(image, [batch * labels, dim]) as tf.Tensor2D);
  const products = tf.matMul(rows, prepare(prompts as tf.Tensor2D), false, true);
  return tf.reshape(products, [batch, labels, labels]);
}

/** −log softmax over the last axis at the diagonal of the last two; `weights` scale the rivals' exponentials. */
export function diagonalCrossEntropy(
  logits: tf.Tensor,
  { weights, labelSmoothing = 0 }: { weights?: tf.Tensor2D; labelSmoothing?: number } = {},
): tf.Tensor {
  const size = logits.shape[logits.rank - 1]!;
  const own = tf.eye(size);
  const rivals = weights ? tf.add(logits, tf.mul(tf.log(tf.maximum(weights, 1e-6)), tf.sub(1, own))) : logits;
  const wanted = labelSmoothing === 0 ? own : tf.add(tf.mul(own, 1 - labelSmoothing), labelSmoothing / size);
  return tf.neg(tf.sum(tf.mul(tf.logSoftmax(rivals), wanted), -1));
}

/** Both directions and their mean. */
export function both<T extends tf.Tensor>(textToImage: T, imageToText: T): SymmetricLoss<T> {
  return { loss: tf.div(tf.add(textToImage, imageToText), 2), textToImage, imageToText };
}
