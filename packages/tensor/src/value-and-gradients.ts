import * as tf from '@tensorflow/tfjs-core';

/** What {@link valueAndGradients} computes. The caller owns all of it. */
export interface ValueAndGradients {
  loss: tf.Scalar;
  /** By the name of the TensorFlow.js variable. */
  gradients: tf.NamedTensorMap;
  /** The auxiliary tensors of the forward pass. */
  aux: Record<string, tf.Tensor>;
}

/**
 * A loss and its gradients with respect to variables, as `tf.variableGrads`, with auxiliary tensors of the same forward
 * pass, for example the terms of the loss.
 *
 * @param forward computes the loss and, by name, what else is wanted of the pass.
 * @param variables those whose gradients are computed.
 */
export function valueAndGradients(
  forward: () => { loss: tf.Scalar; aux: Record<string, tf.Tensor> },
  variables: tf.Variable[],
): ValueAndGradients {
  let aux: Record<string, tf.Tensor> = {};
  const { value, grads } = tf.variableGrads(() => {
    const pass = forward();
    aux = Object.fromEntries(Object.entries(pass.aux).map(([name, tensor]) => [name, tf.keep(tf.clone(tensor))]));
    return pass.loss;
  }, variables);
  return { loss: value, gradients: grads, aux };
}
