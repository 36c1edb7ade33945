import {
  assertOptions,
  assertShape,
  clampedScale,
  described,
  nearestName,
  promptSimilarity,
  reduce,
  reductions,
  softplus,
  type AxisSizes,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { diagonalContrast, labelLogits, type ContrastDirection } from './contrast.js';
import { initialLogitScale } from './logit-scale.js';

/** The embeddings of each label's prompts. */
export interface LabelPrompts {
  /** float32 [labels, dim]: the prompt for a present finding; or [batch, labels, dim], prompts of each image. */
  positive: tf.Tensor;
  /** The same for the prompt for an absent finding; without it the image is compared with `positive` alone. */
  negative?: tf.Tensor;
}

export interface SimilarityOptions {
  /** ln κ, the logarithm of the factor on the cosines; clamped to [0, ln 100]. Default ln(1/0.07). */
  logitScale?: tf.Tensor | number;
  /** Added to the logits where there are no negative prompts, a number or a learned scalar. Default 0. */
  bias?: tf.Tensor | number;
}

const similarityRules = { logitScale: 'scalar', bias: 'scalar' } as const;

/**
 * Logits of an image's label embeddings by prompts: how much closer each is to "X" than to "no X".
 *
 *   z_bi = κ (û_bi · p̂_i − û_bi · n̂_i)      without negative prompts: κ û_bi · p̂_i + bias
 *
 * The sigmoid of z is the softmax over both prompts.
 *
 * @param image float32 [batch, labels, dim], one embedding of the image for each label; rows need not have length 1.
 * @param prompts positive and negative prompt embeddings.
 * @returns float32 [batch, labels]. The caller owns it.
 * @throws {RangeError} if the shapes differ. @throws {TypeError} for arguments of another kind, or unknown options.
 * @see Tiu et al. 2022 (CheXzero); Pellegrini et al. 2023, arXiv:2303.13391 (Xplainer): the same softmax for each label.
 */
export function similarityLogits(
  image: tf.Tensor,
  prompts: LabelPrompts,
  options: SimilarityOptions = {},
): tf.Tensor2D {
  const where = 'losses/similarityLogits';
  assertOptions(where, options, similarityRules);
  checkShapes(where, image, prompts);
  return tf.tidy(() => {
    const { logitScale = initialLogitScale, bias = 0 } = options;
    const scaled = tf.mul<tf.Tensor2D>(promptSimilarity(image, prompts), clampedScale(logitScale));
    // The bias takes the place of the similarity to a negative prompt.
    return prompts.negative ? scaled : tf.add(scaled, bias);
  });
}

export interface LabelConditionedOptions<R extends Reduction = Reduction> extends SimilarityOptions {
  /** [batch, labels], 1 = the target is known. Default all known. */
  mask?: tf.Tensor;
  /** Weight λ ≥ 0 of the discrimination term. Default 0.5. */
  discriminationWeight?: number;
  /**
   * [labels, labels], 1 where label j is not taken as a negative of label i: its ancestors and descendants in the label
   * graph. The diagonal does not count. Default none.
   */
  excludedNegatives?: tf.Tensor;
  /**
   * Take the discrimination term in both directions: also which of the image's embeddings belongs to the prompt of a
   * present label; the term is then the mean of both. Default false.
   */
  symmetric?: boolean;
  /** Default `mean`. */
  reduction?: R;
}

const alignmentRules = {
  ...similarityRules,
  mask: 'tensor',
  discriminationWeight: { min: 0 },
  excludedNegatives: 'tensor',
  symmetric: 'boolean',
  reduction: reductions,
} as const;

/**
 * Label-conditioned alignment: pulls the image's embedding for a label towards the label's positive prompt where the
 * finding is present, and towards its negative prompt where it is absent.
 *
 *   presence       = Σ w softplus(−(2y − 1) z) / Σ w                 z: see {@link similarityLogits}
 *   discrimination = mean over known present entries of −log softmax_j(κ û_bi · p̂_j) at j = i, without excluded j
 *   loss           = presence + λ discrimination                     discrimination = 0 if no known entry is present
 *
 * {@link labelConditionedAlignmentTerms} returns the terms.
 *
 * @param image float32 [batch, labels, dim]; an all-zero row has a finite gradient.
 * @param prompts positive and negative prompt embeddings.
 * @param targets [batch, labels] in {0, 1}.
 * @returns a scalar, or [batch, labels] with `reduction: 'none'`, 0 at entries that do not count. The caller owns it.
 * @throws {RangeError} if the shapes differ or an option is out of range.
 * @throws {TypeError} for arguments of another kind, or unknown options.
 * @see Tiu et al. 2022 (CheXzero) for the presence term; Radford et al. 2021, arXiv:2103.00020, for the discrimination term.
 */
export function labelConditionedAlignmentLoss<R extends Reduction = 'mean'>(
  image: tf.Tensor,
  prompts: LabelPrompts,
  targets: tf.Tensor,
  options: LabelConditionedOptions<R> = {},
): Reduced<R> {
  const where = 'losses/labelConditionedAlignmentLoss';
  checkAlignment(where, image, prompts, targets, options);
  return tf.tidy(() => {
    const { presence, discrimination } = termsOf(image, prompts, targets, options);
    return tf.add<Reduced<R>>(presence, tf.mul(discrimination, options.discriminationWeight ?? 0.5));
  });
}

/** The terms of {@link labelConditionedAlignmentLoss}, which adds them up. The caller owns both. */
export type LabelConditionedTerms<T extends tf.Tensor = tf.Scalar> = {
  /** Present or absent, for each label. */
  presence: T;
  /** Which label, over the present ones; without its weight. */
  discrimination: T;
};

/**
 * The two terms of {@link labelConditionedAlignmentLoss}, to log or to weigh them; it takes the same arguments.
 *
 *   labelConditionedAlignmentLoss = presence + λ discrimination
 *
 * @returns scalars, or [batch, labels] each with `reduction: 'none'`. The caller owns both.
 * @throws as {@link labelConditionedAlignmentLoss}.
 */
export function labelConditionedAlignmentTerms<R extends Reduction = 'mean'>(
  image: tf.Tensor,
  prompts: LabelPrompts,
  targets: tf.Tensor,
  options: Omit<LabelConditionedOptions<R>, 'discriminationWeight'> = {},
): LabelConditionedTerms<Reduced<R>> {
  checkAlignment('losses/labelConditionedAlignmentTerms', image, prompts, targets, options);
  return tf.tidy(() => termsOf(image, prompts, targets, options));
}

function termsOf<R extends Reduction>(
  image: tf.Tensor,
  prompts: LabelPrompts,
  targets: tf.Tensor,
  options: LabelConditionedOptions<R>,
): LabelConditionedTerms<Reduced<R>> {
  const { mask, excludedNegatives, symmetric = false, logitScale = initialLogitScale, bias = 0 } = options;
  const { reduction = 'mean' as R } = options;
  const { positive, negative } = prompts;
  const [batch, labels] = image.shape;
  // One product with all prompts serves both terms: positive and negative ones of the label itself are the presence.
  const scores = labelLogits(image, negative ? stacked(positive, negative, batch) : positive, clampedScale(logitScale));
  const toPositive = negative ? tf.slice(scores, [0, 0, 0], [batch, labels, labels]) : scores;
  const own = tf.eye(labels);
  const presenceLogits = negative
    ? tf.sum(tf.mul(scores, tf.concat([own, tf.neg(own)], 1)), -1)
    : tf.add(tf.sum(tf.mul(scores, own), -1), bias);
  const presence = reduce(softplus(tf.mul(tf.sub(1, tf.mul(2, targets)), presenceLogits)), reduction, mask);
  const present = mask ? tf.mul(targets, mask) : targets;
  // An excluded label leaves the softmax by a score whose exponential is 0.
  const excluded = excludedNegatives && tf.mul(tf.mul(excludedNegatives, tf.sub(1, own)), -1e4);
  const discriminationOf = (direction: ContrastDirection, shut = excluded): Reduced<R> =>
    diagonalContrast(shut ? tf.add(toPositive, shut) : toPositive, { direction, mask: present, reduction });
  if (!symmetric) return { presence, discrimination: discriminationOf('imageToText') };
  if (!excluded) return { presence, discrimination: discriminationOf('both') };
  // Whoever is excluded of label i is so in row i of each direction.
  const both = tf.add(discriminationOf('imageToText'), discriminationOf('textToImage', tf.transpose(excluded)));
  return { presence, discrimination: tf.div<Reduced<R>>(both, 2) };
}

/** Positive and negative prompts below each other, [2 labels, dim]; [batch, 2 labels, dim] where one of them is of each image. */
function stacked(positive: tf.Tensor, negative: tf.Tensor, batch: number): tf.Tensor {
  const isOfEachImage = positive.rank === 3 || negative.rank === 3;
  const [above, below] = [positive, negative].map((prompts) =>
    isOfEachImage && prompts.rank === 2 ? tf.tile(tf.expandDims(prompts, 0), [batch, 1, 1]) : prompts,
  );
  return tf.concat([above, below], -2);
}

function checkAlignment<R extends Reduction>(
  where: string,
  image: tf.Tensor,
  prompts: LabelPrompts,
  targets: tf.Tensor,
  options: LabelConditionedOptions<R>,
): void {
  assertOptions(where, options, alignmentRules);
  const sizes = checkShapes(where, image, prompts);
  assertShape(where, 'targets', targets, ['batch', 'labels'], sizes);
  if (options.mask) assertShape(where, 'mask', options.mask, ['batch', 'labels'], sizes);
  if (options.excludedNegatives)
    assertShape(where, 'excludedNegatives', options.excludedNegatives, ['labels', 'labels'], sizes);
}

function checkShapes(where: string, image: tf.Tensor, prompts: LabelPrompts): AxisSizes {
  if (typeof prompts !== 'object' || prompts === null || Array.isArray(prompts) || prompts instanceof tf.Tensor)
    throw new TypeError(
      `${where}: expected prompts to be an object of positive and negative, got ${described(prompts)}; ` +
        'pass { positive, negative }',
    );
  const unknown = Object.keys(prompts).find((name) => name !== 'positive' && name !== 'negative');
  if (unknown !== undefined)
    throw new TypeError(
      `${where}: expected prompts among positive, negative, got ${unknown}; ` +
        `try ${nearestName(unknown, ['positive', 'negative']) ?? '{ positive, negative }'}`,
    );
  const sizes = assertShape(where, 'image', image, ['batch', 'labels', 'dim']);
  const axes = (tensor?: tf.Tensor): string[] => (tensor?.rank === 3 ? ['batch', 'labels', 'dim'] : ['labels', 'dim']);
  assertShape(where, 'prompts.positive', prompts.positive, axes(prompts.positive), sizes);
  if (prompts.negative) assertShape(where, 'prompts.negative', prompts.negative, axes(prompts.negative), sizes);
  return sizes;
}
