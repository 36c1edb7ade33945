import type * as tf from '@tensorflow/tfjs-core';

/** Applies operations one after another, and disposes what lies between them. */
export function chain(x: tf.Tensor, ...operations: ((x: tf.Tensor) => tf.Tensor)[]): tf.Tensor {
  const [first, ...rest] = operations;
  return rest.reduce(replaced, first(x));
}

/** The result of an operation in the place of its argument, which is disposed. */
export function replaced(x: tf.Tensor, operation: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  const result = operation(x);
  x.dispose();
  return result;
}

/** The result of an operation on tensors, all of which are disposed. */
export function consumed<T extends tf.Tensor[]>(operation: (...tensors: T) => tf.Tensor, ...tensors: T): tf.Tensor {
  const result = operation(...tensors);
  for (const tensor of tensors) tensor.dispose();
  return result;
}
