import * as tf from '@tensorflow/tfjs-core';
import { Operations } from './operations.js';

/** A kernel of TensorFlow.js: what it computes from inputs and attributes. */
type Kernel = (
  inputs: Record<string, tf.Tensor>,
  attributes: Record<string, unknown>,
  ops: Operations,
) => tf.TensorInfo | undefined;

/** Engines may be started again and again. */
let areLean = false;

/**
 * Replaces kernels of TensorFlow.js's Node binding whose calls of TensorFlow can be fewer or better: a reshape makes the tensor of
 * its shape once, and so does a further axis; a cast to the type that is there does nothing; a product of two matrices is one, not
 * one of batches of one; the softmax is our own where there is one. Where a replacement does not know better, the kernel does
 * what it did.
 */
export function useLeanKernels({ ownSoftmax }: { ownSoftmax: boolean }): void {
  if (areLean) return;
  areLean = true;
  // TensorFlow, too, takes −1 for what is left.
  replace('Reshape', ({ x }, { shape }, ops) => ops.reshape(x, shape as number[]));
  replace('ExpandDims', ({ input }, { dim }, ops) => {
    const at = dim as number;
    return ops.reshape(input, input.shape.toSpliced(at < 0 ? input.shape.length + 1 + at : at, 0, 1));
  });
  replace('Cast', ({ x }, { dtype }) => {
    if (x.dtype !== dtype) return undefined;
    (tf.backend() as unknown as { incRef: (dataId: object) => void }).incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  });
  replace('BatchMatMul', ({ a, b }, { transposeA, transposeB }, ops) => {
    if (a.shape.length !== 2 || b.shape.length !== 2 || a.dtype !== 'float32' || b.dtype !== 'float32')
      return undefined;
    const attributes = [
      ops.float(),
      ops.flag('transpose_a', transposeA as boolean),
      ops.flag('transpose_b', transposeB as boolean),
    ];
    return ops.one('MatMul', [a, b], attributes);
  });
  if (ownSoftmax)
    replace('Softmax', ({ logits }, _, ops) =>
      logits.dtype === 'float32' && logits.shape.length > 0 ? ops.one('CxrSoftmax', [logits], []) : undefined,
    );
}

function replace(kernelName: string, lean: Kernel): void {
  const backendName = 'tensorflow';
  const before = tf.getKernel(kernelName, backendName);
  tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    ...before,
    kernelFunc: (call) =>
      lean(call.inputs as Record<string, tf.Tensor>, call.attrs as Record<string, unknown>, new Operations()) ??
      before.kernelFunc(call),
  });
}
