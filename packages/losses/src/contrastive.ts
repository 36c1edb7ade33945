import { assertShape, clampedScale, l2Normalize, reduce, softplus } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { initialLogitScale } from './logit-scale.js';

export interface ContrastiveOptions {
  /** Logarithm of the factor on the cosines, clamped to [0, ln 100]. Default ln(1/0.07). */
  logitScale?: tf.Scalar | number;
  /** Bring rows to length 1 first. Default true. */
  normalize?: boolean;
}

export interface LabelContrastiveOptions extends ContrastiveOptions {
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
}

/** The loss and its two directions. */
export interface SymmetricLoss {
  loss: tf.Scalar;
  /** Which image embedding belongs to the text. */
  textToImage: tf.Scalar;
  /** Which text belongs to the image embedding. */
  imageToText: tf.Scalar;
}

/**
 * Label-level contrast within each image: the embedding for label i belongs to the prompt of label i, and to no other.
 * It does not see the targets; see {@link labelConditionedAlignment} for the form that does.
 *
 *   z_b = κ T_b I_bᵀ; loss = ½ [CE(z_b, diagonal) + CE(z_bᵀ, diagonal)], mean over images
 *
 * @param image float32 [batch, labels, dim].
 * @param prompts float32 [labels, dim], or [batch, labels, dim] for prompts of each image.
 * @returns scalars; the caller owns all three.
 * @throws {RangeError} if the shapes differ.
 */
export function labelContrastiveLoss(
  image: tf.Tensor3D,
  prompts: tf.Tensor2D | tf.Tensor3D,
  options: LabelContrastiveOptions = {},
): SymmetricLoss {
  const { logitScale = initialLogitScale, normalize = true, variant = 'standard', negativeWeights } = options;
  const where = 'losses/labelContrastiveLoss';
  const sizes = assertShape(where, 'image', image, ['batch', 'labels', 'dim']);
  if (prompts.rank === 2) assertShape(where, 'prompts', prompts, ['labels', 'dim'], sizes);
  else assertShape(where, 'prompts', prompts, ['batch', 'labels', 'dim'], sizes);
  if (negativeWeights) assertShape(where, 'negativeWeights', negativeWeights, ['labels', 'labels'], sizes);
  return tf.tidy(() => {
    const { batch, labels, dim } = sizes;
    const images = normalize ? l2Normalize(image) : image;
    const texts = normalize ? l2Normalize(prompts as tf.Tensor) : prompts;
    // One prompt matrix serves all images: a single product, whose result is [image label, text label].
    const imageByText =
      texts.rank === 2
        ? tf.reshape(
            tf.matMul(tf.reshape(images, [batch * labels, dim]) as tf.Tensor2D, texts as tf.Tensor2D, false, true),
            [batch, labels, labels],
          )
        : tf.matMul(images, texts, false, true);
    const logits = tf.mul(imageByText, clampedScale(logitScale));
    const direction = (z: tf.Tensor, weights?: tf.Tensor2D): tf.Scalar => {
      const scaled = variant === 'seed' ? l2Normalize(z) : z;
      return diagonalCrossEntropy(scaled, weights);
    };
    const imageToText = direction(logits, negativeWeights);
    const textToImage = direction(tf.transpose(logits, [0, 2, 1]), negativeWeights && tf.transpose(negativeWeights));
    return { loss: tf.div(tf.add(textToImage, imageToText), 2) as tf.Scalar, textToImage, imageToText };
  });
}

/**
 * Contrast of whole images and texts: pair i belongs together, and no other in the batch (InfoNCE, CLIP).
 *
 * @param images float32 [batch, dim]. @param texts float32 [batch, dim].
 * @returns scalars; the caller owns all three.
 * @see Radford et al. 2021, arXiv:2103.00020.
 */
