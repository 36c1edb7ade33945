import { fusedOps, type AdamWSettings, type FusedAdamW, type StepCaptureMode } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from './parameters.js';

/** Settings of the optimiser; the learning rate is given with each step. */
export interface AdamWOptions {
  /** Decay rate of the first moment. Default 0.9. */
  beta1?: number;
  /** Decay rate of the second moment. Default 0.999. */
  beta2?: number;
  /** Added to the root of the second moment. Default 1e-8. */
  eps?: number;
  /** Decoupled weight decay of parameters with two or more axes; biases, gammas and betas are not decayed. Default 1e-4. */
  weightDecay?: number;
  /** The gradients are scaled down when their global norm is above this. Default no clipping. */
  maxGradientNorm?: number;
  /** How an engine captures the update as one operation; `off` keeps it from that. Default `auto`. */
  stepCapture?: StepCaptureMode;
}

/** What one step is taken with. */
export interface AdamWStepOptions {
  learningRate: number;
  /** Multiplies the learning rate of each parameter, in their order; 0 freezes one. Default 1 for all. */
  learningRateMultipliers?: readonly number[];
}

/** A step as a part of a larger computation; see {@link AdamW.part}. */
export interface AdamWPart {
  /** What it reads beside the gradients and the variables: inputs of the captured computation. */
  inputs: tf.Tensor[];
  /**
   * Assigns to the variables, as {@link AdamW.applyGradients} does, and changes nothing where the loss is not finite.
   *
   * @param gradients by the name of the variable; they are not disposed.
   * @returns `norm`, and by names that begin with `first/` and `second/` the moments.
   */
  compute(gradients: tf.NamedTensorMap, loss: tf.Scalar): tf.NamedTensorMap;
  /** Takes its results out of those of the whole. @returns the norm; a step whose norm is not finite is not counted. */
  keep(results: tf.NamedTensorMap): Promise<number>;
}

/** The state of the optimiser, as a checkpoint stores it. */
export interface AdamWState {
  /** Steps taken. */
  step: number;
  /** `first` and `second`: the moments of all parameters, flat, in their order. */
  moments: Map<string, { shape: number[]; data: Float32Array }>;
}

/**
 * AdamW. With the gradient g, clipped to the global norm `maxGradientNorm`, and step t counted from 1:
 *
 *   m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²
 *   w ← w − lr · weightDecay · w − lr · m̂ / (√v̂ + eps),  m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
 *
 * All parameters are updated together: by the fused operation of the current engine, where it has one, else as one flat array,
 * so that a step is a handful of operations however many parameters there are. A step whose gradients are not finite changes nothing.
 *
 * @see Loshchilov and Hutter 2019, arXiv:1711.05101.
 */
export class AdamW {
  private readonly options: Omit<AdamWSettings, 'step' | keyof AdamWStepOptions>;
  private readonly update: FusedAdamW;
  private readonly size: number;
  private steps = 0;

  constructor(
    private readonly parameters: readonly Parameter[],
    { beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 1e-4, maxGradientNorm, stepCapture }: AdamWOptions = {},
  ) {
    this.options = { beta1, beta2, eps, maxGradientNorm };
    const variables = parameters.map(({ variable }) => variable);
    const decay = variables.map(({ rank }) => (rank >= 2 ? weightDecay : 0));
    this.size = variables.reduce((sum, { size }) => sum + size, 0);
    this.update = fusedOps().adamW?.(variables, decay, { stepCapture }) ?? new FlatAdamW(variables, decay);
  }

  /** The number of steps taken. */
  get step(): number {
    return this.steps;
  }

  /**
   * Takes one step, and disposes the gradients. Where their global norm is NaN or infinite, weights and moments stay as they were, but
   * the step is counted; see {@link takeStep}.
   *
   * @param gradients by the name of the TensorFlow.js variable, as `tf.variableGrads` returns them; a missing one counts as 0.
   * @returns the global gradient norm before clipping, a scalar. The caller owns it.
   * @throws {RangeError} if the learning rate is not finite, or there is not one multiplier per parameter.
   */
  applyGradients(gradients: tf.NamedTensorMap, { learningRate, learningRateMultipliers }: AdamWStepOptions): tf.Scalar {
    this.check('nn/AdamW.applyGradients', { learningRate, learningRateMultipliers });
    this.steps += 1;
    const settings = { ...this.options, step: this.steps, learningRate, learningRateMultipliers };
    return this.update.apply(this.inOrder(gradients), settings);
  }

  private inOrder(gradients: tf.NamedTensorMap): tf.Tensor[] {
    return this.parameters.map(({ variable }) => gradients[variable.name] ?? tf.zerosLike(variable));
  }

  private check(where: string, { learningRate, learningRateMultipliers }: AdamWStepOptions): void {
    if (!Number.isFinite(learningRate))
      throw new RangeError(`${where}: expected a finite learningRate, got ${learningRate}; try { learningRate: 1e-3 }`);
    if (learningRateMultipliers && learningRateMultipliers.length !== this.parameters.length)
      throw new RangeError(
        `${where}: expected ${this.parameters.length} learningRateMultipliers, got ${learningRateMultipliers.length}; try one per parameter`,
      );
  }

  /**
   * As {@link applyGradients}, and reads the norm: a step whose global gradient norm is NaN or infinite changes nothing, and is not
   * counted.
   *
   * @returns the global gradient norm before clipping.
   */
  async takeStep(gradients: tf.NamedTensorMap, options: AdamWStepOptions): Promise<number> {
    const norm = this.applyGradients(gradients, options);
    const [value] = await norm.data();
    norm.dispose();
    if (!Number.isFinite(value)) this.steps -= 1;
    return value;
  }

