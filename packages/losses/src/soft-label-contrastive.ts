import { assertShape, reduce, softplus, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { both, type SymmetricLoss } from './contrast.js';

export interface SoftLabelOptions<R extends Reduction = Reduction> {
  /** Keep the similarities in [−1, 1], however many labels agree. Default false. */
  clamp?: boolean;
  /** Default `mean`, over images and over texts. */
  reduction?: R;
}

/**
 * Contrast with soft targets: an image belongs to every text to the degree that their labels agree, so that two images
 * with the same findings are not pushed apart.
 *
 *   similarity S = labels of images · labels of textsᵀ; targets softmax(S) along rows, and softmax(Sᵀ)
 *   loss = ½ [soft-CE(z) + soft-CE(zᵀ)], soft-CE = −Σ t log softmax / rows
 *
 * @param logits float32 [images, texts], scaled similarities.
 * @param imageLabels float32 [images, labels] of 1, 0 and −1 (uncertain). @param textLabels float32 [texts, labels].
 * @returns scalars, or with `reduction: 'none'` [texts] and [images]; the caller owns all three.
 * @throws {RangeError} if the shapes differ, or with `reduction: 'none'` for another number of texts than images.
 * @see Wang et al. 2022, arXiv:2210.10163 (MedCLIP, semantic matching).
 */
export function softLabelContrastive<R extends Reduction = 'mean'>(
  logits: tf.Tensor2D,
  imageLabels: tf.Tensor2D,
  textLabels: tf.Tensor2D,
  { clamp = false, reduction = 'mean' as R }: SoftLabelOptions<R> = {},
): SymmetricLoss<Reduced<R>> {
  const where = 'losses/softLabelContrastive';
  const { images, texts } = checkAgreement(where, logits, imageLabels, textLabels);
  if (reduction === 'none' && images !== texts)
    throw new RangeError(
      `${where}: expected as many texts as images for reduction none, got ${texts} and ${images}; use mean or sum`,
    );
  return tf.tidy(() => {
    const agreement = labelAgreement(imageLabels, textLabels, clamp);
    const soft = (z: tf.Tensor2D, target: tf.Tensor2D): Reduced<R> =>
      reduce(tf.neg(tf.sum(tf.mul(tf.softmax(target), tf.logSoftmax(z)), -1)), reduction);
    return both(soft(tf.transpose(logits), tf.transpose(agreement)), soft(logits, agreement));
  });
}

export interface SoftLabelPairOptions<R extends Reduction = Reduction> {
  /** float32 [images, texts], 1 = the pair counts. Default all. */
  mask?: tf.Tensor2D;
  /** Default `mean`, over the pairs. */
  reduction?: R;
}

/**
 * The same question put to each pair on its own: BCE of the logit against how far the labels agree.
 *
 * @param logits float32 [images, texts].
 * @param imageLabels float32 [images, labels] of 1, 0 and −1 (uncertain). @param textLabels float32 [texts, labels].
 * @returns a scalar, or [images, texts] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ.
 */
export function softLabelPairLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor2D,
  imageLabels: tf.Tensor2D,
  textLabels: tf.Tensor2D,
  { mask, reduction = 'mean' as R }: SoftLabelPairOptions<R> = {},
): Reduced<R> {
  const where = 'losses/softLabelPairLoss';
  const sizes = checkAgreement(where, logits, imageLabels, textLabels);
  if (mask) assertShape(where, 'mask', mask, ['images', 'texts'], sizes);
  return tf.tidy(() => {
    const agreement = labelAgreement(imageLabels, textLabels, false);
    // softplus(z) − s z is BCE with a target s of any size.
    return reduce(tf.sub(softplus(logits), tf.mul(agreement, logits)), reduction, mask);
  });
}

function checkAgreement(where: string, logits: tf.Tensor2D, imageLabels: tf.Tensor2D, textLabels: tf.Tensor2D) {
  const sizes = assertShape(where, 'logits', logits, ['images', 'texts']);
  assertShape(where, 'imageLabels', imageLabels, ['images', 'labels'], sizes);
  return assertShape(where, 'textLabels', textLabels, ['texts', 'labels'], sizes);
}

function labelAgreement(imageLabels: tf.Tensor2D, textLabels: tf.Tensor2D, clamp: boolean): tf.Tensor2D {
  const agreement = tf.matMul(imageLabels, textLabels, false, true) as tf.Tensor2D;
  return clamp ? tf.clipByValue(agreement, -1, 1) : agreement;
}
