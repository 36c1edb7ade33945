import {
  assertOptions,
  assertShape,
  constant,
  reduce,
  reductions,
  softplus,
  type AxisSizes,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { directions, inDirection, type ContrastDirection } from './contrast.js';
import { softmaxCrossEntropy } from './softmax-cross-entropy.js';

export interface SoftLabelOptions<R extends Reduction = Reduction> {
  /** Clamp the label similarities to [−1, 1], however many labels agree. Default false. */
  clamp?: boolean;
  /** `imageToText`: a softmax over the texts of each image; `textToImage`; or the mean of both. Default `both`. */
  direction?: ContrastDirection;
  /** Default `mean`, over images and over texts. */
  reduction?: R;
}

const softLabelRules = { clamp: 'boolean', direction: directions, reduction: reductions } as const;

/**
 * Contrast with soft targets (MedCLIP): an image belongs to every text to the degree that their labels agree, so that two
 * images with the same findings are not pushed apart.
 *
 *   similarity S = labels of images · labels of textsᵀ; targets softmax(S) along rows, and softmax(Sᵀ)
 *   loss = ½ [soft-CE(z) + soft-CE(zᵀ)], soft-CE = −Σ t log softmax / rows
 *
 * @param logits float32 [images, texts], scaled similarities.
 * @param imageLabels [images, labels] of 1, 0 and −1 (uncertain). @param textLabels [texts, labels].
 * @returns a scalar, or with `reduction: 'none'` [images] (`imageToText`) or [texts] (`textToImage`). The caller owns it.
 * @throws {RangeError} if the shapes differ, or for `both` with `reduction: 'none'` and unequal numbers of images and texts.
 * @throws {TypeError} for arguments of another kind, or unknown options.
 * @see Wang et al. 2022, arXiv:2210.10163 (semantic matching).
 */
export function softLabelContrastiveLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor,
  imageLabels: tf.Tensor,
  textLabels: tf.Tensor,
  options: SoftLabelOptions<R> = {},
): Reduced<R> {
  const where = 'losses/softLabelContrastiveLoss';
  assertOptions(where, options, softLabelRules);
  const { clamp = false, direction = 'both', reduction = 'mean' as R } = options;
  const { images, texts } = checkAgreement(where, logits, imageLabels, textLabels);
  if (reduction === 'none' && direction === 'both' && images !== texts)
    throw new RangeError(
      `${where}: expected as many texts as images for reduction none, got ${texts} and ${images}; ` +
        `use mean or sum, or one direction`,
    );
  return tf.tidy(() => {
    const agreement = constant(() => labelAgreement(imageLabels, textLabels, clamp));
    const soft = (z: tf.Tensor, target: tf.Tensor): Reduced<R> =>
      reduce(
        softmaxCrossEntropy(z, () => ({ shares: tf.softmax(target) })),
        reduction,
      );
    return inDirection(direction, {
      imageToText: () => soft(logits, agreement),
      textToImage: () =>
        soft(
          tf.transpose(logits),
          constant(() => tf.transpose(agreement)),
        ),
    });
  });
}

export interface SoftLabelPairOptions<R extends Reduction = Reduction> {
  /** [images, texts], 1 = the pair counts. Default all. */
  mask?: tf.Tensor;
  /** Default `mean`, over the pairs. */
  reduction?: R;
}

const pairRules = { mask: 'tensor', reduction: reductions } as const;

/**
 * Soft-label contrast without a softmax: binary cross entropy of each image-text pair, its target the label similarity.
 *
 *   loss_ij = softplus(z_ij) − S_ij z_ij, S = labels of images · labels of textsᵀ
 *
 * @param logits float32 [images, texts].
 * @param imageLabels [images, labels] of 1, 0 and −1 (uncertain). @param textLabels [texts, labels].
 * @returns a scalar, or [images, texts] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ. @throws {TypeError} for arguments of another kind, or unknown options.
 * @see Wang et al. 2022, arXiv:2210.10163, for the label similarity.
 */
export function softLabelPairLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor,
  imageLabels: tf.Tensor,
  textLabels: tf.Tensor,
  options: SoftLabelPairOptions<R> = {},
): Reduced<R> {
  const where = 'losses/softLabelPairLoss';
  assertOptions(where, options, pairRules);
  const { mask, reduction = 'mean' as R } = options;
  const sizes = checkAgreement(where, logits, imageLabels, textLabels);
  if (mask) assertShape(where, 'mask', mask, ['images', 'texts'], sizes);
  return tf.tidy(() => {
    const agreement = constant(() => labelAgreement(imageLabels, textLabels, false));
    // softplus(z) − s z is the binary cross entropy for a target s of any size.
    return reduce(tf.sub(softplus(logits), tf.mul(agreement, logits)), reduction, mask);
  });
}

function checkAgreement(where: string, logits: tf.Tensor, imageLabels: tf.Tensor, textLabels: tf.Tensor): AxisSizes {
  const sizes = assertShape(where, 'logits', logits, ['images', 'texts']);
  assertShape(where, 'imageLabels', imageLabels, ['images', 'labels'], sizes);
  return assertShape(where, 'textLabels', textLabels, ['texts', 'labels'], sizes);
}

function labelAgreement(imageLabels: tf.Tensor, textLabels: tf.Tensor, clamp: boolean): tf.Tensor {
  const agreement = tf.matMul(imageLabels, textLabels, false, true);
  return clamp ? tf.clipByValue(agreement, -1, 1) : agreement;
}
