import * as tf from '@tensorflow/tfjs-core';

/** What our kernels use of the wasm backend. */
export interface WasmBackend {
  /** The module: its allocator. */
  wasm: { _malloc: (bytes: number) => number; _free: (place: number) => void };
  /** The addresses of tensors. */
  dataIdMap: { get: (dataId: object) => { memoryOffset: number } };
  /** Counts one tensor more that shares some memory. */
  incRef(dataId: object): void;
  /** How many tensors share some memory. */
  refCount(dataId: object): number;
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  /** A view of a tensor's memory; it is invalid once another tensor is made, since the heap may move. */
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array | Int32Array | Uint8Array;
}

/** The wasm backend, while it is the one in use. */
export function wasmBackend(): WasmBackend {
  return tf.backend() as unknown as WasmBackend;
}
