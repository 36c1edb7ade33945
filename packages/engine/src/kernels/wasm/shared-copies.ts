import * as tf from '@tensorflow/tfjs-core';
import { wasmBackend } from './wasm-backend.js';
import { registerComposedKernel } from '../kernel-registry.js';

/** Lets a clone, and a cast to the present type, share the memory of its input instead of copying it. */
export function registerSharedCopies(): void {
  const shared = ({ dataId, shape, dtype }: tf.Tensor): tf.Tensor => {
    wasmBackend().incRef(dataId);
    return tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype });
  };
  registerComposedKernel('wasm', 'Identity', (shipped) => (call) => {
    const { x } = call.inputs as { x: tf.Tensor };
    return x.dtype === 'string' ? shipped(call) : shared(x);
  });
  registerComposedKernel('wasm', 'Cast', (shipped) => (call) => {
    const { x } = call.inputs as { x: tf.Tensor };
    return x.dtype === call.attrs?.dtype ? shared(x) : shipped(call);
  });
}
