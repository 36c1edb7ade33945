import { createStepCapture, type Parameter, type StepCapture, type StepCaptureMode } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';

/** An update of the average as a part of a larger computation. */
export interface AveragePart {
  /** What it reads beside the arrays: inputs of the captured computation. */
  inputs: tf.Tensor[];
  /** The new averages, by names that begin with `average/`. */
  compute: () => tf.NamedTensorMap;
  /** Takes the new averages out of the results of the whole computation. */
  keep: (results: tf.NamedTensorMap) => void;
  /** Disposes them instead; the averages stay as they were. */
  drop: (results: tf.NamedTensorMap) => void;
}

/**
 * A running average of all arrays of a model, running statistics included: average ← d · average + (1 − d) · value, with
 * d = min(decay, (1 + steps) / (10 + steps)), so that it follows closely at first.
 */
export class WeightAverage {
  private averages: tf.Tensor[];
  private steps = 0;
  private readonly capture: StepCapture;

  /** @param decay in [0, 1); 0 keeps no average. */
  constructor(
    private readonly parameters: readonly Parameter[],
    private readonly decay: number,
    stepCapture: StepCaptureMode = 'auto',
  ) {
    this.capture = createStepCapture({ stepCapture });
    // Memory of their own: a capture could not tell an average from the variable whose memory it shares.
    this.averages = decay === 0 ? [] : parameters.map(({ variable }) => tf.mul(variable, 1));
  }

  /** Takes the arrays in as they are now. */
  update(): void {
    if (this.decay === 0) return;
    const step = this.steps;
    const part = this.part();
    part.keep(this.capture.run({ inputs: part.inputs, step }, part.compute));
  }

  /** The next update as a part of a larger computation that is captured as a whole. */
  part(): AveragePart {
    if (this.decay === 0) return { inputs: [], compute: () => ({}), keep: () => undefined, drop: () => undefined };
    const { steps, averages } = this;
    const decay = Math.min(this.decay, (1 + steps) / (10 + steps));
    const shares = [tf.scalar(decay), tf.scalar(1 - decay)];
    const next = (results: tf.NamedTensorMap): tf.Tensor[] => averages.map((_, i) => results[`average/${i}`]);
    return {
      inputs: [...shares, ...averages],
      compute: () =>
        Object.fromEntries(
          averages.map((average, i) => [
            `average/${i}`,
            tf.tidy(() => tf.add(tf.mul(average, shares[0]), tf.mul(this.parameters[i].variable, shares[1]))),
          ]),
        ),
      keep: (results) => {
        this.averages = next(results);
        this.steps = steps + 1;
        tf.dispose([shares, averages]);
      },
      drop: (results) => tf.dispose([shares, next(results)]),
    };
  }

  /** The arrays and their averages change places; a second call puts them back. */
  swap(): void {
    this.averages = this.averages.map((average, i) => {
      const { variable } = this.parameters[i];
      const current = tf.clone(variable);
      variable.assign(average);
      average.dispose();
      return current;
    });
  }

  /** What a checkpoint needs. */
  async state(): Promise<{ steps: number; values: Map<string, { shape: number[]; data: Float32Array }> }> {
    const values = new Map<string, { shape: number[]; data: Float32Array }>();
    for (const [i, average] of this.averages.entries()) {
      values.set(this.parameters[i].name, {
        shape: [...average.shape],
        data: ((await average.data()) as Float32Array).slice(),
      });
    }
    return { steps: this.steps, values };
  }

  restore({
    steps,
    values,
  }: {
    steps: number;
    values: ReadonlyMap<string, { shape: number[]; data: Float32Array }>;
  }): void {
    this.steps = steps;
    if (this.decay === 0) return;
    const stored = this.parameters.map(({ name, variable }) => {
      const value = values.get(name);
      if (value?.shape.join() !== variable.shape.join())
        throw new RangeError(
          `training/WeightAverage: expected an average of ${name} of shape [${variable.shape.join()}], got ${value ? `[${value.shape.join()}]` : 'none'}; the checkpoint belongs to another model`,
        );
      return value;
    });
    tf.dispose(this.averages);
    this.averages = stored.map(({ data, shape }) => tf.tensor(data, shape));
  }

  dispose(): void {
    this.capture.dispose();
    tf.dispose(this.averages);
  }
}
