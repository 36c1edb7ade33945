import { registerFusedOps } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import { TensorflowStepCapture } from '../capture/step-capture.js';
import { CapturedAdamW } from './captured-adamw.js';
import { deviceDropoutMask } from './dropout-mask.js';
import { hasNativeKernels, nativeFusedOps } from './fused-ops.js';
import { registerKernelOverrides } from './kernel-overrides.js';
import { Operations } from './operations.js';

/** With fewer rows a product with a transposed matrix takes three to four times as long as its mirror image. */
const fewRows = 128;

/** x · wᵀ; for few rows as (w · xᵀ)ᵀ. */
function matMulTransposeB(x: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor2D {
  return x.shape[0] < fewRows && w.shape[0] > fewRows
    ? (tf.transpose(tf.matMul(w, tf.transpose(x) as tf.Tensor2D)) as tf.Tensor2D)
    : tf.matMul(x, w, false, true);
}

/**
 * Registers what TensorFlow, or our own kernels in its binding, computes faster than TensorFlow.js's operations.
 *
 * @param isOwnBinding whether the binding was built with the kernels of this version.
 */
export function registerTensorflowKernels({ onGpu, isOwnBinding }: { onGpu: boolean; isOwnBinding: boolean }): void {
  const isNative = isOwnBinding && !onGpu && hasNativeKernels();
  registerKernelOverrides({ hasNativeOps: isNative });
  registerFusedOps('tensorflow', {
    reluGradient: (dy, y) => new Operations().one('ReluGrad', [dy, y]),
    ...(isOwnBinding && {
      adamW: (variables, decay, options) => new CapturedAdamW(variables, decay, options?.stepCapture),
      stepCapture: () => new TensorflowStepCapture(),
    }),
    ...(onGpu ? { dropoutMask: deviceDropoutMask } : { matMulTransposeB }),
    ...(isNative && nativeFusedOps),
  });
}
