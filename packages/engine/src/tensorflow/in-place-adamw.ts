import type { AdamWSettings, FusedAdamW } from '@cxr-align/fast-forms';
import * as tf from '@tensorflow/tfjs-core';
import { detach, moveToNewMemory } from './detach.js';
import { flatValues } from './flat-values.js';
import { Operations } from './operations.js';

/** A variable and its moments. */
interface Slot {
  variable: tf.Variable;
  first: tf.Tensor;
  second: tf.Tensor;
  /** The data that the variable had after the last step: others mean that someone assigned to it since. */
  known?: object;
}

/**
 * AdamW of all variables in one call of our own kernel, which reads the gradients once for their length and once more while it
 * goes through the rest, in place. A clone of a variable stays as it is; what was made by reshaping one, and is kept over a step,
 * changes with it.
 */
export class InPlaceAdamW implements FusedAdamW {
  private readonly slots: Slot[];
  private readonly decays: tf.Tensor1D;

  constructor(variables: readonly tf.Variable[], decay: readonly number[]) {
    this.decays = tf.tensor1d([...decay]);
    this.slots = variables.map((variable) => ({
      variable,
      first: tf.zeros(variable.shape),
      second: tf.zeros(variable.shape),
    }));
  }

  apply(gradients: tf.Tensor[], settings: AdamWSettings): tf.Scalar {
    const { step, learningRate, beta1, beta2, eps, maxGradientNorm = 0, factors } = settings;
    const ops = new Operations();
    for (const slot of this.slots) own(slot);
    const length = tf.tidy(() => {
      const corrections = [1 / (1 - beta1 ** step), 1 / Math.sqrt(1 - beta2 ** step)];
      const numbers = tf.tensor1d([maxGradientNorm, beta1, beta2, eps, ...corrections]);
      const rates = tf.tensor1d(this.slots.map((_, i) => learningRate * (factors?.[i] ?? 1)));
      const tensors = this.slots.flatMap(({ variable, first, second }, i) => [variable, first, second, gradients[i]]);
      return ops.one(
        'CxrAdamW',
        [numbers, rates, this.decays, ...tensors],
        [ops.whole('count', tensors.length)],
      ) as tf.Scalar;
    });
    tf.dispose(gradients);
    return length;
  }

  async moments(): Promise<{ first: Float32Array; second: Float32Array }> {
    return {
      first: await flatValues(this.slots.map(({ first }) => first)),
      second: await flatValues(this.slots.map(({ second }) => second)),
    };
  }

  restore(moments: { first: Float32Array; second: Float32Array }): void {
    for (const kind of ['first', 'second'] as const) {
      let start = 0;
      for (const slot of this.slots) {
        const { size, shape } = slot.variable;
        slot[kind].dispose();
        slot[kind] = tf.tensor(moments[kind].slice(start, start + size), shape);
        start += size;
      }
    }
  }

  dispose(): void {
    tf.dispose([this.decays, this.slots.map(({ first, second }) => [first, second])]);
  }
}

/**
 * Gives a variable memory of its own before it is written to: a clone may share what it has, or the array that it was made of,
 * which TensorFlow takes as it is.
 */
function own(slot: Slot): void {
  const { variable, known } = slot;
  if (variable.dataId === known) detach(variable);
  else moveToNewMemory(variable);
  slot.known = variable.dataId;
}
