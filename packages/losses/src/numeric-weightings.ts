import * as tf from '@tensorflow/tfjs-core';
import { inTaskOrder, type TaskLosses, type TaskWeighting } from './weighting.js';

/** Weights that follow from numbers alone: what remains is Σ w · loss. */
export abstract class NumericWeighting implements TaskWeighting {
  readonly variables: readonly tf.Variable[] = [];
  protected current: number[];

  constructor(readonly tasks: readonly string[]) {
    this.current = tasks.map(() => 1);
  }

  combine(losses: TaskLosses): tf.Scalar {
    return tf.tidy(() => {
      const ordered = inTaskOrder('losses/TaskWeighting', losses, this.tasks);
      return tf.addN(ordered.map((loss, i) => tf.mul(loss, this.current[i]))) as tf.Scalar;
    });
  }

  weights(): Promise<Record<string, number>> {
    return Promise.resolve(Object.fromEntries(this.tasks.map((task, i) => [task, this.current[i]])));
  }

  dispose(): void {}
}

/**
 * Dynamic weight averaging: a task whose loss falls slowly gets more weight.
 *
 *   w_t = tasks · softmax_t(r_t / T), r_t = mean loss of the last epoch / that of the one before
 *
 * Call {@link observe} with the mean losses after each epoch; all weights are 1 until two are known.
 *
 * @see Liu, Johns and Davison 2019, arXiv:1803.10704.
 */
export class DynamicWeightAverage extends NumericWeighting {
  private history: number[][] = [];

  /** @param temperature Default 2. */
  constructor(
    tasks: readonly string[],
    private readonly temperature = 2,
  ) {
    super(tasks);
  }

  observe(losses: Readonly<Record<string, number>>): void {
    this.history = [...this.history.slice(-1), this.tasks.map((task) => losses[task])];
    if (this.history.length < 2) return;
    const [before, last] = this.history;
    const exponentials = last.map((loss, i) => Math.exp(loss / Math.max(before[i], 1e-12) / this.temperature));
    const sum = exponentials.reduce((total, value) => total + value, 0);
    this.current = exponentials.map((value) => (this.tasks.length * value) / sum);
  }

  state(): unknown {
    return this.history;
  }

  restore(state: unknown): void {
    this.history = [];
    for (const losses of state as number[][]) {
      this.observe(Object.fromEntries(this.tasks.map((task, i) => [task, losses[i]])));
    }
  }
}

/**
 * Random loss weighting: new weights each step, the softmax of normal numbers times the number of tasks.
 *
 * @see Lin et al. 2022, arXiv:2111.10603.
 */
export class RandomWeighting extends NumericWeighting {
  /** @param normal gives standard normal numbers, say from a seeded generator. */
  constructor(
    tasks: readonly string[],
    private readonly normal: () => number,
  ) {
    super(tasks);
  }

  override combine(losses: TaskLosses): tf.Scalar {
    const exponentials = this.tasks.map(() => Math.exp(this.normal()));
    const sum = exponentials.reduce((total, value) => total + value, 0);
    this.current = exponentials.map((value) => (this.tasks.length * value) / sum);
    return super.combine(losses);
  }
}
