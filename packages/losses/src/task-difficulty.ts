import { assertOptions, assertShape } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { checkTasks, inTaskOrder, numbersInTaskOrder, type TaskLosses, type TaskWeighting } from './weighting.js';

export interface TaskDifficultyOptions {
  /** T > 0: small values favour the hardest task, large ones weight all alike. Default 1. */
  temperature?: number;
  /**
   * `exp`: Σ exp(ℓ/T), as in the paper; `logsumexp`: T log Σ exp(ℓ/T), whose gradient weights are softmax(ℓ/T) and which
   * never overflows. Default `logsumexp`.
   */
  form?: 'exp' | 'logsumexp';
}

const rules = { temperature: { above: 0 }, form: ['exp', 'logsumexp'] } as const;

/**
 * Balances tasks by their difficulty: the larger a loss, the larger its share of the gradient.
 *
 *   T log Σ_t exp(ℓ_t/T), or Σ_t exp(ℓ_t/T)
 *
 * @param losses float32 [tasks].
 * @returns a scalar. The caller owns it.
 * @throws {RangeError} if the losses are no vector, or the temperature is not above 0.
 * @throws {TypeError} for arguments of another kind, or unknown options.
 * @see Liang and Zhang 2020, arXiv:2002.04792.
 */
export function taskDifficultyLoss(losses: tf.Tensor, options: TaskDifficultyOptions = {}): tf.Scalar {
  const where = 'losses/taskDifficultyLoss';
  assertOptions(where, options, rules);
  const { temperature = 1, form = 'logsumexp' } = options;
  assertShape(where, 'losses', losses, ['tasks']);
  return tf.tidy(() => {
    const scaled = tf.div(losses, temperature);
    if (form === 'exp') return tf.sum(tf.exp(scaled));
    return tf.mul(tf.logSumExp(scaled), temperature) as tf.Scalar;
  });
}

/** {@link taskDifficultyLoss} as a weighting of named tasks. */
export class TaskDifficultyWeighting implements TaskWeighting {
  readonly variables: readonly tf.Variable[] = [];
  private latest: number[];

  constructor(
    readonly tasks: readonly string[],
    private readonly options: TaskDifficultyOptions = {},
  ) {
    checkTasks('losses/TaskDifficultyWeighting', tasks);
    assertOptions('losses/TaskDifficultyWeighting', options, rules);
    this.latest = tasks.map(() => NaN);
  }

  combine(losses: TaskLosses): tf.Scalar {
    return tf.tidy(() => {
      const stacked = tf.stack(inTaskOrder('losses/TaskDifficultyWeighting', losses, this.tasks));
      return taskDifficultyLoss(stacked, this.options);
    });
  }

  /** Takes the current losses; {@link weights} is NaN before. */
  observe(losses: Readonly<Record<string, number>>): void {
    this.latest = numbersInTaskOrder('losses/TaskDifficultyWeighting', losses, this.tasks);
  }

  /** softmax(ℓ/T), or exp(ℓ/T) / T. */
  weights(): Promise<Record<string, number>> {
    const { temperature = 1, form = 'logsumexp' } = this.options;
    const largest = Math.max(...this.latest);
    const shifted = this.latest.map((loss) => Math.exp((loss - largest) / temperature));
    const sum = shifted.reduce((total, value) => total + value, 0);
    const scale = form === 'logsumexp' ? 1 / sum : Math.exp(largest / temperature) / temperature;
    return Promise.resolve(Object.fromEntries(this.tasks.map((task, i) => [task, shifted[i] * scale])));
  }

  dispose(): void {}
}
