import * as tf from '@tensorflow/tfjs-core';
import { l2Normalize } from './l2-normalize.js';

/**
 * Cosines between all rows of each matrix.
 *
 * @param embeddings float32 [..., rows, dim].
 * @returns float32 [..., rows, rows], in [−1, 1]. The caller owns it.
 */
export function cosineMatrix(embeddings: tf.Tensor, eps?: number): tf.Tensor {
  return tf.tidy(() => {
    const unit = l2Normalize(embeddings, eps);
    return tf.matMul(unit, unit, false, true);
  });
}
