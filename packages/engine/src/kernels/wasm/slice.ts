import * as tf from '@tensorflow/tfjs-core';
import { registerComposedKernel } from '../kernel-registry.js';
import type { WasmBackend } from './wasm-backend.js';

/**
 * Copies a contiguous slice without copying the whole tensor first, as the shipped kernel does: an optimiser that slices one flat
 * array into hundreds of parameters would copy it hundreds of times.
 */
export function registerContiguousSlice(): void {
  registerComposedKernel('wasm', 'Slice', (shipped) => (call) => {
    const { inputs, attrs, backend } = call;
    const { x } = inputs as { x: tf.Tensor };
    const { begin, size } = attrs as unknown as { begin: number | number[]; size: number | number[] };
    const [start, extent] = tf.slice_util.parseSliceParams(x, begin, size);
    if (x.dtype === 'string' || !tf.slice_util.isSliceContinous(x.shape, start, extent)) return shipped(call);
    const wasm = backend as unknown as WasmBackend;
    const out = wasm.makeOutput(extent, x.dtype);
    const offset = tf.slice_util.computeFlatOffset(start, tf.util.computeStrides(x.shape));
    const count = tf.util.sizeFromShape(extent);
    wasm.typedArrayFromHeap(out).set(wasm.typedArrayFromHeap(x).subarray(offset, offset + count));
    return tf.engine().makeTensorFromTensorInfo(out);
  });
}
