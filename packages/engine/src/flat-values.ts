import type * as tf from '@tensorflow/tfjs-core';

/** The values of tensors, one after the other. */
export async function flatValues(tensors: readonly tf.Tensor[]): Promise<Float32Array> {
  const flat = new Float32Array(tensors.reduce((sum, { size }) => sum + size, 0));
  let start = 0;
  for (const tensor of tensors) {
    flat.set((await tensor.data()) as Float32Array, start);
    start += tensor.size;
  }
  return flat;
}
