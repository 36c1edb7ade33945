import * as tf from '@tensorflow/tfjs-core';

/** What {@link gradientsAndExtras} computes. The caller owns all of it. */
export interface GradientsAndExtras {
  loss: tf.Scalar;
  /** By the name of the TensorFlow.js variable. */
  gradients: tf.NamedTensorMap;
  extras: Record<string, tf.Tensor>;
}

/**
 * The gradients of a loss with respect to variables, as `tf.variableGrads`, and besides them tensors of the same
 * forward pass, say the parts of the loss.
 */
export function gradientsAndExtras(
  forward: () => { loss: tf.Scalar; extras: Record<string, tf.Tensor> },
  variables: tf.Variable[],
): GradientsAndExtras {
  let extras: Record<string, tf.Tensor> = {};
  const { value, grads } = tf.variableGrads(() => {
    const pass = forward();
    extras = Object.fromEntries(Object.entries(pass.extras).map(([name, tensor]) => [name, tf.keep(tf.clone(tensor))]));
    return pass.loss;
  }, variables);
  return { loss: value, gradients: grads, extras };
}
