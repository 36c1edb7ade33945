import * as tf from '@tensorflow/tfjs-core';

/** The arguments of a kernel. */
export interface KernelCall {
  inputs: tf.NamedTensorInfoMap;
  attrs?: tf.NamedAttrMap;
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- TensorFlow.js types it so
  backend: {};
}

/** A kernel written with TensorFlow.js operations; its intermediate tensors are disposed. */
export type ComposedKernel = (call: KernelCall) => tf.Tensor;

/** The TensorFlow.js kernels that this package registered, by backend. */
const registered = new Map<string, Set<string>>();

/** The names of the TensorFlow.js kernels that this package registered for a backend. */
export function registeredKernels(backend: string): string[] {
  return [...(registered.get(backend) ?? [])].sort();
}

/**
 * Registers a kernel under its TensorFlow.js name, in place of the backend's own where it has one.
 *
 * @param make gets the backend's own kernel; a kernel that this package registered before is never passed, nor replaced.
 */
export function registerKernel(
  backendName: string,
  kernelName: string,
  make: (shipped: tf.KernelFunc | undefined) => tf.KernelFunc,
): void {
  const names = registered.get(backendName) ?? new Set();
  registered.set(backendName, names);
  if (names.has(kernelName)) return;
  names.add(kernelName);
  const shipped = tf.getKernel(kernelName, backendName);
  if (shipped) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ ...shipped, kernelName, backendName, kernelFunc: make(shipped?.kernelFunc) });
}

/** As {@link registerKernel}, for kernels that are written with operations. */
export function registerComposedKernel(
  backendName: string,
  kernelName: string,
  make: (shipped: ComposedKernel) => ComposedKernel,
): void {
  registerKernel(backendName, kernelName, (shipped) => {
    const kernel = make((call) => {
      if (!shipped)
        throw new RangeError(`engine/${backendName}: ${kernelName}: expected float32 tensors in NHWC order; cast them`);
      return tf.engine().makeTensorFromTensorInfo(shipped({ attrs: {}, ...call }) as tf.TensorInfo);
    });
    return ({ inputs, attrs, backend }) => tf.tidy(() => kernel({ inputs, attrs, backend }));
  });
}