export function imageTextContrastive(
  images: tf.Tensor2D,
  texts: tf.Tensor2D,
  options: ContrastiveOptions = {},
): SymmetricLoss {
  return tf.tidy(() => {
    const logits = pairLogits('losses/imageTextContrastive', images, texts, options);
    const imageToText = diagonalCrossEntropy(logits);
    const textToImage = diagonalCrossEntropy(tf.transpose(logits));
    return { loss: tf.div(tf.add(textToImage, imageToText), 2) as tf.Scalar, textToImage, imageToText };
  });
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
 * @param options.clamp keep the similarities in [−1, 1], however many labels agree. Default false.
 * @returns scalars; the caller owns all three.
 * @see Wang et al. 2022, arXiv:2210.10163 (MedCLIP, semantic matching).
 */
export function softLabelContrastive(
  logits: tf.Tensor2D,
  imageLabels: tf.Tensor2D,
  textLabels: tf.Tensor2D,
  { clamp = false }: { clamp?: boolean } = {},
): SymmetricLoss {
  const where = 'losses/softLabelContrastive';
  const sizes = assertShape(where, 'logits', logits, ['images', 'texts']);
  assertShape(where, 'imageLabels', imageLabels, ['images', 'labels'], sizes);
  assertShape(where, 'textLabels', textLabels, ['texts', 'labels'], sizes);
  return tf.tidy(() => {
    const agreement = labelAgreement(imageLabels, textLabels, clamp);
    const soft = (z: tf.Tensor2D, target: tf.Tensor2D): tf.Scalar =>
      tf.div(tf.neg(tf.sum(tf.mul(tf.softmax(target), tf.logSoftmax(z)))), z.shape[0]);
    const imageToText = soft(logits, agreement);
    const textToImage = soft(tf.transpose(logits), tf.transpose(agreement));
    return { loss: tf.div(tf.add(textToImage, imageToText), 2) as tf.Scalar, textToImage, imageToText };
  });
}

/**
 * The same question put to each pair on its own: BCE of the logit against how far the labels agree.
 *
 * @param logits float32 [images, texts].
 * @returns a scalar. The caller owns it.
 */
export function softLabelPairLoss(logits: tf.Tensor2D, imageLabels: tf.Tensor2D, textLabels: tf.Tensor2D): tf.Scalar {
  const where = 'losses/softLabelPairLoss';
  const sizes = assertShape(where, 'logits', logits, ['images', 'texts']);
  assertShape(where, 'imageLabels', imageLabels, ['images', 'labels'], sizes);
  assertShape(where, 'textLabels', textLabels, ['texts', 'labels'], sizes);
  return tf.tidy(() => {
    const agreement = labelAgreement(imageLabels, textLabels, false);
    // softplus(z) − s z is BCE with a target s of any size.
    return reduce(tf.sub(softplus(logits), tf.mul(agreement, logits)), 'mean') as tf.Scalar;
  });
}

export interface SigmoidContrastiveOptions extends ContrastiveOptions {
  /** Offset of the logits, learned. Default −10. */
  bias?: tf.Scalar | number;
}

/**
 * Contrast without a softmax: every pair of the batch is asked on its own whether it belongs together.
 *
 *   loss = −(1/batch) Σ_ij log σ(s_ij (κ x_i · y_j + b)), s_ii = 1, else −1
 *
 * @param images float32 [batch, dim]. @param texts float32 [batch, dim].
 * @returns a scalar. The caller owns it.
 * @see Zhai et al. 2023, arXiv:2303.15343 (SigLIP).
 */
export function sigmoidContrastive(
  images: tf.Tensor2D,
  texts: tf.Tensor2D,
  options: SigmoidContrastiveOptions = {},
): tf.Scalar {
  const { bias = -10, logitScale = Math.log(10) } = options;
  return tf.tidy(() => {
    const logits = tf.add(pairLogits('losses/sigmoidContrastive', images, texts, { ...options, logitScale }), bias);
    const [batch] = images.shape;
    const sign = tf.sub(tf.mul(tf.eye(batch), 2), 1);
    return tf.div(tf.sum(softplus(tf.neg(tf.mul(sign, logits)))), batch) as tf.Scalar;
  });
}

export interface SupervisedContrastiveOptions {
  /** Divides the cosines. Default 0.1. */
  temperature?: number;
}

/**
 * Supervised contrast for images with several labels: two images attract each other as much as their label sets overlap
 * (Jaccard index).
 *
 *   loss_i = −Σ_{j≠i} J_ij log softmax_{k≠i}(cos_ik / τ)_j / Σ_{j≠i} J_ij, mean over images that share a label with another
 *
 * @param embeddings float32 [batch, dim]. @param targets float32 [batch, labels] in {0, 1}.
 * @returns a scalar, 0 if no two images share a label. The caller owns it.
 * @throws {RangeError} if the shapes differ, or for fewer than two images.
 * @see Khosla et al. 2020, arXiv:2004.11362; weighted by overlap for several labels.
 */
export function supervisedContrastive(
  embeddings: tf.Tensor2D,
  targets: tf.Tensor2D,
  { temperature = 0.1 }: SupervisedContrastiveOptions = {},
): tf.Scalar {
  const where = 'losses/supervisedContrastive';
  const sizes = assertShape(where, 'embeddings', embeddings, ['batch', 'dim']);
  assertShape(where, 'targets', targets, ['batch', 'labels'], sizes);
  if (sizes.batch < 2)
    throw new RangeError(`${where}: expected 2 or more images, got ${sizes.batch}; use larger batches`);
  return tf.tidy(() => {
    const unit = l2Normalize(embeddings);
    const own = tf.eye(sizes.batch);
    const logits = tf.sub(tf.div(tf.matMul(unit, unit, false, true), temperature), tf.mul(own, 1e4));
    const shared = tf.matMul(targets, targets, false, true);
    const counts = tf.sum(targets, 1, true);
    const united = tf.sub(tf.add(counts, tf.transpose(counts)), shared);
    const overlap = tf.mul(tf.div(shared, tf.maximum(united, 1)), tf.sub(1, own));
    const total = tf.sum(overlap, 1);
    const likelihood = tf.div(tf.sum(tf.mul(overlap, tf.logSoftmax(logits)), 1), tf.maximum(total, 1e-6));
    return reduce(tf.neg(likelihood), 'mean', tf.cast(tf.greater(total, 0), 'float32')) as tf.Scalar;
  });
}

function labelAgreement(imageLabels: tf.Tensor2D, textLabels: tf.Tensor2D, clamp: boolean): tf.Tensor2D {
  const agreement = tf.matMul(imageLabels, textLabels, false, true) as tf.Tensor2D;
  return clamp ? tf.clipByValue(agreement, -1, 1) : agreement;
}

function pairLogits(
  where: string,
  images: tf.Tensor2D,
  texts: tf.Tensor2D,
  { logitScale = initialLogitScale, normalize = true }: ContrastiveOptions,
): tf.Tensor2D {
  const sizes = assertShape(where, 'images', images, ['batch', 'dim']);
  assertShape(where, 'texts', texts, ['batch', 'dim'], sizes);
  const cosines = normalize
    ? tf.matMul(l2Normalize(images), l2Normalize(texts), false, true)
    : tf.matMul(images, texts, false, true);
  return tf.mul(cosines, clampedScale(logitScale));
}

/** Mean of −log softmax over the last axis at the diagonal of the last two; `weights` scale the rivals' exponentials. */
function diagonalCrossEntropy(logits: tf.Tensor, weights?: tf.Tensor2D): tf.Scalar {
  const size = logits.shape[logits.rank - 1]!;
  const own = tf.eye(size);
  const rivals = weights ? tf.add(logits, tf.mul(tf.log(tf.maximum(weights, 1e-6)), tf.sub(1, own))) : logits;
  return tf.neg(tf.mean<tf.Scalar>(tf.sum(tf.mul(tf.logSoftmax(rivals), own), -1)));
}
