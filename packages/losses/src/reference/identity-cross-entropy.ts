import {
  assertOptions,
  clampedScale,
  cosineMatrix,
  reduce,
  reductions,
  type Reduced,
  type Reduction,
} from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { contrastiveRules, diagonalCrossEntropy } from '../contrast.js';
import { rowsOf } from '../decorrelation.js';
import { initialLogitScale } from '../logit-scale.js';

export interface IdentityCrossEntropyOptions<R extends Reduction = Reduction> {
  /** ln κ, the logarithm of the factor on the cosines. Default ln(1/0.07). */
  logitScale?: tf.Tensor | number;
  /** ln κ is clamped to [0, maxScale]. Default ln 100; the reference implementation rounds it to 4.6052. */
  maxScale?: number;
  /** Normalise rows to length 1 first. Default true. */
  normalize?: boolean;
  /** Default `mean`, over the rows. */
  reduction?: R;
}

const rules = { ...contrastiveRules, maxScale: { min: 0 }, reduction: reductions } as const;

/**
 * The reference implementation's way to separate embeddings: each is classified as itself, by cross entropy of κ E Eᵀ
 * against the diagonal.
 *
 *   loss_i = −log softmax(κ E Eᵀ)_ii
 *
 * Its minimum is a regular simplex, in which all similarities of the rows are lost.
 *
 * @param embeddings float32 [rows, dim] or [batch, rows, dim].
 * @returns a scalar, or [rows] or [batch, rows] with `reduction: 'none'`. The caller owns it.
 * @throws {RangeError} with fewer than two rows. @throws {TypeError} for arguments of another kind, or unknown options.
 */
export function identityCrossEntropyLoss<R extends Reduction = 'mean'>(
  embeddings: tf.Tensor,
  options: IdentityCrossEntropyOptions<R> = {},
): Reduced<R> {
  const where = 'losses/identityCrossEntropyLoss';
  assertOptions(where, options, rules);
  const { logitScale = initialLogitScale, maxScale, normalize = true, reduction = 'mean' as R } = options;
  rowsOf(where, embeddings);
  return tf.tidy(() => {
    const products = normalize ? cosineMatrix(embeddings) : tf.matMul(embeddings, embeddings, false, true);
    const logits = tf.mul(products, clampedScale(logitScale, maxScale));
    return reduce(diagonalCrossEntropy(logits), reduction);
  });
}
