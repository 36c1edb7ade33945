import {
  assertOptions,
  assertShape,
  clampedScale,
  reduce,
  reductions,
  withGradient,
  type AxisSizes,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { consumed, replaced } from './chain.js';
import { smoothingRange } from './classification.js';
import {
  contrastiveRules,
  diagonalContrast,
  directions,
  pairLogits,
  type ContrastDirection,
  type ContrastiveOptions,
} from './contrast.js';
import { softplusTail } from './entrywise.js';
import { initialLogitScale } from './logit-scale.js';

export interface ImageTextOptions<R extends Reduction = Reduction> extends ContrastiveOptions {
  /** [batch]: which pairs count, 1 or 0; the others remain as negatives. Default all. */
  mask?: tf.Tensor;
  /** In [0, 1): that share of the target is spread over all pairs. Default 0. */
  labelSmoothing?: number;
  /** `imageToText`: which text belongs to the image; `textToImage`; or the mean of both. Default `both`. */
  direction?: ContrastDirection;
  /** Default `mean`, over the pairs. */
  reduction?: R;
}

const imageTextRules = {
  ...contrastiveRules,
  mask: 'tensor',
  labelSmoothing: smoothingRange,
  direction: directions,
  reduction: reductions,
} as const;

/**
 * Contrast of whole images and texts (InfoNCE, CLIP): pair i belongs together, and to no other of the batch.
 *
 *   z = κ X Yᵀ; loss = ½ [CE(z, diagonal) + CE(zᵀ, diagonal)]
 *
 * @param images float32 [batch, dim]. @param texts float32 [batch, dim].
 * @returns a scalar, or [batch] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ or an option is out of range.
 * @throws {TypeError} for arguments of another kind, or unknown options.
 * @see Radford et al. 2021, arXiv:2103.00020.
 */
export function imageTextContrastiveLoss<R extends Reduction = 'mean'>(
  images: tf.Tensor,
  texts: tf.Tensor,
  options: ImageTextOptions<R> = {},
): Reduced<R> {
  const where = 'losses/imageTextContrastiveLoss';
  assertOptions(where, options, imageTextRules);
  const { logitScale = initialLogitScale, normalize, mask, labelSmoothing } = options;
  const { direction = 'both', reduction = 'mean' as R } = options;
  const sizes = checkPairs(where, images, texts);
  if (mask) assertShape(where, 'mask', mask, ['batch'], sizes);
  return tf.tidy(() => {
    const logits = pairLogits(images, texts, clampedScale(logitScale), normalize);
    return diagonalContrast(logits, { direction, labelSmoothing, mask, reduction });
  });
}

export interface SigmoidContrastiveOptions<R extends Reduction = Reduction> extends ContrastiveOptions {
  /** ln κ, the logarithm of the factor on the cosines; clamped to [0, ln 100]. Default ln 10. */
  logitScale?: tf.Tensor | number;
  /** Offset of the logits, a number or a learned scalar. Default −10. */
  bias?: tf.Tensor | number;
  /** [batch, batch], 1 = the pair counts, image first. Default all. */
  mask?: tf.Tensor;
  /** Default `mean`, over the images; each has the sum over its pairs. */
  reduction?: R;
}

const sigmoidRules = { ...contrastiveRules, bias: 'scalar', mask: 'tensor', reduction: reductions } as const;

/**
 * Contrast of whole images and texts without a softmax (SigLIP): each pair of the batch is classified on its own as
 * matching or not.
 *
 *   loss = −(1/batch) Σ_ij log σ(s_ij (κ x_i · y_j + b)), s_ii = 1, else −1
 *
 * @param images float32 [batch, dim]. @param texts float32 [batch, dim].
 * @returns a scalar, or [batch] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ or an option is out of range.
 * @throws {TypeError} for arguments of another kind, or unknown options.
 * @see Zhai et al. 2023, arXiv:2303.15343.
 */
export function sigmoidContrastiveLoss<R extends Reduction = 'mean'>(
  images: tf.Tensor,
  texts: tf.Tensor,
  options: SigmoidContrastiveOptions<R> = {},
): Reduced<R> {
  const where = 'losses/sigmoidContrastiveLoss';
  assertOptions(where, options, sigmoidRules);
  const { bias = -10, logitScale = Math.log(10), normalize, mask, reduction = 'mean' as R } = options;
  const sizes = checkPairs(where, images, texts);
  if (mask) assertShape(where, 'mask', mask, ['batch', 'batch'], sizes);
  return tf.tidy(() => {
    const logits = tf.add(pairLogits(images, texts, clampedScale(logitScale), normalize), bias);
    return reduce(matchingLosses(logits, mask), reduction);
  });
}

/** Σ_j mask_ij (softplus(z_ij) − z_ij at j = i), the binary cross entropy of all pairs with each row's own one [batch]. */
function matchingLosses(logits: tf.Tensor, mask?: tf.Tensor): tf.Tensor {
  const ofKnown = (x: tf.Tensor): tf.Tensor => (mask ? replaced(x, (all) => tf.mul(all, mask)) : x);
  return withGradient([logits], (z) => {
    const own = tf.eye(z.shape[0]);
    const linear = tf.tidy(() => tf.sub(tf.relu(z), tf.mul(z, own)));
    const losses = ofKnown(consumed(tf.add, linear, softplusTail(z)));
    return {
      value: replaced(losses, (all) => tf.sum(all, -1)),
      saved: () => [ofKnown(replaced(tf.sigmoid(z), (p) => tf.sub(p, own)))],
      gradient: (dy, [kept]) => [tf.mul(kept, tf.expandDims(dy, -1))],
    };
  });
}

function checkPairs(where: string, images: tf.Tensor, texts: tf.Tensor): AxisSizes {
  const sizes = assertShape(where, 'images', images, ['batch', 'dim']);
  return assertShape(where, 'texts', texts, ['batch', 'dim'], sizes);
}
