import * as tf from '@tensorflow/tfjs-core';
import { inTaskOrder, type TaskLosses, type TaskWeighting } from './weighting.js';

export interface TaskDifficultyOptions {
  /** T: small ones favour the hardest task, large ones weigh all alike. Default 1. */
  temperature?: number;
  /**
   * `exp`: Σ exp(ℓ/T), as the paper has it; `logsumexp`: T log Σ exp(ℓ/T), whose gradient weights are softmax(ℓ/T) and
   * which never overflows; `seed`: Σ e^(ℓ/T)·ℓ with the factor held constant, the first implementation's. Default `logsumexp`.
   */
  form?: 'exp' | 'logsumexp' | 'seed';
}

/**
 * Balances tasks by their difficulty: the larger a loss, the larger its share of the gradient.
 *
 * @param losses float32 [tasks].
 * @returns a scalar. The caller owns it.
 * @throws {RangeError} if the temperature is not above 0.
 * @see Liang and Zhang 2020, arXiv:2002.04792.
 */
export function taskDifficulty(
  losses: tf.Tensor1D,
  { temperature = 1, form = 'logsumexp' }: TaskDifficultyOptions = {},
): tf.Scalar {
  if (!(temperature > 0))
    throw new RangeError(`losses/taskDifficulty: expected a temperature above 0, got ${temperature}`);
  return tf.tidy(() => {
    const scaled = tf.div(losses, temperature);
    switch (form) {
      case 'exp':
        return tf.sum(tf.exp(scaled));
      case 'logsumexp':
        return tf.mul(tf.logSumExp(scaled), temperature) as tf.Scalar;
      case 'seed':
        return heldFactor(losses, temperature);
    }
  });
}

/** Σ e^(ℓ/T)·ℓ whose gradient is e^(ℓ/T): the factor counts as a constant. */
function heldFactor(losses: tf.Tensor1D, temperature: number): tf.Scalar {
  return tf.customGrad<tf.Scalar>((...inputs) => {
    const [values, save] = inputs as [tf.Tensor, tf.GradSaveFunc];
    const factor = tf.exp(tf.div(values, temperature));
    save([factor]);
    return { value: tf.sum(tf.mul(factor, values)) as tf.Scalar, gradFunc: (dy, [held]) => tf.mul(dy, held) };
  })(losses);
}

/** {@link taskDifficulty} as a weighting of named tasks. */
export class TaskDifficultyWeighting implements TaskWeighting {
  readonly variables: readonly tf.Variable[] = [];
  private latest: number[];

  constructor(
    readonly tasks: readonly string[],
    private readonly options: TaskDifficultyOptions = {},
  ) {
    this.latest = tasks.map(() => NaN);
  }

  combine(losses: TaskLosses): tf.Scalar {
    return tf.tidy(() => {
      const stacked = tf.stack(inTaskOrder('losses/TaskDifficultyWeighting', losses, this.tasks)) as tf.Tensor1D;
      return taskDifficulty(stacked, this.options);
    });
  }

  /** Tells the weighting what the losses were; without it {@link weights} knows none. */
  observe(losses: Readonly<Record<string, number>>): void {
    this.latest = this.tasks.map((task) => losses[task]);
  }

  weights(): Promise<Record<string, number>> {
    const { temperature = 1, form = 'logsumexp' } = this.options;
    const largest = Math.max(...this.latest);
    const shifted = this.latest.map((loss) => Math.exp((loss - largest) / temperature));
    const sum = shifted.reduce((total, value) => total + value, 0);
    const scale = form === 'logsumexp' ? 1 / sum : Math.exp(largest / temperature) / (form === 'exp' ? temperature : 1);
    return Promise.resolve(Object.fromEntries(this.tasks.map((task, i) => [task, shifted[i] * scale])));
  }

  dispose(): void {}
}
