import * as tf from '@tensorflow/tfjs-core';
import { flatValues } from './flat-values.js';

/** The moments of AdamW as tensors, one a variable. */
export class Moments {
  readonly first: tf.Tensor[];
  readonly second: tf.Tensor[];

  constructor(variables: readonly tf.Variable[]) {
    const zeros = (): tf.Tensor[] => variables.map(({ shape }) => tf.zeros(shape));
    this.first = zeros();
    this.second = zeros();
  }

  /** Flat, in the order of the variables. */
  async values(): Promise<{ first: Float32Array; second: Float32Array }> {
    return { first: await flatValues(this.first), second: await flatValues(this.second) };
  }

  /** Puts back what {@link values} gave. */
  restore(values: { first: Float32Array; second: Float32Array }): void {
    for (const kind of ['first', 'second'] as const) {
      let start = 0;
      this[kind].forEach((moment, i) => {
        this[kind][i] = tf.tensor(values[kind].slice(start, start + moment.size), moment.shape);
        start += moment.size;
        moment.dispose();
      });
    }
  }

  dispose(): void {
    tf.dispose([this.first, this.second]);
  }
}
