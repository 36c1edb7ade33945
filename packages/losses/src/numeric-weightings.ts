import { assertOptions, described } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { checkTasks, inTaskOrder, numbersInTaskOrder, type TaskLosses, type TaskWeighting } from './weighting.js';

/** A weighting whose weights are plain numbers: Σ_t w_t · loss_t. */
export abstract class NumericWeighting implements TaskWeighting {
  readonly variables: readonly tf.Variable[] = [];
  protected current: number[];

  /** @param where the name of the class, for errors. */
  constructor(
    readonly tasks: readonly string[],
    protected readonly where: string,
  ) {
    checkTasks(where, tasks);
    this.current = tasks.map(() => 1);
  }

  combine(losses: TaskLosses): tf.Scalar {
    return tf.tidy(() => {
      const ordered = inTaskOrder(this.where, losses, this.tasks);
      return tf.addN(ordered.map((loss, i) => tf.mul(loss, this.current[i]))) as tf.Scalar;
    });
  }

  weights(): Promise<Record<string, number>> {
    return Promise.resolve(Object.fromEntries(this.tasks.map((task, i) => [task, this.current[i]])));
  }

  dispose(): void {}

  /** Checks one list of a saved state: a number for each task. */
  protected checkState(list: unknown): number[] {
    const isList =
      Array.isArray(list) && list.length === this.tasks.length && list.every((one) => typeof one === 'number');
    if (!isList)
      throw new TypeError(
        `${this.where}: expected a state with a number for each of ${this.tasks.join(', ')}, got ${described(list)}; ` +
          'pass what state() returned for the same tasks',
      );
    return list as number[];
  }
}

export interface DynamicWeightOptions {
  /** T > 0: large values weight all tasks alike. Default 2. */
  temperature?: number;
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

  constructor(
    tasks: readonly string[],
    private readonly options: DynamicWeightOptions = {},
  ) {
    super(tasks, 'losses/DynamicWeightAverage');
    assertOptions(this.where, options, { temperature: { above: 0 } });
  }

  observe(losses: Readonly<Record<string, number>>): void {
    const { temperature = 2 } = this.options;
    this.history = [...this.history.slice(-1), numbersInTaskOrder(this.where, losses, this.tasks)];
    if (this.history.length < 2) return;
    const [before, last] = this.history;
    const exponentials = last.map((loss, i) => Math.exp(loss / Math.max(before[i], 1e-12) / temperature));
    const sum = exponentials.reduce((total, value) => total + value, 0);
    this.current = exponentials.map((value) => (this.tasks.length * value) / sum);
  }

  state(): unknown {
    return this.history;
  }

  restore(state: unknown): void {
    if (!Array.isArray(state)) this.checkState(state);
    const history = (state as unknown[]).map((losses) => this.checkState(losses));
    this.history = [];
    for (const losses of history) this.observe(Object.fromEntries(this.tasks.map((task, i) => [task, losses[i]])));
  }
}

export interface RandomWeightingOptions {
  /** Returns standard normal numbers, for example from a seeded generator. */
  normal: () => number;
}

/**
 * Random loss weighting: new weights for each step.
 *
 *   w = tasks · softmax(normal numbers)
 *
 * @see Lin et al. 2022, arXiv:2111.10603.
 */
export class RandomWeighting extends NumericWeighting {
  constructor(
    tasks: readonly string[],
    private readonly options: RandomWeightingOptions,
  ) {
    super(tasks, 'losses/RandomWeighting');
    assertOptions(this.where, options, { normal: 'function' }, ['normal']);
  }

  override combine(losses: TaskLosses): tf.Scalar {
    const exponentials = this.tasks.map(() => Math.exp(this.options.normal()));
    const sum = exponentials.reduce((total, value) => total + value, 0);
    this.current = exponentials.map((value) => (this.tasks.length * value) / sum);
    return super.combine(losses);
  }
}
