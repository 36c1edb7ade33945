import * as tf from '@tensorflow/tfjs-core';
import { registerComposedKernel } from '../kernel-registry.js';
import type { WasmBackend } from './wasm-backend.js';

/**
 * Copies what is gathered row by row. The shipped kernel computes where each single number lies: about 40 ns each, more than
 * a number costs in a product.
 */
export function registerGather(): void {
  registerComposedKernel('wasm', 'GatherV2', (shipped) => (call) => {
    const { inputs, attrs, backend } = call;
    const { x, indices } = inputs as { x: tf.Tensor; indices: tf.Tensor };
    const { axis, batchDims = 0 } = attrs as unknown as { axis: number; batchDims?: number };
    if (batchDims !== 0 || x.dtype === 'string' || indices.dtype !== 'int32') return shipped(call);
    const at = axis < 0 ? axis + x.shape.length : axis;
    const [before, extent, after] = [x.shape.slice(0, at), x.shape[at], x.shape.slice(at + 1)];
    const wasm = backend as unknown as WasmBackend;
    const out = wasm.makeOutput([...before, ...indices.shape, ...after], x.dtype);
    const result = tf.engine().makeTensorFromTensorInfo(out);
    const [from, order, to] = [x, indices, out].map((tensor) => wasm.typedArrayFromHeap(tensor));
    // The shipped kernel has the error for an index out of range.
    if (order.some((index) => index < 0 || index >= extent)) return shipped(call);
    const [rows, width] = [before, after].map((shape) => tf.util.sizeFromShape(shape));
    let place = 0;
    for (let start = 0; start < rows * extent * width; start += extent * width)
      for (let i = 0; i < order.length; i++, place += width) {
        const row = start + order[i] * width;
        if (width === 1) to[place] = from[row];
        else to.set(from.subarray(row, row + width), place);
      }
    return result;
  });
}
