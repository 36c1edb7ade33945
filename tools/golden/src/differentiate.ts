import * as tf from '@tensorflow/tfjs-core';
import { flatten, type Computed, type GoldenCase } from './vector-file.js';

/** Tensors by the names of a case's inputs. */
export type Inputs = Record<string, tf.Tensor>;

/** The inputs of a case as float32 tensors. */
export function tensorsOf({ inputs = {} }: GoldenCase): Inputs {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, tf.tensor(value as number[], undefined, 'float32')]));
}

/** A loss with other outputs beside it. */
export interface Forward {
  loss: tf.Tensor;
  outputs?: Record<string, tf.Tensor>;
}

/** Computes a loss, its gradient for every input that the case asks one for, and the other outputs. */
export async function differentiate(one: GoldenCase, forward: (inputs: Inputs) => Forward): Promise<Computed> {
  const inputs = tensorsOf(one);
  const asked = Object.keys(one.expected.grads ?? {});
  const { loss, outputs = {} } = tf.tidy(() => forward(inputs) as unknown as tf.TensorContainer) as unknown as Forward;
  const computed: Computed = { loss: (await loss.data())[0], grads: {}, outputs: {} };
  for (const [name, tensor] of Object.entries(outputs)) computed.outputs![name] = [...(await tensor.data())];
  if (asked.length > 0) {
    const gradients = tf.grads((...values) => {
      const replaced = Object.fromEntries(asked.map((name, i) => [name, values[i]]));
      return forward({ ...inputs, ...replaced }).loss as tf.Scalar;
    })(asked.map((name) => inputs[name]));
    for (const [i, name] of asked.entries()) computed.grads![name] = flatten([...(await gradients[i].data())]);
    tf.dispose(gradients);
  }
  tf.dispose([inputs, loss, outputs]);
  return computed;
}
