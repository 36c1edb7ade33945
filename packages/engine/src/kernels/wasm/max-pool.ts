import * as tf from '@tensorflow/tfjs-core';
import { registerKernel, type KernelCall } from '../kernel-registry.js';
import type { WasmBackend } from './wasm-backend.js';

type Shape5D = [number, number, number, number, number];
type Extent = number | [number, number] | [number, number, number];
interface Attributes {
  filterSize: Extent;
  strides: Extent;
  pad: 'valid' | 'same' | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  includeBatchInIndex?: boolean;
}
type Pooling = ReturnType<typeof tf.backend_util.computePool3DInfo>;

/**
 * Replaces the max pooling kernels of the shipped backend (4.22) that start from 0 instead of −∞, and so compute wrong values where
 * all entries of a window are negative: the gradient of two-dimensional pooling, pooling with indexes, and three-dimensional pooling
 * with its gradient. (Two-dimensional pooling itself is XNNPACK's, and right.)
 */
export function registerMaxPool(): void {
  registerKernel('wasm', 'MaxPoolGrad', () => (call) => poolingGradient(call as KernelCall, 4));
  registerKernel('wasm', 'MaxPool3DGrad', () => (call) => poolingGradient(call as KernelCall, 5));
  registerKernel('wasm', 'MaxPool3D', () => (call) => {
    const { wasm, x, info } = pooled(call as KernelCall, 'x', 5);
    const y = wasm.makeOutput(info.outShape, 'float32');
    const [from, to] = [x, y].map((one) => wasm.typedArrayFromHeap(one));
    eachMaximum(from, info, (out, at) => (to[out] = from[at]));
    return y;
  });
  registerKernel('wasm', 'MaxPoolWithArgmax', () => (call) => {
    const { wasm, x, info, attributes } = pooled(call as KernelCall, 'x', 4);
    const shape = info.outShape.toSpliced(1, 1);
    const y = wasm.makeOutput(shape, 'float32');
    const indexes = wasm.makeOutput(shape, 'int32');
    const [from, to, places] = [x, y, indexes].map((one) => wasm.typedArrayFromHeap(one));
    const perImage = from.length / info.batchSize;
    eachMaximum(from, info, (out, at) => {
      to[out] = from[at];
      places[out] = attributes.includeBatchInIndex ? at : at % perImage;
    });
    return [y, indexes];
  });
}

function poolingGradient(call: KernelCall, rank: 4 | 5): tf.TensorInfo {
  const { wasm, x, info } = pooled(call, 'input', rank);
  const dx = wasm.makeOutput(x.shape, 'float32');
  const [from, dy, to] = [x, call.inputs.dy!, dx].map((one) => wasm.typedArrayFromHeap(one));
  to.fill(0);
  eachMaximum(from, info, (out, at) => (to[at] += dy[out]));
  return dx;
}

/** The input of a pooling kernel, and its windows in three dimensions; two are three with a depth of 1. */
function pooled({ inputs, attrs, backend }: KernelCall, name: string, rank: 4 | 5) {
  const x = inputs[name]!;
  const attributes = attrs as unknown as Attributes;
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  const extents = (extent: Extent): [number, number, number] => {
    if (typeof extent === 'number') return [rank === 5 ? extent : 1, extent, extent];
    return extent.length === 3 ? extent : [1, ...extent];
  };
  const shape = (rank === 5 ? x.shape : x.shape.toSpliced(1, 0, 1)) as Shape5D;
  const info = tf.backend_util.computePool3DInfo(shape, extents(filterSize), extents(strides), 1, pad, dimRoundingMode);
  return { wasm: backend as unknown as WasmBackend, x, info, attributes };
}

/** Calls `visit` with the place of each output and that of the first largest entry of its window; not for windows of NaN alone. */
function eachMaximum(x: ArrayLike<number>, info: Pooling, visit: (out: number, at: number) => void): void {
  const { inDepth, inHeight, inWidth, inChannels, outDepth, outHeight, outWidth, padInfo } = info;
  let out = 0;
  for (let batch = 0; batch < info.batchSize; batch++)
    for (let z = 0; z < outDepth; z++)
      for (let y = 0; y < outHeight; y++)
        for (let column = 0; column < outWidth; column++) {
          const [depths, rows, columns] = [
            range(z * info.strideDepth - padInfo.front, info.filterDepth, inDepth),
            range(y * info.strideHeight - padInfo.top, info.filterHeight, inHeight),
            range(column * info.strideWidth - padInfo.left, info.filterWidth, inWidth),
          ];
          for (let channel = 0; channel < inChannels; channel++, out++) {
            let [most, at] = [-Infinity, -1];
            for (let d = depths.begin; d < depths.end; d++)
              for (let r = rows.begin; r < rows.end; r++)
                for (let c = columns.begin; c < columns.end; c++) {
                  const place = (((batch * inDepth + d) * inHeight + r) * inWidth + c) * inChannels + channel;
                  if (x[place] > most || (at < 0 && x[place] === most)) [most, at] = [x[place], place];
                }
            if (at >= 0) visit(out, at);
          }
        }
}

/** The part of a window that lies inside. */
function range(start: number, size: number, limit: number): { begin: number; end: number } {
  return { begin: Math.max(0, start), end: Math.min(limit, start + size) };
}
