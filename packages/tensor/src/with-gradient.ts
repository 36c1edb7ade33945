import * as tf from '@tensorflow/tfjs-core';

/** A forward pass with what its backward pass needs. */
export interface ForwardPass<T extends tf.Tensor> {
  value: T;
  /**
   * The tensors that the gradient needs; only these are kept until it has been computed. A function is called only where
   * gradients are being computed: for what the value does not need.
   */
  saved: tf.Tensor[] | (() => tf.Tensor[]);
  /**
   * dy and the saved tensors to the gradient of each input, in their order. A function computes a gradient, from them alone, only
   * where it is needed: not for an input that nothing learned leads to.
   */
  gradient: (dy: T, saved: tf.Tensor[]) => (tf.Tensor | (() => tf.Tensor))[];
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
  const engine = tf.engine() as unknown as GradientEngine;
  const isDifferentiated = engine.state.gradientDepth > 0;
  let gradientOf: ForwardPass<T>['gradient'];
  return engine.runKernelFunc({
    inputs: Object.fromEntries(inputs.map((x, i) => [i, x])),
    forwardFunc: (_, save) => {
      const { value, saved, gradient } = forward(...inputs);
      gradientOf = gradient;
      if (Array.isArray(saved)) save(saved);
      else if (isDifferentiated) save(saved());
      return value;
    },
    backwardsFunc: (dy: T, saved) => {
      let gradients: (tf.Tensor | (() => tf.Tensor))[] = [];
      tf.tidy(() => {
        gradients = gradientOf(dy, saved);
        return gradients.filter((one) => typeof one !== 'function');
      });
      return Object.fromEntries(gradients.map((one, i) => [i, () => (typeof one === 'function' ? tf.tidy(one) : one)]));
    },
  });
}

type ByInput<T> = Record<string, T>;

/** What `tf.customGrad` calls; that one computes the gradients of all inputs wherever one is needed. */
interface GradientEngine {
  state: { gradientDepth: number };
  runKernelFunc<T extends tf.Tensor>(call: {
    inputs: ByInput<tf.Tensor>;
    forwardFunc: (backend: unknown, save: (tensors: tf.Tensor[]) => void) => T;
    backwardsFunc: (dy: T, saved: tf.Tensor[]) => ByInput<() => tf.Tensor>;
  }): T;
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
