import * as tf from '@tensorflow/tfjs-core';

/** An input of a step: others each time. */
export const inputOf = (step: number, rows = 5): tf.Tensor2D =>
  tf.tensor2d(
    Float32Array.from({ length: rows * 4 }, (_, i) => Math.sin(i + step)),
    [rows, 4],
  );

/** What tests use of the binding. */
export interface Binding {
  getNumOfTensors: () => number;
  executeOp: (
    name: string,
    attributes: { name: string; type: number; value: unknown }[],
    ...more: unknown[]
  ) => { id: number }[];
  TF_ATTR_TYPE: number;
  TF_FLOAT: number;
}
const bindingOwner = (): { binding: Binding } => tf.backend() as unknown as { binding: Binding };

/** How many tensors TensorFlow holds. */
export const held = (): number => bindingOwner().binding.getNumOfTensors();

/** Replaces `executeOp` of the binding while `work` runs. @param replacement gets the binding as it is. */
export function withExecuteOp<T>(replacement: (binding: Binding) => Binding['executeOp'], work: () => T): T {
  const owner = bindingOwner();
  const { binding } = owner;
  owner.binding = Object.create(binding, { executeOp: { value: replacement(binding) } }) as Binding;
  try {
    return work();
  } finally {
    owner.binding = binding;
  }
}
