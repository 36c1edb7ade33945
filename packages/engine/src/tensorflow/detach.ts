import * as tf from '@tensorflow/tfjs-core';

/** Gives a variable memory of its own where a clone shares it, so that the clone does not change with what is done in place. */
export function detach(variable: tf.Variable): void {
  if ((tf.backend() as tf.KernelBackend).refCount(variable.dataId) >= 2) moveToNewMemory(variable);
}

/** Gives a variable memory that nothing else has. */
export function moveToNewMemory(variable: tf.Variable): void {
  const copy = tf.mul(variable, 1);
  variable.assign(copy);
  copy.dispose();
}
