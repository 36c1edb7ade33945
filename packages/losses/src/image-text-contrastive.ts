import {
  assertShape,
  clampedScale,
  l2Normalize,
  reduce,
  softplus,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { checkSmoothing } from './binary-cross-entropy.js';
import { both, diagonalCrossEntropy, type ContrastiveOptions, type SymmetricLoss } from './contrast.js';
import { initialLogitScale } from './logit-scale.js';

export interface ImageTextOptions<R extends Reduction = Reduction> extends ContrastiveOptions {
  /** float32 [batch]: which pairs are asked for, 1 or 0; the others stay as rivals. Default all. */
  mask?: tf.Tensor1D;
  /** In [0, 1): that share of the target goes to all pairs alike. Default 0. */
  labelSmoothing?: number;
  /** Default `mean`, over the pairs. */
  reduction?: R;
}

/**
 * Contrast of whole images and texts: pair i belongs together, and no other in the batch (InfoNCE, CLIP).
 *
 * @param images float32 [batch, dim]. @param texts float32 [batch, dim].
 * @returns scalars, or [batch] each with `reduction: 'none'`; the caller owns all three.
 * @throws {RangeError} if the shapes differ.
 * @see Radford et al. 2021, arXiv:2103.00020.
 */
export function imageTextContrastive<R extends Reduction = 'mean'>(
  images: tf.Tensor2D,
  texts: tf.Tensor2D,
  options: ImageTextOptions<R> = {},
): SymmetricLoss<Reduced<R>> {
  const { mask, labelSmoothing = 0, reduction = 'mean' as R } = options;
  const where = 'losses/imageTextContrastive';
  const sizes = checkPairs(where, images, texts);
  if (mask) assertShape(where, 'mask', mask, ['batch'], sizes);
  checkSmoothing(where, labelSmoothing);
  return tf.tidy(() => {
    const logits = pairLogits(images, texts, options);
    const direction = (z: tf.Tensor2D): Reduced<R> =>
      reduce(diagonalCrossEntropy(z, { labelSmoothing }), reduction, mask);
    return both(direction(tf.transpose(logits)), direction(logits));
  });
}

export interface SigmoidContrastiveOptions<R extends Reduction = Reduction> extends ContrastiveOptions {
  /** Offset of the logits, learned. Default −10. */
  bias?: tf.Scalar | number;
  /** float32 [batch, batch], 1 = the pair counts, image first. Default all. */
  mask?: tf.Tensor2D;
  /** Default `mean`, over the images; each has the sum over its pairs. */
  reduction?: R;
}

/**
 * Contrast without a softmax: every pair of the batch is asked on its own whether it belongs together.
 *
 *   loss = −(1/batch) Σ_ij log σ(s_ij (κ x_i · y_j + b)), s_ii = 1, else −1
 *
 * @param images float32 [batch, dim]. @param texts float32 [batch, dim].
 * @returns a scalar, or [batch] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ.
 * @see Zhai et al. 2023, arXiv:2303.15343 (SigLIP).
 */
export function sigmoidContrastive<R extends Reduction = 'mean'>(
  images: tf.Tensor2D,
  texts: tf.Tensor2D,
  options: SigmoidContrastiveOptions<R> = {},
): Reduced<R> {
  const { bias = -10, logitScale = Math.log(10), mask, reduction = 'mean' as R } = options;
  const where = 'losses/sigmoidContrastive';
  const sizes = checkPairs(where, images, texts);
  if (mask) assertShape(where, 'mask', mask, ['batch', 'batch'], sizes);
  return tf.tidy(() => {
    const logits = tf.add(pairLogits(images, texts, { ...options, logitScale }), bias);
    const sign = tf.sub(tf.mul(tf.eye(sizes.batch), 2), 1);
    const pairs = softplus(tf.neg(tf.mul(sign, logits)));
    return reduce(tf.sum(mask ? tf.mul(pairs, mask) : pairs, -1), reduction);
  });
}

function checkPairs(where: string, images: tf.Tensor2D, texts: tf.Tensor2D) {
  const sizes = assertShape(where, 'images', images, ['batch', 'dim']);
  return assertShape(where, 'texts', texts, ['batch', 'dim'], sizes);
}

function pairLogits(
  images: tf.Tensor2D,
  texts: tf.Tensor2D,
  { logitScale = initialLogitScale, normalize = true }: ContrastiveOptions,
): tf.Tensor2D {
  const cosines = normalize
    ? tf.matMul(l2Normalize(images), l2Normalize(texts), false, true)
    : tf.matMul(images, texts, false, true);
  return tf.mul(cosines, clampedScale(logitScale));
}
