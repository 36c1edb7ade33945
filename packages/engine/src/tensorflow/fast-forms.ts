import { useFastForms, type FusedNormalize } from '@cxr-align/fast-forms';
import * as tf from '@tensorflow/tfjs-core';
import { TensorflowAdamW } from './fused-adamw.js';
import { Operations } from './operations.js';

/** oneDNN's layer normalisation, on processors alone. */
const normalize: FusedNormalize = (rows, eps) => {
  const ops = new Operations();
  const [, dim] = rows.shape;
  const unit = ops.one(
    '_MklLayerNorm',
    [rows, tf.ones([dim]), tf.zeros([dim])],
    [ops.float(), ops.number('epsilon', eps)],
  ) as tf.Tensor2D;
  // The mean of unit · x is v / √(v + eps) of the variance v, and loses no digits where the mean of x is far from 0.
  const spread = tf.mean(tf.mul(unit, rows), -1, true);
  const root = tf.sqrt(tf.add(tf.square(spread), 4 * eps));
  const variance = tf.mul(tf.mul(spread, tf.add(spread, root)), 0.5);
  return { unit, inverse: tf.rsqrt(tf.add(tf.relu(variance), eps)) as tf.Tensor2D };
};

/** Below so many rows a product with a transposed matrix takes three to four times as long as its mirror image. */
const fewRows = 128;

/** x · wᵀ; for few rows as (w · xᵀ)ᵀ. */
function timesTransposed(x: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor2D {
  return x.shape[0] < fewRows && w.shape[0] > fewRows
    ? (tf.transpose(tf.matMul(w, tf.transpose(x) as tf.Tensor2D)) as tf.Tensor2D)
    : tf.matMul(x, w, false, true);
}

/**
 * Whether oneDNN's layer normalisation starts: where TensorFlow's custom operations of oneDNN are on (its default on
 * processors with AVX-512 VNNI or AMX), it looks for a kernel under another name and finds none.
 */
function canNormalize(): boolean {
  try {
    tf.tidy(() => normalize(tf.ones([1, 2]), 1e-5));
    return true;
  } catch {
    return false;
  }
}

/** Registers what TensorFlow does faster than TensorFlow.js's operations. */
export function useTensorflowForms({ onGpu }: { onGpu: boolean }): void {
  useFastForms('tensorflow', {
    adamW: (variables, decay) => new TensorflowAdamW(variables, decay),
    reluGradient: (dy, y) => new Operations().one('ReluGrad', [dy, y]),
    ...(!onGpu && { timesTransposed, ...(canNormalize() && { normalize }) }),
  });
}
