import { fastForms, type AdamWSettings, type FusedAdamW } from '@cxr-align/fast-forms';
import * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from './parameters.js';

/** Settings of the optimiser; the learning rate comes with each step. */
export interface AdamWOptions {
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-8. */
  eps?: number;
  /** Decoupled decay, for arrays of two or more axes only: not for biases, scales and shifts. Default 1e-4. */
  weightDecay?: number;
  /** The gradients are scaled down together when their joint length is above this. Default none. */
  maxGradientNorm?: number;
}

/** The moments of the optimiser and its count of steps, as a checkpoint keeps them. */
export interface AdamWState {
  step: number;
  moments: Map<string, { shape: number[]; data: Float32Array }>;
}

/**
 * AdamW: w ← w·(1 − lr·decay); m, v moments of the gradient; w ← w − lr·m̂ / (√v̂ + eps).
 *
 * All parameters are updated together: by the engine that runs when it is made, where that has a form of its own, else as one
 * flat array, so that a step is a handful of operations however many there are.
 *
 * @see Loshchilov and Hutter 2019, arXiv:1711.05101.
 */
export class AdamW {
  private readonly options: Omit<AdamWSettings, 'step' | 'learningRate' | 'factors'>;
  private readonly update: FusedAdamW;
  private readonly size: number;
  private steps = 0;

  constructor(
    private readonly parameters: readonly Parameter[],
    { beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 1e-4, maxGradientNorm }: AdamWOptions = {},
  ) {
    this.options = { beta1, beta2, eps, maxGradientNorm };
    const variables = parameters.map(({ variable }) => variable);
    const decay = variables.map(({ rank }) => (rank >= 2 ? weightDecay : 0));
    this.size = variables.reduce((sum, { size }) => sum + size, 0);
    this.update = fastForms().adamW?.(variables, decay) ?? new FlatAdamW(variables, decay);
  }

  /** How many steps have been taken. */
  get step(): number {
    return this.steps;
  }

  /**
   * Takes one step and disposes the gradients.
   *
   * @param gradients by the name of the TensorFlow.js variable, as `tf.variableGrads` gives them; one that is missing
   *   counts as 0.
   * @param factors what the learning rate is multiplied by for each parameter, in their order; 0 freezes it. Default 1 for all.
   * @returns the length of all gradients together, before they were scaled down. The caller owns it.
   */
  apply(gradients: tf.NamedTensorMap, learningRate: number, factors?: readonly number[]): tf.Scalar {
    this.steps += 1;
    const all = this.parameters.map(({ variable }) => gradients[variable.name] ?? tf.zerosLike(variable));
    return this.update.apply(all, { ...this.options, step: this.steps, learningRate, factors });
  }

  /** Copies of what a checkpoint needs. */
  async state(): Promise<AdamWState> {
    const moments = Object.entries(await this.update.moments());
    return {
      step: this.steps,
      moments: new Map(moments.map(([name, data]) => [name, { shape: [data.length], data }])),
    };
  }

  /** Goes on from a stored state. @throws {RangeError} if it belongs to a model of another size. */
  restore({ step, moments }: AdamWState): void {
    const [first, second] = ['first', 'second'].map((name) => {
      const stored = moments.get(name);
      if (stored?.data.length !== this.size) {
        throw new RangeError(
          `nn/AdamW.restore: expected ${this.size} numbers in ${name}, got ${stored?.data.length}; the state belongs to another model`,
        );
      }
      return stored.data;
    });
    this.update.restore({ first, second });
    this.steps = step;
  }

  dispose(): void {
    this.update.dispose();
  }
}

/** The plain form: all variables as one flat array. */
class FlatAdamW implements FusedAdamW {
  private readonly decay: tf.Tensor1D;
  private first: tf.Tensor1D;
  private second: tf.Tensor1D;

  constructor(
    private readonly variables: readonly tf.Variable[],
    decay: readonly number[],
  ) {
    this.decay = this.eachNumber(decay);
    this.first = tf.zeros(this.decay.shape);
    this.second = tf.zeros(this.decay.shape);
  }

  /** A number of each variable, for each of its entries. */
  private eachNumber(ofVariables: readonly number[]): tf.Tensor1D {
    const flat = new Float32Array(this.variables.reduce((sum, { size }) => sum + size, 0));
    let start = 0;
    this.variables.forEach(({ size }, i) => {
      flat.fill(ofVariables[i], start, start + size);
      start += size;
    });
    return tf.tensor1d(flat);
  }

  apply(gradients: tf.Tensor[], settings: AdamWSettings): tf.Scalar {
    const { step, learningRate, beta1, beta2, eps, maxGradientNorm, factors } = settings;
    const [first, second, norm] = tf.tidy(() => {
      const raw = tf.concat(gradients.map((gradient) => tf.reshape(gradient, [gradient.size]) as tf.Tensor1D));
      const length = tf.sqrt(tf.sum(tf.square(raw))) as tf.Scalar;
      const gradient =
        maxGradientNorm === undefined ? raw : tf.mul(raw, tf.minimum(1, tf.div(maxGradientNorm, tf.add(length, 1e-6))));
      const m = tf.add(tf.mul(this.first, beta1), tf.mul(gradient, 1 - beta1)) as tf.Tensor1D;
      const v = tf.add(tf.mul(this.second, beta2), tf.mul(tf.square(gradient), 1 - beta2)) as tf.Tensor1D;
      const root = tf.add(tf.sqrt(tf.div(v, 1 - beta2 ** step)), eps);
      const factor = factors && this.eachNumber(factors);
      const scaled = (x: tf.Tensor): tf.Tensor => (factor ? tf.mul(x, factor) : x);
      const move = scaled(tf.div(m, tf.mul(root, (1 - beta1 ** step) / learningRate)));
      const weights = tf.concat(this.variables.map((variable) => tf.reshape(variable, [variable.size]) as tf.Tensor1D));
      const shrunk = tf.sub(weights, tf.mul(weights, scaled(tf.mul(this.decay, learningRate))));
      this.assign(tf.sub(shrunk, move) as tf.Tensor1D);
      return [m, v, length];
    });
    tf.dispose([this.first, this.second, gradients]);
    this.first = first;
    this.second = second;
    return norm;
  }

  private assign(weights: tf.Tensor1D): void {
    let start = 0;
    for (const variable of this.variables) {
      variable.assign(tf.reshape(tf.slice(weights, [start], [variable.size]), variable.shape));
      start += variable.size;
    }
  }

  async moments(): Promise<{ first: Float32Array; second: Float32Array }> {
    const copy = async (tensor: tf.Tensor): Promise<Float32Array> => ((await tensor.data()) as Float32Array).slice();
    return { first: await copy(this.first), second: await copy(this.second) };
  }

  restore({ first, second }: { first: Float32Array; second: Float32Array }): void {
    tf.dispose([this.first, this.second]);
    this.first = tf.tensor1d(first);
    this.second = tf.tensor1d(second);
  }

  dispose(): void {
    tf.dispose([this.first, this.second, this.decay]);
  }
}
