import * as tf from '@tensorflow/tfjs-core';

/**
 * The parts of a tensor along its first axis. `tf.unstack` has no gradient where there is only one of them.
 *
 * @returns tensors of one rank less. The caller owns them.
 */
export function unstack<T extends tf.Tensor = tf.Tensor>(x: tf.Tensor): T[] {
  const [count, ...shape] = x.shape;
  if (count !== 1) return tf.unstack(x) as T[];
  return [tf.reshape(x, shape) as T];
}