  /** Whether the engine can compute a step as a part of a larger computation; see {@link part}. */
  get hasPart(): boolean {
    return this.update.part !== undefined;
  }

  /**
   * The next step as a part of a larger computation that is captured as a whole.
   *
   * @throws {RangeError} as {@link applyGradients}, and where the engine computes a step by itself.
   */
  part({ learningRate, learningRateMultipliers }: AdamWStepOptions): AdamWPart {
    if (!this.update.part)
      throw new RangeError(
        'nn/AdamW.part: expected an engine that computes a step as a part, got another; try hasPart',
      );
    this.check('nn/AdamW.part', { learningRate, learningRateMultipliers });
    const step = this.steps + 1;
    const part = this.update.part({ ...this.options, step, learningRate, learningRateMultipliers });
    return {
      inputs: part.inputs,
      compute: (gradients, loss) => tf.tidy(() => part.compute(this.inOrder(gradients), loss)),
      keep: async (results) => {
        part.keep(results);
        const [norm] = await results.norm.data();
        results.norm.dispose();
        if (Number.isFinite(norm)) this.steps = step;
        return norm;
      },
    };
  }

  /** A copy of the state, for a checkpoint. */
  async state(): Promise<AdamWState> {
    const moments = Object.entries(await this.update.moments());
    return {
      step: this.steps,
      moments: new Map(moments.map(([name, data]) => [name, { shape: [data.length], data }])),
    };
  }

  /** Continues from a stored state. @throws {RangeError} if its moments have another size. */
  restore({ step, moments }: AdamWState): void {
    const [first, second] = ['first', 'second'].map((name) => {
      const stored = moments.get(name);
      if (stored?.data.length !== this.size) {
        throw new RangeError(
          `nn/AdamW.restore: expected ${this.size} numbers in ${name}, got ${stored?.data.length}; try the state of this model`,
        );
      }
      return stored.data;
    });
    this.update.restore({ first, second });
    this.steps = step;
  }

  /** Disposes the moments. */
  dispose(): void {
    this.update.dispose();
  }
}

/** What is larger has no float32, and NaN is not smaller. */
const largestFloat32 = (2 - 2 ** -23) * 2 ** 127;

/** The plain version: all variables as one flat array. */
class FlatAdamW implements FusedAdamW {
  private readonly decay: tf.Tensor1D;
  private first: tf.Tensor1D;
  private second: tf.Tensor1D;

  constructor(
    private readonly variables: readonly tf.Variable[],
    decay: readonly number[],
  ) {
    this.decay = this.repeated(decay);
    this.first = tf.zeros(this.decay.shape);
    this.second = tf.zeros(this.decay.shape);
  }

  /** A number per variable, repeated for each of its entries. */
  private repeated(ofVariables: readonly number[]): tf.Tensor1D {
    const flat = new Float32Array(this.variables.reduce((sum, { size }) => sum + size, 0));
    let start = 0;
    this.variables.forEach(({ size }, i) => {
      flat.fill(ofVariables[i], start, start + size);
      start += size;
    });
    return tf.tensor1d(flat);
  }

  apply(gradients: tf.Tensor[], settings: AdamWSettings): tf.Scalar {
    const { step, learningRate, beta1, beta2, eps, maxGradientNorm, learningRateMultipliers } = settings;
    const [first, second, norm] = tf.tidy(() => {
      const given = tf.concat(gradients.map((gradient) => tf.reshape(gradient, [gradient.size]) as tf.Tensor1D));
      const norm = tf.sqrt(tf.sum(tf.square(given))) as tf.Scalar;
      // Where the norm is not finite, every factor below is such that it leaves what is there as it is.
      const isTaken = tf.lessEqual(norm, largestFloat32);
      const taken = tf.cast(isTaken, 'float32');
      const isTakenEach = tf.cast(tf.mul(tf.onesLike(given), taken), 'bool');
      const raw = tf.where(isTakenEach, given, tf.zerosLike(given));
      const gradient =
        maxGradientNorm === undefined
          ? raw
          : tf.mul(raw, tf.minimum(1, tf.div(maxGradientNorm, tf.add(tf.where(isTaken, norm, 0), 1e-6))));
      const [decay1, decay2] = [beta1, beta2].map((beta) => tf.where(isTaken, beta, 1));
      const m = tf.add(tf.mul(this.first, decay1), tf.mul(gradient, 1 - beta1)) as tf.Tensor1D;
      const v = tf.add(tf.mul(this.second, decay2), tf.mul(tf.square(gradient), 1 - beta2)) as tf.Tensor1D;
      const root = tf.add(tf.sqrt(tf.div(v, 1 - beta2 ** step)), eps);
      const multipliers = learningRateMultipliers && this.repeated(learningRateMultipliers);
      const scaled = (x: tf.Tensor): tf.Tensor => tf.mul(multipliers ? tf.mul(x, multipliers) : x, taken);
      const update = scaled(tf.div(m, tf.mul(root, (1 - beta1 ** step) / learningRate)));
      const weights = tf.concat(this.variables.map((variable) => tf.reshape(variable, [variable.size]) as tf.Tensor1D));
      const decayed = tf.sub(weights, tf.mul(weights, scaled(tf.mul(this.decay, learningRate))));
      this.assign(tf.sub(decayed, update) as tf.Tensor1D);
      return [m, v, norm];
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
