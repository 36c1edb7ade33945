import { registerFusedOps, type FusedOps, type StepCapture } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import { CompiledStepCapture, type CompiledCaptureOptions } from '../capture/compiled-step-capture.js';
import { TensorflowStepCapture } from '../capture/step-capture.js';
import { NativeAdamW } from './adamw.js';
import { CapturedAdamW } from './captured-adamw.js';
import { compilableOps } from './compilable-ops.js';
import { deviceDropoutMask } from './dropout-mask.js';
import { hasNativeKernels, nativeFusedOps } from './fused-ops.js';
import { registerKernelOverrides } from './kernel-overrides.js';
import { Operations } from './operations.js';
import { TensorflowPrecision, type PrecisionFacts } from './product-precision.js';

/** With fewer rows a product with a transposed matrix takes three to four times as long as its mirror image. */
const fewRows = 128;

/** x · wᵀ; for few rows as (w · xᵀ)ᵀ. */
function matMulTransposeB(x: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor2D {
  return x.shape[0] < fewRows && w.shape[0] > fewRows
    ? (tf.transpose(tf.matMul(w, tf.transpose(x) as tf.Tensor2D)) as tf.Tensor2D)
    : tf.matMul(x, w, false, true);
}

export interface RegisterOptions extends PrecisionFacts {
  isOwnBinding: boolean;
  quietly: <T>(work: () => T) => T;
}

/**
 * Registers what TensorFlow, or our own kernels in its binding, computes faster than TensorFlow.js's operations.
 *
 * @param isOwnBinding whether the binding was built with the kernels of this version.
 * @param quietly runs what makes TensorFlow write information messages.
 */
export function registerTensorflowKernels({ isOwnBinding, quietly, ...facts }: RegisterOptions): void {
  const { onGpu } = facts;
  const isNative = isOwnBinding && !onGpu && hasNativeKernels();
  registerKernelOverrides({ hasNativeOps: isNative });
  const ofDevice: FusedOps = { reluGradient, dropoutMask: deviceDropoutMask };
  const captureOf = capturesOf(onGpu, {
    withCompilableOps: isNative ? compilableOps(ofDevice) : (work) => work(),
    quietly,
  });
  registerFusedOps('tensorflow', {
    ...(onGpu ? ofDevice : { reluGradient, matMulTransposeB }),
    ...(isNative && nativeFusedOps),
    productPrecision: new TensorflowPrecision(facts),
    ...(isOwnBinding && {
      stepCapture: captureOf,
      adamW: (variables, decay, { stepCapture = 'auto' } = {}) =>
        isNative && stepCapture !== 'xla'
          ? new NativeAdamW(variables, decay)
          : new CapturedAdamW(variables, decay, stepCapture === 'off' ? undefined : captureOf(stepCapture)),
    }),
  });
}

const reluGradient: FusedOps['reluGradient'] = (dy, y) => new Operations().one('ReluGrad', [dy, y]);

/** How steps are captured in each mode: compiled by XLA on a device, replayed on the processor, unless the mode decides. */
function capturesOf(
  onGpu: boolean,
  options: Omit<CompiledCaptureOptions, 'fallback' | 'precision'>,
): NonNullable<FusedOps['stepCapture']> {
  const fallback = (): StepCapture => new TensorflowStepCapture();
  return (mode, { precision = 'float32' } = {}) =>
    mode === 'xla' || (mode === 'auto' && onGpu)
      ? new CompiledStepCapture({ ...options, precision, fallback })
      : fallback();
}
