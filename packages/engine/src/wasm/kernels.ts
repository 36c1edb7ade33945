import * as tf from '@tensorflow/tfjs-core';

/** What a kernel is called with. */
export interface KernelInput {
  inputs: tf.NamedTensorInfoMap;
  attrs?: tf.NamedAttrMap;
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- TensorFlow.js types it so
  backend: {};
}

/** A kernel written with TensorFlow.js operations; what it makes on the way is disposed. */
export type ComposedKernel = (input: KernelInput) => tf.Tensor;

const done = new Set<string>();

/** Registers a kernel that the wasm backend lacks; does nothing where it has one. */
export function addKernel(kernelName: string, kernel: ComposedKernel): void {
  if (tf.getKernel(kernelName, 'wasm')) return;
  tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc: composed(kernel) });
}

/** Registers a kernel, or replaces the one that there is. `make` gets the shipped one, where there is one. */
export function setKernel(kernelName: string, make: (shipped?: tf.KernelFunc) => ComposedKernel): void {
  if (tf.getKernel(kernelName, 'wasm')) replaceKernel(kernelName, make);
  else addKernel(kernelName, make());
}

/** Replaces a kernel of the wasm backend, once a process; `make` gets the shipped one. */
export function replaceKernel(kernelName: string, make: (shipped: tf.KernelFunc) => ComposedKernel): void {
  const shipped = tf.getKernel(kernelName, 'wasm');
  if (!shipped || done.has(kernelName)) return;
  done.add(kernelName);
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({ ...shipped, kernelFunc: composed(make(shipped.kernelFunc)) });
}

function composed(kernel: ComposedKernel): tf.KernelFunc {
  return ({ inputs, attrs, backend }) => tf.tidy(() => kernel({ inputs, attrs, backend }));
}
