import {
  assertShape,
  clampedScale,
  l2Normalize,
  pairSimilarity,
  reduce,
  softplus,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { diagonalCrossEntropy, labelProducts } from './contrast.js';
import { initialLogitScale } from './logit-scale.js';

/** The embeddings of each label's prompts. */
export interface LabelPrompts {
  /** float32 [labels, dim]: the prompt that says the finding is there; or [batch, labels, dim], prompts of each image. */
  positive: tf.Tensor2D | tf.Tensor3D;
  /** The same for the prompt that says it is not; without it the image is compared with `positive` alone. */
  negative?: tf.Tensor2D | tf.Tensor3D;
}

export interface SimilarityOptions {
  /** Scalar, the logarithm of the factor κ on the cosines; clamped to [0, ln 100]. Default ln(1/0.07). */
  logitScale?: tf.Scalar | number;
  /** Scalar added to the logits where there are no negative prompts. Default 0. */
  bias?: tf.Scalar | number;
}

/**
 * How much more each label embedding of an image says "X" than "no X".
 *
 *   z_bi = κ (û_bi · p̂_i − û_bi · n̂_i)      without negative prompts: κ û_bi · p̂_i + bias
 *
 * These are logits: the sigmoid of z is the two-way softmax over both prompts.
 *
 * @param image float32 [batch, labels, dim], one embedding of the image for each label; rows need not have length 1.
 * @returns float32 [batch, labels]. The caller owns it.
 * @throws {RangeError} if the shapes differ.
 * @see Tiu et al. 2022 (CheXzero); Pellegrini et al. 2023, arXiv:2303.13391 (Xplainer): the same softmax, a label at a time.
 */
export function similarityLogits(
  image: tf.Tensor3D,
  prompts: LabelPrompts,
  options: SimilarityOptions = {},
): tf.Tensor2D {
  checkShapes('losses/similarityLogits', image, prompts);
  return tf.tidy(() => toLogits(pairSimilarity(image, prompts.positive, prompts.negative), prompts, options));
}

/** The bias stands in for what the negative prompts would take off. */
function toLogits(
  similarity: tf.Tensor2D,
  { negative }: LabelPrompts,
  { logitScale = initialLogitScale, bias = 0 }: SimilarityOptions,
): tf.Tensor2D {
  const scaled = tf.mul<tf.Tensor2D>(similarity, clampedScale(logitScale));
  return negative ? scaled : tf.add(scaled, bias);
}

export interface LabelConditionedOptions<R extends Reduction = Reduction> extends SimilarityOptions {
  /** float32 [batch, labels], 1 = the target is known. Default all known. */
  mask?: tf.Tensor2D;
  /** Weight λ of the part that tells labels apart. Default 0.5. */
  acrossWeight?: number;
  /**
   * float32 [labels, labels], 1 where label j is no wrong answer for label i: its ancestors and descendants in the
   * label graph. The diagonal does not count. Default none.
   */
  related?: tf.Tensor2D;
  /**
   * Ask both ways which label it is: also which of the image's embeddings belongs to a present label's prompt; `across`
   * is then the mean of both. Default false.
   */
  symmetric?: boolean;
  /** Default `mean`. */
  reduction?: R;
}

/** The loss and its two parts. */
export type LabelConditionedLoss<T extends tf.Tensor = tf.Scalar> = {
  loss: T;
  /** Present or absent, label by label. */
  pair: T;
  /** Which label, among present ones. */
  across: T;
};

/**
 * Aligns the image's embedding for a label with the label's positive prompt where the finding is present and with its
 * negative prompt where it is absent.
 *
 *   pair   = Σ w softplus(−(2y − 1) z) / Σ w                       z: see {@link similarityLogits}
 *   across = mean over known present entries of −log softmax_j(κ û_bi · p̂_j) at j = i, without the j related to i
 *   loss   = pair + λ across                                       across = 0 if no known entry is present
 *
 * @param image float32 [batch, labels, dim]; an all-zero row has a finite gradient.
 * @param prompts positive and negative prompt embeddings.
 * @param targets float32 [batch, labels] in {0, 1}.
 * @returns scalars, or with `reduction: 'none'` [batch, labels] each, 0 at entries that do not count; the caller owns all
 *   three.
 * @throws {RangeError} if the shapes differ.
 */
export function labelConditionedAlignment<R extends Reduction = 'mean'>(
  image: tf.Tensor3D,
  prompts: LabelPrompts,
  targets: tf.Tensor2D,
  options: LabelConditionedOptions<R> = {},
): LabelConditionedLoss<Reduced<R>> {
  const { mask, acrossWeight = 0.5, related, symmetric = false, logitScale = initialLogitScale } = options;
  const { reduction = 'mean' as R } = options;
  const where = 'losses/labelConditionedAlignment';
  const sizes = checkShapes(where, image, prompts);
  assertShape(where, 'targets', targets, ['batch', 'labels'], sizes);
  if (mask) assertShape(where, 'mask', mask, ['batch', 'labels'], sizes);
  if (related) assertShape(where, 'related', related, ['labels', 'labels'], sizes);
  return tf.tidy(() => {
    // Rows are brought to length 1 once, for both parts.
    const unit = l2Normalize(image);
    const positive = l2Normalize<tf.Tensor2D | tf.Tensor3D>(prompts.positive);
    const negative = prompts.negative && l2Normalize<tf.Tensor>(prompts.negative);
    const logits = toLogits(pairSimilarity(unit, positive, negative, false), prompts, options);
    const pair = reduce(softplus(tf.mul(tf.sub(1, tf.mul(2, targets)), logits)), reduction, mask);
    const present = mask ? tf.mul(targets, mask) : targets;
    const scores = tf.mul(labelProducts(unit, positive, false), clampedScale(logitScale));
    // A related label is taken out of the softmax by a score that no exponential survives.
    const shut = related && tf.mul(tf.mul(related, tf.sub(1, tf.eye(sizes.labels))), -1e4);
    const which = diagonalCrossEntropy(shut ? tf.add(scores, shut) : scores);
    let across = reduce(which, reduction, present);
    if (symmetric) {
      const turned = tf.transpose(scores, [0, 2, 1]);
      const back = reduce(diagonalCrossEntropy(shut ? tf.add(turned, shut) : turned), reduction, present);
      across = tf.div(tf.add(across, back), 2);
    }
    return { loss: tf.add<Reduced<R>>(pair, tf.mul(across, acrossWeight)), pair, across };
  });
}

function checkShapes(where: string, image: tf.Tensor3D, { positive, negative }: LabelPrompts) {
  const sizes = assertShape(where, 'image', image, ['batch', 'labels', 'dim']);
  const axes = (prompts: tf.Tensor): string[] => (prompts.rank === 3 ? ['batch', 'labels', 'dim'] : ['labels', 'dim']);
  assertShape(where, 'prompts.positive', positive, axes(positive), sizes);
  if (negative) assertShape(where, 'prompts.negative', negative, axes(negative), sizes);
  return sizes;
}
