import * as tf from '@tensorflow/tfjs-core';
import { registerKernel } from '../kernel-registry.js';
import { isCompilable } from './compilable-ops.js';
import { runNativeOp } from './native-ops.js';
import { Operations } from './operations.js';

/** A kernel that computes from inputs and attributes; undefined where the binding's own kernel is to compute. */
type Override = (
  inputs: Record<string, tf.Tensor>,
  attributes: Record<string, unknown>,
  ops: Operations,
) => tf.TensorInfo | undefined;

/** The kernels that every binding gets. */
const overrides: Readonly<Record<string, Override>> = {
  // TensorFlow, too, takes −1 for the rest of a shape.
  Reshape: ({ x }, { shape }, ops) => ops.reshape(x, shape as number[]),
  ExpandDims: ({ input }, { dim }, ops) => {
    const at = dim as number;
    return ops.reshape(input, input.shape.toSpliced(at < 0 ? input.shape.length + 1 + at : at, 0, 1));
  },
  Cast: ({ x }, { dtype }) => {
    if (x.dtype !== dtype) return undefined;
    (tf.backend() as unknown as { incRef: (dataId: object) => void }).incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  },
  BatchMatMul: ({ a, b }, { transposeA, transposeB }, ops) => {
    if (a.shape.length !== 2 || b.shape.length !== 2 || a.dtype !== 'float32' || b.dtype !== 'float32')
      return undefined;
    const attributes = [
      ops.float(),
      ops.flag('transpose_a', transposeA as boolean),
      ops.flag('transpose_b', transposeB as boolean),
    ];
    return ops.one('MatMul', [a, b], attributes);
  },
};

/** The kernels that only a binding with our own operations gets. */
const nativeOverrides: Readonly<Record<string, Override>> = {
  Softmax: ({ logits }) =>
    logits.dtype === 'float32' && logits.shape.length > 0 && !isCompilable()
      ? runNativeOp('CxrSoftmax', { x: logits }, {}).y
      : undefined,
};

/** The names of the kernels that are replaced. */
export const overriddenKernels: readonly string[] = [...Object.keys(overrides), ...Object.keys(nativeOverrides)];

/**
 * Replaces kernels of TensorFlow.js's Node binding by fewer or faster TensorFlow operations: a reshape and a new axis use one cached
 * shape tensor; a cast to the present type shares memory; a product of two matrices is MatMul instead of a batch of one; the softmax
 * is our own where the binding has it. All others are computed as before.
 */
export function registerKernelOverrides({ hasNativeOps }: { hasNativeOps: boolean }): void {
  const all = { ...overrides, ...(hasNativeOps && nativeOverrides) };
  for (const [name, override] of Object.entries(all))
    registerKernel('tensorflow', name, (shipped) => ({ inputs, attrs, backend }) => {
      const own = override(inputs as Record<string, tf.Tensor>, attrs as Record<string, unknown>, new Operations());
      return own ?? shipped!({ inputs, attrs, backend });
    });
}
