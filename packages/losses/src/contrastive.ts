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
import { initialLogitScale } from './logit-scale.js';

export interface ContrastiveOptions {
  /** Logarithm of the factor on the cosines, clamped to [0, ln 100]. Default ln(1/0.07). */
  logitScale?: tf.Scalar | number;
  /** Bring rows to length 1 first. Default true. */
  normalize?: boolean;
}

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

export interface SupervisedContrastiveOptions<R extends Reduction = Reduction> {
  /** Divides the cosines. Default 0.1. */
  temperature?: number;
  /** float32 [batch, labels], 1 = the target is known; unknown ones are in no label set. Default all known. */
  mask?: tf.Tensor2D;
  /** Default `mean`, over images that share a label with another; the others are 0. */
  reduction?: R;
}

/**
 * Supervised contrast for images with several labels: two images attract each other as much as their label sets overlap
 * (Jaccard index).
 *
 *   loss_i = −Σ_{j≠i} J_ij log softmax_{k≠i}(cos_ik / τ)_j / Σ_{j≠i} J_ij, mean over images that share a label with another
 *
 * @param embeddings float32 [batch, dim]. @param targets float32 [batch, labels] in {0, 1}.
 * @returns a scalar, 0 if no two images share a label, or [batch] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ, or for fewer than two images.
 * @see Khosla et al. 2020, arXiv:2004.11362; weighted by overlap for several labels.
 */
export function supervisedContrastive<R extends Reduction = 'mean'>(
  embeddings: tf.Tensor2D,
  targets: tf.Tensor2D,
  { temperature = 0.1, mask, reduction = 'mean' as R }: SupervisedContrastiveOptions<R> = {},
): Reduced<R> {
  const where = 'losses/supervisedContrastive';
  const sizes = assertShape(where, 'embeddings', embeddings, ['batch', 'dim']);
  assertShape(where, 'targets', targets, ['batch', 'labels'], sizes);
  if (mask) assertShape(where, 'mask', mask, ['batch', 'labels'], sizes);
  if (sizes.batch < 2)
    throw new RangeError(`${where}: expected 2 or more images, got ${sizes.batch}; use larger batches`);
  return tf.tidy(() => {
    const unit = l2Normalize(embeddings);
    const own = tf.eye(sizes.batch);
    const logits = tf.sub(tf.div(tf.matMul(unit, unit, false, true), temperature), tf.mul(own, 1e4));
    const present = mask ? tf.mul(targets, mask) : targets;
    const shared = tf.matMul(present, present, false, true);
    const counts = tf.sum(present, 1, true);
    const united = tf.sub(tf.add(counts, tf.transpose(counts)), shared);
    const overlap = tf.mul(tf.div(shared, tf.maximum(united, 1)), tf.sub(1, own));
    const total = tf.sum(overlap, 1);
    const likelihood = tf.div(tf.sum(tf.mul(overlap, tf.logSoftmax(logits)), 1), tf.maximum(total, 1e-6));
    return reduce(tf.neg(likelihood), reduction, tf.cast(tf.greater(total, 0), 'float32'));
  });
}

function labelAgreement(imageLabels: tf.Tensor2D, textLabels: tf.Tensor2D, clamp: boolean): tf.Tensor2D {
  const agreement = tf.matMul(imageLabels, textLabels, false, true) as tf.Tensor2D;
  return clamp ? tf.clipByValue(agreement, -1, 1) : agreement;
}

function checkAgreement(where: string, logits: tf.Tensor2D, imageLabels: tf.Tensor2D, textLabels: tf.Tensor2D) {
  const sizes = assertShape(where, 'logits', logits, ['images', 'texts']);
  assertShape(where, 'imageLabels', imageLabels, ['images', 'labels'], sizes);
  return assertShape(where, 'textLabels', textLabels, ['texts', 'labels'], sizes);
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
function both<T extends tf.Tensor>(textToImage: T, imageToText: T): SymmetricLoss<T> {
  return { loss: tf.div(tf.add(textToImage, imageToText), 2), textToImage, imageToText };
}
