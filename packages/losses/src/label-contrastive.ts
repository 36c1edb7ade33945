import { assertShape, clampedScale, l2Normalize, reduce, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { checkSmoothing } from './binary-cross-entropy.js';
import { both, diagonalCrossEntropy, labelProducts, type ContrastiveOptions, type SymmetricLoss } from './contrast.js';
import { initialLogitScale } from './logit-scale.js';

export interface LabelContrastiveOptions<R extends Reduction = Reduction> extends ContrastiveOptions {
  /**
   * `standard`: a softmax over labels both ways. `seed`: the first implementation's, which divides every row of logits by
   * its length first; that cancels the temperature, so `logitScale` has no gradient and the loss has a floor (1.7237 for
   * 14 labels). Default `standard`.
   */
  variant?: 'standard' | 'seed';
  /**
   * float32 [labels, labels]: how much label j counts as a wrong answer for label i, in (0, 1]; say its distance in a
   * label graph, scaled. The diagonal does not count. Only for `standard`. Default 1.
   */
  negativeWeights?: tf.Tensor2D;
  /** float32 [batch, labels]: which embeddings are asked for, 1 or 0; say where the target is known. Default all. */
  mask?: tf.Tensor2D;
  /** In [0, 1): that share of the target goes to all labels alike. Default 0. */
  labelSmoothing?: number;
  /** Default `mean`, over images and labels. */
  reduction?: R;
}

/**
 * Label-level contrast within each image: the embedding for label i belongs to the prompt of label i, and to no other.
 * It does not see the targets; see {@link labelConditionedAlignment} for the form that does.
 *
 *   z_b = κ T_b I_bᵀ; loss = ½ [CE(z_b, diagonal) + CE(z_bᵀ, diagonal)], mean over images
 *
 * @param image float32 [batch, labels, dim].
 * @param prompts float32 [labels, dim], or [batch, labels, dim] for prompts of each image.
 * @returns scalars, or [batch, labels] each with `reduction: 'none'`; the caller owns all three.
 * @throws {RangeError} if the shapes differ.
 */
export function labelContrastiveLoss<R extends Reduction = 'mean'>(
  image: tf.Tensor3D,
  prompts: tf.Tensor2D | tf.Tensor3D,
  options: LabelContrastiveOptions<R> = {},
): SymmetricLoss<Reduced<R>> {
  const { logitScale = initialLogitScale, normalize = true, variant = 'standard', negativeWeights } = options;
  const { mask, labelSmoothing = 0, reduction = 'mean' as R } = options;
  const where = 'losses/labelContrastiveLoss';
  const sizes = assertShape(where, 'image', image, ['batch', 'labels', 'dim']);
  if (prompts.rank === 2) assertShape(where, 'prompts', prompts, ['labels', 'dim'], sizes);
  else assertShape(where, 'prompts', prompts, ['batch', 'labels', 'dim'], sizes);
  if (negativeWeights) assertShape(where, 'negativeWeights', negativeWeights, ['labels', 'labels'], sizes);
  if (mask) assertShape(where, 'mask', mask, ['batch', 'labels'], sizes);
  checkSmoothing(where, labelSmoothing);
  return tf.tidy(() => {
    const products = labelProducts(image, prompts, normalize);
    const logits = tf.mul(products, clampedScale(logitScale));
    const direction = (z: tf.Tensor, weights?: tf.Tensor2D): Reduced<R> => {
      const scaled = variant === 'seed' ? l2Normalize(z) : z;
      return reduce(diagonalCrossEntropy(scaled, { weights, labelSmoothing }), reduction, mask);
    };
    const imageToText = direction(logits, negativeWeights);
    const textToImage = direction(tf.transpose(logits, [0, 2, 1]), negativeWeights && tf.transpose(negativeWeights));
    return both(textToImage, imageToText);
  });
}
