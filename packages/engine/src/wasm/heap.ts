import * as tf from '@tensorflow/tfjs-core';

/** What the wasm backend offers its own kernels. */
export interface WasmBackend {
  /** The module: its allocator. */
  wasm: { _malloc: (bytes: number) => number; _free: (place: number) => void };
  /** Where the tensors lie. */
  dataIdMap: { get: (dataId: object) => { memoryOffset: number } };
  /** Notes that one tensor more has some memory. */
  incRef(dataId: object): void;
  /** How many tensors have some memory. */
  refCount(dataId: object): number;
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  /** A view of a tensor's memory; the heap may move when tensors are made, and the view is then of nothing. */
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array | Int32Array | Uint8Array;
}

/** The wasm backend, while it is the one in use. */
export function wasmBackend(): WasmBackend {
  return tf.backend() as unknown as WasmBackend;
}
