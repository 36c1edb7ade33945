import {
  assertOptions,
  assertShape,
  clampedScale,
  l2Normalize,
  reduce,
  reductions,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import {
  contrastiveRules,
  diagonalCrossEntropy,
  directions,
  inDirection,
  labelLogits,
  type ContrastDirection,
  type ContrastiveOptions,
} from '../contrast.js';
import { checkImageAndPrompts } from '../label-contrastive.js';
import { initialLogitScale } from '../logit-scale.js';

export interface ReferenceLabelContrastiveOptions<R extends Reduction = Reduction> extends ContrastiveOptions {
  /** [batch, labels]: which embeddings count, 1 or 0. Default all. */
  mask?: tf.Tensor;
  /** `imageToText`: which prompt belongs to the embedding; `textToImage`; or the mean of both. Default `both`. */
  direction?: ContrastDirection;
  /** Default `mean`, over images and labels. */
  reduction?: R;
}

const rules = { ...contrastiveRules, mask: 'tensor', direction: directions, reduction: reductions } as const;

/**
 * The reference implementation's label-level contrast. It divides every row of logits by its length before the softmax,
 * which cancels the temperature: `logitScale` has no gradient, and the loss has a floor (1.7237 for 14 labels).
 *
 *   z_b = κ T_b I_bᵀ; ẑ = z / ‖z‖ by rows; loss = ½ [CE(ẑ_b, diagonal) + CE(ẑ_bᵀ, diagonal)], mean over images
 *
 * @param image float32 [batch, labels, dim].
 * @param prompts float32 [labels, dim], or [batch, labels, dim] for prompts of each image.
 * @returns a scalar, or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ. @throws {TypeError} for arguments of another kind, or unknown options.
 */
export function referenceLabelContrastiveLoss<R extends Reduction = 'mean'>(
  image: tf.Tensor,
  prompts: tf.Tensor,
  options: ReferenceLabelContrastiveOptions<R> = {},
): Reduced<R> {
  const where = 'losses/referenceLabelContrastiveLoss';
  assertOptions(where, options, rules);
  const { logitScale = initialLogitScale, normalize = true, mask, direction = 'both' } = options;
  const { reduction = 'mean' as R } = options;
  const sizes = checkImageAndPrompts(where, image, prompts);
  if (mask) assertShape(where, 'mask', mask, ['batch', 'labels'], sizes);
  return tf.tidy(() => {
    const logits = labelLogits(image, prompts, clampedScale(logitScale), normalize);
    const crossEntropy = (z: tf.Tensor): Reduced<R> => reduce(diagonalCrossEntropy(l2Normalize(z)), reduction, mask);
    return inDirection(direction, {
      imageToText: () => crossEntropy(logits),
      textToImage: () => crossEntropy(tf.transpose(logits, [0, 2, 1])),
    });
  });
}
