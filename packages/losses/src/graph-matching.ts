import {
  assertOptions,
  assertShape,
  constant,
  cosineMatrix,
  reduce,
  reductions,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { squaredDistance } from './orthogonal.js';
import { softmaxCrossEntropy } from './softmax-cross-entropy.js';

export interface GramMatrixOptions<R extends Reduction = Reduction> {
  /** Default `mean`, over the samples. */
  reduction?: R;
}

/**
 * Squared distance of the cosines from the target, over all pairs of different labels.
 *
 *   mean over b and i ≠ j of (cos(e_bi, e_bj) − T_ij)²
 *
 * Unlike {@link graphAlignmentLoss} it depends on scale and shift of the target: use one in [−1, 1].
 *
 * @param embeddings float32 [batch, labels, dim]. @param target float32 [labels, labels].
 * @returns a scalar, or [batch] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ, or with fewer than two labels.
 * @throws {TypeError} for arguments of another kind, or unknown options.
 */
export function gramMatrixLoss<R extends Reduction = 'mean'>(
  embeddings: tf.Tensor,
  target: tf.Tensor,
  options: GramMatrixOptions<R> = {},
): Reduced<R> {
  const where = 'losses/gramMatrixLoss';
  assertOptions(where, options, { reduction: reductions });
  const { reduction = 'mean' as R } = options;
  const sizes = assertShape(where, 'embeddings', embeddings, ['batch', 'labels', 'dim']);
  assertShape(where, 'target', target, ['labels', 'labels'], sizes);
  const { labels } = sizes;
  if (labels < 2) throw new RangeError(`${where}: expected 2 or more labels, got ${labels}; drop this term`);
  return tf.tidy(() => {
    const squared = squaredDistance(cosineMatrix(embeddings), target);
    return reduce(tf.div(tf.sum(squared, -1), labels * (labels - 1)), reduction);
  });
}

export interface NeighbourDivergenceOptions<R extends Reduction = Reduction> {
  /** τ > 0 of both distributions. Default 0.2. */
  temperature?: number;
  /** Default `mean`, over samples and labels. */
  reduction?: R;
}

const neighbourRules = { temperature: { above: 0 }, reduction: reductions } as const;

/**
 * Kullback-Leibler divergence of each label's distribution over the other labels from the target's.
 *
 *   mean over b, i of Σ_{j≠i} t_ij (log t_ij − log s_ij), t = softmax_{j≠i}(T_ij / τ), s = softmax_{j≠i}(cos_ij / τ)
 *
 * @param embeddings float32 [batch, labels, dim]. @param target float32 [labels, labels].
 * @returns a scalar, 0 or more, or [batch, labels] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} if the shapes differ, with fewer than three labels, or a temperature of 0 or less.
 * @throws {TypeError} for arguments of another kind, or unknown options.
 */
export function neighbourDivergenceLoss<R extends Reduction = 'mean'>(
  embeddings: tf.Tensor,
  target: tf.Tensor,
  options: NeighbourDivergenceOptions<R> = {},
): Reduced<R> {
  const where = 'losses/neighbourDivergenceLoss';
  assertOptions(where, options, neighbourRules);
  const { temperature = 0.2, reduction = 'mean' as R } = options;
  const sizes = assertShape(where, 'embeddings', embeddings, ['batch', 'labels', 'dim']);
  assertShape(where, 'target', target, ['labels', 'labels'], sizes);
  if (sizes.labels < 3)
    throw new RangeError(`${where}: expected 3 or more labels, got ${sizes.labels}; drop this term`);
  return tf.tidy(() => {
    const self = constant(() => tf.mul(tf.eye(sizes.labels), -1e4));
    const logTarget = constant(() => tf.logSoftmax(tf.add(tf.div(target, temperature), self)));
    const shares = constant(() => tf.exp(logTarget)); // the label's own is 0
    const entropy = constant(() => tf.neg(tf.sum(tf.mul(shares, logTarget), -1)));
    const logits = tf.add(tf.div(cosineMatrix(embeddings), temperature), self);
    return reduce(
      tf.sub(
        softmaxCrossEntropy(logits, () => ({ shares })),
        entropy,
      ),
      reduction,
    );
  });
}
