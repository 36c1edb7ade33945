import type { AdamWSettings, FusedAdamW } from '@cxr-align/fast-forms';
import * as tf from '@tensorflow/tfjs-core';
import { Moments } from '../moments.js';
import { Operations } from './operations.js';
import { TensorflowRepeatedWork } from './repeated-work.js';

/**
 * AdamW of all variables by plain operations that TensorFlow runs as one: for devices, on which a call from JavaScript costs more
 * than its arithmetic.
 */
export class ReplayedAdamW implements FusedAdamW {
  private readonly work = new TensorflowRepeatedWork();
  private readonly own: Moments;
  /** What the learning rates were multiplied by, and how often that has changed. */
  private factors = '';
  private round = 0;

  /** @param decay of each variable. */
  constructor(
    private readonly variables: readonly tf.Variable[],
    private readonly decay: readonly number[],
  ) {
    this.own = new Moments(variables);
  }

  apply(gradients: tf.Tensor[], settings: AdamWSettings): tf.Scalar {
    const { step, learningRate, beta1, beta2, factors } = settings;
    const told = factors?.join() ?? '';
    if (told !== this.factors) this.round++;
    this.factors = told;
    const numbers = [learningRate, 1 / (1 - beta1 ** step), 1 / Math.sqrt(1 - beta2 ** step)].map((n) => tf.scalar(n));
    const { first, second } = this.own;
    const { length, ...moments } = this.work.run(
      { inputs: [...numbers, ...first, ...second, ...gradients], step, round: this.round },
      () => tf.tidy(() => this.update(gradients, numbers, settings)),
    );
    tf.dispose([numbers, first, second, gradients]);
    this.variables.forEach((_, i) => {
      first[i] = moments[`first${i}`];
      second[i] = moments[`second${i}`];
    });
    return length as tf.Scalar;
  }

  private update(gradients: tf.Tensor[], numbers: tf.Scalar[], settings: AdamWSettings): tf.NamedTensorMap {
    const { beta1, beta2, eps, maxGradientNorm, factors } = settings;
    const [rate, ofFirst, ofSecond] = numbers;
    const ops = new Operations();
    const length = tf.sqrt(tf.mul(tf.addN(gradients.map((gradient) => ops.one('L2Loss', [gradient]))), 2));
    const shrink =
      maxGradientNorm === undefined ? tf.scalar(1) : tf.minimum(1, tf.div(maxGradientNorm, tf.add(length, 1e-6)));
    const results: tf.NamedTensorMap = { length };
    const [old1, new1, old2, new2, epsilon] = [beta1, 1 - beta1, beta2, 1 - beta2, eps].map((n) => tf.scalar(n));
    const each = <T>(values: readonly number[], make: (value: number) => T): T[] => {
      const made = new Map([...new Set(values)].map((value) => [value, make(value)]));
      return values.map((value) => made.get(value)!);
    };
    const rates = each(factors ?? this.variables.map(() => 1), (factor) => tf.mul(rate, factor));
    const decays = each(this.decay, (decay) => tf.scalar(decay));
    this.variables.forEach((variable, i) => {
      const kept = tf.tidy(() => {
        const gradient = tf.mul(gradients[i], shrink);
        const first = tf.add(tf.mul(this.own.first[i], old1), tf.mul(gradient, new1));
        const second = tf.add(tf.mul(this.own.second[i], old2), tf.mul(tf.square(gradient), new2));
        const move = tf.div(tf.mul(first, ofFirst), tf.add(tf.mul(tf.sqrt(second), ofSecond), epsilon));
        const shrunk = this.decay[i] === 0 ? move : tf.add(move, tf.mul(variable, decays[i]));
        variable.assign(tf.sub(variable, tf.mul(shrunk, rates[i])));
        return [first, second];
      });
      [results[`first${i}`], results[`second${i}`]] = kept;
    });
    return results;
  }

  moments(): Promise<{ first: Float32Array; second: Float32Array }> {
    return this.own.values();
  }

  restore(moments: { first: Float32Array; second: Float32Array }): void {
    this.own.restore(moments);
  }

  dispose(): void {
    this.work.dispose();
    this.own.dispose();
  }
}
