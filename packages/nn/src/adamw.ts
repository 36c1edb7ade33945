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
 * All parameters are updated as one flat array, so that a step is a handful of operations however many there are.
 *
 * @see Loshchilov and Hutter 2019, arXiv:1711.05101.
 */
export class AdamW {
  private readonly options: Required<Omit<AdamWOptions, 'maxGradientNorm'>> & { maxGradientNorm?: number };
  private readonly decay: tf.Tensor1D;
  private first: tf.Tensor1D;
  private second: tf.Tensor1D;
  private steps = 0;

  constructor(
    private readonly parameters: readonly Parameter[],
    { beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 1e-4, maxGradientNorm }: AdamWOptions = {},
  ) {
    this.options = { beta1, beta2, eps, weightDecay, maxGradientNorm };
    const size = parameters.reduce((sum, { variable }) => sum + variable.size, 0);
    const decay = new Float32Array(size);
    let start = 0;
    for (const { variable } of parameters) {
      if (variable.rank >= 2) decay.fill(weightDecay, start, start + variable.size);
      start += variable.size;
    }
    this.decay = tf.tensor1d(decay);
    this.first = tf.zeros([size]);
    this.second = tf.zeros([size]);
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
   * @returns the length of all gradients together, before they were scaled down. The caller owns it.
   */
  apply(gradients: tf.NamedTensorMap, learningRate: number): tf.Scalar {
    const { beta1, beta2, eps, maxGradientNorm } = this.options;
    this.steps += 1;
    const [first, second, norm] = tf.tidy(() => {
      const parts = this.parameters.map(({ variable }) =>
        tf.reshape(gradients[variable.name] ?? tf.zerosLike(variable), [variable.size]),
      );
      const raw = tf.concat(parts as tf.Tensor1D[]);
      const length = tf.sqrt(tf.sum(tf.square(raw))) as tf.Scalar;
      const gradient =
        maxGradientNorm === undefined ? raw : tf.mul(raw, tf.minimum(1, tf.div(maxGradientNorm, tf.add(length, 1e-6))));
      const m = tf.add(tf.mul(this.first, beta1), tf.mul(gradient, 1 - beta1)) as tf.Tensor1D;
      const v = tf.add(tf.mul(this.second, beta2), tf.mul(tf.square(gradient), 1 - beta2)) as tf.Tensor1D;
      const root = tf.add(tf.sqrt(tf.div(v, 1 - beta2 ** this.steps)), eps);
      const move = tf.div(m, tf.mul(root, (1 - beta1 ** this.steps) / learningRate));
      const weights = tf.concat(
        this.parameters.map(({ variable }) => tf.reshape(variable, [variable.size]) as tf.Tensor1D),
      );
      const shrunk = tf.sub(weights, tf.mul(weights, tf.mul(this.decay, learningRate)));
      this.assign(tf.sub(shrunk, move));
      return [m, v, length];
    });
    tf.dispose([this.first, this.second, gradients]);
    this.first = first;
    this.second = second;
    return norm;
  }

  private assign(weights: tf.Tensor1D): void {
    let start = 0;
    for (const { variable } of this.parameters) {
      variable.assign(tf.reshape(tf.slice(weights, [start], [variable.size]), variable.shape));
      start += variable.size;
    }
  }

  /** Copies of what a checkpoint needs. */
  async state(): Promise<AdamWState> {
    const moments = new Map<string, { shape: number[]; data: Float32Array }>();
    for (const [name, tensor] of [
      ['first', this.first],
      ['second', this.second],
    ] as const) {
      moments.set(name, { shape: [...tensor.shape], data: ((await tensor.data()) as Float32Array).slice() });
    }
    return { step: this.steps, moments };
  }

  /** Goes on from a stored state. @throws {RangeError} if it belongs to a model of another size. */
  restore({ step, moments }: AdamWState): void {
    const [first, second] = ['first', 'second'].map((name) => {
      const stored = moments.get(name);
      if (stored?.data.length !== this.first.size) {
        throw new RangeError(
          `nn/AdamW.restore: expected ${this.first.size} numbers in ${name}, got ${stored?.data.length}; the state belongs to another model`,
        );
      }
      return tf.tensor1d(stored.data);
    });
    tf.dispose([this.first, this.second]);
    this.first = first;
    this.second = second;
    this.steps = step;
  }

  dispose(): void {
    tf.dispose([this.first, this.second, this.decay]);
  }
}
