import { useFastForms } from '@cxr-align/fast-forms';
import * as tf from '@tensorflow/tfjs-core';
import { deviceMask } from './device-mask.js';
import { hasKernels, kernelForms } from './kernels.js';
import { Operations } from './operations.js';
import { useLeanKernels } from './lean-kernels.js';
import { TensorflowRepeatedWork } from './repeated-work.js';
import { ReplayedAdamW } from './replayed-adamw.js';
import { ResourceAdamW } from './resource-adamw.js';

/** Below so many rows a product with a transposed matrix takes three to four times as long as its mirror image. */
const fewRows = 128;

/** x · wᵀ; for few rows as (w · xᵀ)ᵀ. */
function timesTransposed(x: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor2D {
  return x.shape[0] < fewRows && w.shape[0] > fewRows
    ? (tf.transpose(tf.matMul(w, tf.transpose(x) as tf.Tensor2D)) as tf.Tensor2D)
    : tf.matMul(x, w, false, true);
}

/**
 * Registers what TensorFlow, or our own kernels in its binding, do faster than TensorFlow.js's operations.
 *
 * @param isOurs whether the binding was built with the kernels of this version.
 */
export function useTensorflowForms({ onGpu, isOurs }: { onGpu: boolean; isOurs: boolean }): void {
  const hasOwn = isOurs && !onGpu && hasKernels();
  useLeanKernels({ ownSoftmax: hasOwn });
  useFastForms('tensorflow', {
    adamW: (variables, decay) => new (isOurs ? ReplayedAdamW : ResourceAdamW)(variables, decay),
    reluGradient: (dy, y) => new Operations().one('ReluGrad', [dy, y]),
    ...(isOurs && { repeated: () => new TensorflowRepeatedWork() }),
    ...(onGpu ? { dropoutMask: deviceMask } : { timesTransposed, ...(hasOwn && kernelForms) }),
  });
}
