import * as tf from '@tensorflow/tfjs-core';
import type { WasmBackend } from './heap.js';
import { replaceKernel } from './kernels.js';

/**
 * Cuts a contiguous part out of a tensor without copying the whole of it first, as the shipped kernel does: an optimiser
 * that cuts one flat array into hundreds of parameters copies it hundreds of times otherwise.
 */
export function useFastSlices(): void {
  replaceKernel('Slice', (base) => ({ inputs, attrs, backend }) => {
    const { x } = inputs as { x: tf.Tensor };
    const { begin, size } = attrs as unknown as { begin: number | number[]; size: number | number[] };
    const [start, extent] = tf.slice_util.parseSliceParams(x, begin, size);
    if (x.dtype === 'string' || !tf.slice_util.isSliceContinous(x.shape, start, extent)) {
      return tf.engine().makeTensorFromTensorInfo(base({ inputs, attrs, backend }) as tf.TensorInfo);
    }
    const wasm = backend as unknown as WasmBackend;
    const out = wasm.makeOutput(extent, x.dtype);
    const offset = tf.slice_util.computeFlatOffset(start, tf.util.computeStrides(x.shape));
    const count = tf.util.sizeFromShape(extent);
    wasm.typedArrayFromHeap(out).set(wasm.typedArrayFromHeap(x).subarray(offset, offset + count));
    return tf.engine().makeTensorFromTensorInfo(out);
  });
}
