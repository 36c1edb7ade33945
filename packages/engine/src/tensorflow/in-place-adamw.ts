import type { AdamWSettings, FusedAdamW } from '@cxr-align/fast-forms';
import * as tf from '@tensorflow/tfjs-core';
import { Moments } from '../moments.js';
import { detach, moveToNewMemory } from './detach.js';
import { Operations } from './operations.js';

/** A variable. */
interface Slot {
  variable: tf.Variable;
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
  private readonly own: Moments;

  constructor(variables: readonly tf.Variable[], decay: readonly number[]) {
    this.decays = tf.tensor1d([...decay]);
    this.slots = variables.map((variable) => ({ variable }));
    this.own = new Moments(variables);
  }

  apply(gradients: tf.Tensor[], settings: AdamWSettings): tf.Scalar {
    const { step, learningRate, beta1, beta2, eps, maxGradientNorm = 0, factors } = settings;
    const ops = new Operations();
    for (const slot of this.slots) ownMemory(slot);
    const length = tf.tidy(() => {
      const corrections = [1 / (1 - beta1 ** step), 1 / Math.sqrt(1 - beta2 ** step)];
      const numbers = tf.tensor1d([maxGradientNorm, beta1, beta2, eps, ...corrections]);
      const rates = tf.tensor1d(this.slots.map((_, i) => learningRate * (factors?.[i] ?? 1)));
      const { first, second } = this.own;
      const tensors = this.slots.flatMap(({ variable }, i) => [variable, first[i], second[i], gradients[i]]);
      return ops.one(
        'CxrAdamW',
        [numbers, rates, this.decays, ...tensors],
        [ops.whole('count', tensors.length)],
      ) as tf.Scalar;
    });
    tf.dispose(gradients);
    return length;
  }

  moments(): Promise<{ first: Float32Array; second: Float32Array }> {
    return this.own.values();
  }

  restore(moments: { first: Float32Array; second: Float32Array }): void {
    this.own.restore(moments);
  }

  dispose(): void {
    this.decays.dispose();
    this.own.dispose();
  }
}

/**
 * Gives a variable memory of its own before it is written to: a clone may share what it has, or the array that it was made of,
 * which TensorFlow takes as it is.
 */
function ownMemory(slot: Slot): void {
  const { variable, known } = slot;
  if (variable.dataId === known) detach(variable);
  else moveToNewMemory(variable);
  slot.known = variable.dataId;
}
