import * as tf from '@tensorflow/tfjs-core';

/** Gives a variable memory of its own where a clone shares it, so that the clone does not change with what is done in place. */
export function detach(variable: tf.Variable): void {
  const backend = tf.backend() as tf.KernelBackend;
  if (backend.refCount(variable.dataId) < 2) return;
  const copy = tf.mul(variable, 1);
  variable.assign(copy);
  copy.dispose();
}
