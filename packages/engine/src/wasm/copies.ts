import * as tf from '@tensorflow/tfjs-core';
import { wasmBackend } from './heap.js';
import { replaceKernel } from './kernels.js';

/** Has a clone, and a cast to the type that is there, share the memory of what they are made of, instead of copying it. */
export function useCheapCopies(): void {
  const shared = ({ dataId, shape, dtype }: tf.Tensor): tf.Tensor => {
    wasmBackend().incRef(dataId);
    return tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype });
  };
  replaceKernel('Identity', (base) => (call) => {
    const { x } = call.inputs as { x: tf.Tensor };
    if (x.dtype !== 'string') return shared(x);
    return tf.engine().makeTensorFromTensorInfo(base({ attrs: {}, ...call }) as tf.TensorInfo);
  });
  replaceKernel('Cast', (base) => (call) => {
    const { x } = call.inputs as { x: tf.Tensor };
    if (x.dtype === call.attrs?.dtype) return shared(x);
    return tf.engine().makeTensorFromTensorInfo(base({ attrs: {}, ...call }) as tf.TensorInfo);
  });
}
