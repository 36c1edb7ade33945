import {
  assertOptions,
  assertShape,
  clampedScale,
  reductions,
  type AxisSizes,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { smoothingRange } from './classification.js';
import {
  contrastiveRules,
  diagonalContrast,
  directions,
  labelLogits,
  type ContrastDirection,
  type ContrastiveOptions,
} from './contrast.js';
import { initialLogitScale } from './logit-scale.js';

export interface LabelContrastiveOptions<R extends Reduction = Reduction> extends ContrastiveOptions {
  /**
   * float32 [labels, labels]: how much label j counts as a negative of label i, in (0, 1], for example its scaled distance
   * in a label graph. The diagonal does not count. Default 1.
   */
  negativeWeights?: tf.Tensor;
  /** [batch, labels]: which embeddings count, 1 or 0, for example where the target is known. Default all. */
  mask?: tf.Tensor;
  /** In [0, 1): that share of the target is spread over all labels. Default 0. */
  labelSmoothing?: number;
  /** `imageToText`: which prompt belongs to the embedding; `textToImage`; or the mean of both. Default `both`. */
  direction?: ContrastDirection;
  /** Default `mean`, over images and labels. */
  reduction?: R;
}

const rules = {
  ...contrastiveRules,
  negativeWeights: 'tensor',
  mask: 'tensor',
  labelSmoothing: smoothingRange,
  direction: directions,
  reduction: reductions,
} as const;

/**
 * Label-level contrast within each image: the embedding for label i belongs to the prompt of label i, and to no other.
 * It does not use the targets; {@link labelConditionedAlignmentLoss} does.
 *
 *   z_b = κ T_b I_bᵀ; loss = ½ [CE(z_b, diagonal) + CE(z_bᵀ, diagonal)], mean over images
 *
 * @param image float32 [batch, labels, dim].
 * @param prompts float32 [labels, dim], or [batch, labels, dim] for prompts of each image.
 * @returns a scalar, or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ or an option is out of range.
 * @throws {TypeError} for arguments of another kind, or unknown options.
 * @see Radford et al. 2021, arXiv:2103.00020 (CLIP), applied to the labels of one image.
 */
export function labelContrastiveLoss<R extends Reduction = 'mean'>(
  image: tf.Tensor,
  prompts: tf.Tensor,
  options: LabelContrastiveOptions<R> = {},
): Reduced<R> {
  const where = 'losses/labelContrastiveLoss';
  assertOptions(where, options, rules);
  const { logitScale = initialLogitScale, normalize = true, negativeWeights, mask, labelSmoothing } = options;
  const { direction = 'both', reduction = 'mean' as R } = options;
  const sizes = checkImageAndPrompts(where, image, prompts);
  if (negativeWeights) assertShape(where, 'negativeWeights', negativeWeights, ['labels', 'labels'], sizes);
  if (mask) assertShape(where, 'mask', mask, ['batch', 'labels'], sizes);
  return tf.tidy(() => {
    const logits = labelLogits(image, prompts, clampedScale(logitScale), normalize);
    return diagonalContrast(logits, { direction, negativeWeights, labelSmoothing, mask, reduction });
  });
}

/** Checks label embeddings of images, and prompts that all images share or that each has of its own. */
export function checkImageAndPrompts(where: string, image: tf.Tensor, prompts: tf.Tensor): AxisSizes {
  const sizes = assertShape(where, 'image', image, ['batch', 'labels', 'dim']);
  const axes = prompts?.rank === 3 ? ['batch', 'labels', 'dim'] : ['labels', 'dim'];
  return assertShape(where, 'prompts', prompts, axes, sizes);
}
