import * as tf from '@tensorflow/tfjs-core';

/** A forward pass with what its backward pass needs. */
export interface ForwardPass<T extends tf.Tensor> {
  value: T;
  /**
   * The tensors that the gradient needs; only these are kept until it has been computed. A function is called only where
   * gradients are being computed: for what the value does not need.
   */
  saved: tf.Tensor[] | (() => tf.Tensor[]);
  /** dy and the saved tensors to the gradient of each input, in their order. */
  gradient: (dy: T, saved: tf.Tensor[]) => tf.Tensor[];
}

/**
 * Computes a value whose gradient is written by hand: fewer tensors are kept, and operations whose gradient a backend
 * lacks or does slowly are avoided. It has no second derivatives: the gradient counts as a constant.
 *
 * @param inputs what the value depends on; `gradient` returns one tensor for each. What else `forward` uses is constant.
 * @param forward computes the value from them.
 */
export function withGradient<T extends tf.Tensor>(
  inputs: tf.Tensor[],
  forward: (...inputs: tf.Tensor[]) => ForwardPass<T>,
): T {
  const isDifferentiated = tf.engine().state.gradientDepth > 0;
  const run = tf.customGrad<T>((...all) => {
    const save = all[all.length - 1] as tf.GradSaveFunc;
    const { value, saved, gradient } = forward(...(all.slice(0, -1) as tf.Tensor[]));
    if (Array.isArray(saved)) save(saved);
    else if (isDifferentiated) save(saved());
    return { value, gradFunc: (dy: T, kept: tf.Tensor[]) => tf.tidy(() => gradient(dy, kept)) };
  });
  return run(...inputs);
}

/**
 * Computes a constant while gradients are computed: its operations are not recorded, and what lies between them is not kept.
 *
 * @param compute what it computes from counts as constant, too.
 * @returns the tensor. The caller owns it.
 */
export function constant<T extends tf.Tensor>(compute: () => T): T {
  return withGradient<T>([], () => ({ value: compute(), saved: [], gradient: () => [] }));
}
