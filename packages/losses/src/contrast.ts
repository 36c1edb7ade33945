import {
  constant,
  pairCosines,
  reduce,
  transposed,
  withGradient,
  type ForwardPass,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { consumed, replaced } from './chain.js';
import { crossEntropies, softmaxCrossEntropy } from './softmax-cross-entropy.js';

/** Which softmax a contrastive loss takes: over the texts of an image, over the images of a text, or both. */
export type ContrastDirection = 'both' | 'imageToText' | 'textToImage';

export interface ContrastiveOptions {
  /** ln κ, the logarithm of the factor on the cosines; clamped to [0, ln 100]. Default ln(1/0.07). */
  logitScale?: tf.Tensor | number;
  /** Normalise rows to length 1 first. Default true. */
  normalize?: boolean;
}

/** Rules of {@link ContrastiveOptions}. */
export const contrastiveRules = { logitScale: 'scalar', normalize: 'boolean' } as const;

/** The values of `direction`. */
export const directions = ['both', 'imageToText', 'textToImage'] as const;

/**
 * Logits of each label embedding with each label's prompt [batch, image label, prompt label]; prompts that all images
 * share cost a single matrix product.
 */
export function labelLogits(image: tf.Tensor, prompts: tf.Tensor, scale: tf.Scalar, normalize = true): tf.Tensor {
  if (prompts.rank === 3) return pairLogits(image, prompts, scale, normalize);
  const [batch, labels, dim] = image.shape as [number, number, number];
  const logits = pairLogits(tf.reshape(image, [batch * labels, dim]), prompts, scale, normalize);
  return tf.reshape(logits, [batch, labels, prompts.shape[0]]);
}

/** Logits of all pairs of rows: scaled cosines, or scaled products. */
export function pairLogits(x: tf.Tensor, y: tf.Tensor, scale: tf.Scalar, normalize = true): tf.Tensor {
  return normalize ? pairCosines(x, y, scale) : tf.mul(tf.matMul(x, y, false, true), scale);
}

/** −log softmax over the last axis at the diagonal of the last two. */
export function diagonalCrossEntropy(
  logits: tf.Tensor,
  { labelSmoothing = 0 }: { labelSmoothing?: number } = {},
): tf.Tensor {
  return softmaxCrossEntropy(logits, () => ({ shares: targetShares(logits.shape[logits.rank - 1]!, labelSmoothing) }));
}

/** What the mean over both directions, or one of them, takes beside its logits. */
export interface DiagonalContrastOptions<R extends Reduction> {
  direction: ContrastDirection;
  /** [n, n]: scale the negatives' exponentials of the first direction, and their transpose those of the other. */
  negativeWeights?: tf.Tensor;
  labelSmoothing?: number;
  /** [..., n], the weights of the diagonal's entries. */
  mask?: tf.Tensor;
  reduction: R;
}

/**
 * {@link diagonalCrossEntropy} of the logits, of their transpose, or the mean of both, reduced.
 *
 * @param logits float32 [..., n, n].
 */
export function diagonalContrast<R extends Reduction>(
  logits: tf.Tensor,
  { direction, negativeWeights, labelSmoothing = 0, mask, reduction }: DiagonalContrastOptions<R>,
): Reduced<R> {
  const size = logits.shape[logits.rank - 1]!;
  const z = negativeWeights ? tf.add(logits, logWeights(negativeWeights, size)) : logits;
  if (reduction === 'none') {
    const entries = (x: tf.Tensor): tf.Tensor => reduce(diagonalCrossEntropy(x, { labelSmoothing }), 'none', mask);
    return inDirection(direction, {
      imageToText: () => entries(z),
      textToImage: () => entries(transposed(z)),
    }) as Reduced<R>;
  }
  const isMean = reduction === 'mean';
  const divisor = isMean ? (mask ? tf.maximum(tf.sum(mask), 1e-6) : z.size / size) : 1;
  const sum = summedContrast(z, { direction, labelSmoothing, mask });
  return tf.div<Reduced<R>>(sum, direction === 'both' ? tf.mul(divisor, 2) : divisor);
}

/** The sum over the diagonals, of both directions: of the forward pass one tensor is kept. */
function summedContrast(
  logits: tf.Tensor,
  { direction, labelSmoothing, mask }: { direction: ContrastDirection; labelSmoothing: number; mask?: tf.Tensor },
): tf.Scalar {
  const weights = mask && tf.expandDims(mask, -1);
  const weighted = (x: tf.Tensor): tf.Tensor => (weights ? replaced(x, (all) => tf.mul(all, weights)) : x);
  return withGradient<tf.Scalar>([logits], (z) => {
    const shares = targetShares(z.shape[z.rank - 1]!, labelSmoothing);
    const ofDirection = (x: tf.Tensor): { value: tf.Tensor; slope: tf.Tensor } => {
      const { values, exponentials, sums } = crossEntropies(x, shares);
      const difference = replaced(consumed(tf.div, exponentials, sums), (all) => tf.sub(all, shares));
      return {
        value: replaced(weighted(tf.expandDims(values, -1)), (all) => tf.sum(all)),
        slope: weighted(difference),
      };
    };
    const forwards = direction === 'textToImage' ? undefined : ofDirection(z);
    if (direction === 'imageToText') return scaledBy(forwards!);
    const turned = transposed(z);
    const { value, slope } = ofDirection(turned);
    turned.dispose();
    const backwards = { value, slope: replaced(slope, transposed) };
    if (!forwards) return scaledBy(backwards);
    return scaledBy({
      value: tf.add(forwards.value, backwards.value),
      slope: consumed(tf.add, forwards.slope, backwards.slope),
    });
  });
}

function scaledBy({ value, slope }: { value: tf.Tensor; slope: tf.Tensor }): ForwardPass<tf.Scalar> {
  return { value: value as tf.Scalar, saved: [slope], gradient: (dy, [kept]) => [tf.mul(kept, dy)] };
}

function logWeights(weights: tf.Tensor, size: number): tf.Tensor {
  return constant(() => tf.mul(tf.log(tf.maximum(weights, 1e-6)), tf.sub(1, tf.eye(size))));
}

/** The target of the diagonal's cross entropy [n, n]. */
function targetShares(size: number, labelSmoothing: number): tf.Tensor {
  if (labelSmoothing === 0) return tf.eye(size);
  return tf.tidy(() => tf.add(tf.mul(tf.eye(size), 1 - labelSmoothing), labelSmoothing / size));
}

/** The loss of one direction, or the mean of both; what is not needed is not computed. */
export function inDirection<T extends tf.Tensor>(
  direction: ContrastDirection,
  loss: Record<'imageToText' | 'textToImage', () => T>,
): T {
  return direction === 'both' ? tf.div<T>(tf.add(loss.textToImage(), loss.imageToText()), 2) : loss[direction]();
}
