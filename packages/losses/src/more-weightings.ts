import * as tf from '@tensorflow/tfjs-core';
import { inTaskOrder, type TaskLosses, type TaskWeighting } from './weighting.js';

/** Weights that follow from numbers alone: what remains is Σ w · loss. */
abstract class NumericWeighting implements TaskWeighting {
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

/**
 * The geometric mean of the losses: every task counts by its relative change, whatever its size.
 *
 *   (Π_t loss_t)^(1/tasks)      losses must be above 0
 *
 * @see Chennupati et al. 2019, arXiv:1904.08492.
 */
export class GeometricWeighting implements TaskWeighting {
  readonly variables: readonly tf.Variable[] = [];

  constructor(readonly tasks: readonly string[]) {}

  combine(losses: TaskLosses): tf.Scalar {
    return tf.tidy(() => {
      const ordered = tf.stack(inTaskOrder('losses/GeometricWeighting', losses, this.tasks));
      return tf.exp(tf.mean<tf.Scalar>(tf.log(tf.maximum(ordered, 1e-12))));
    });
  }

  /** The exponent of each loss; its gradient weight is value / (tasks · loss). */
  weights(): Promise<Record<string, number>> {
    return Promise.resolve(Object.fromEntries(this.tasks.map((task) => [task, 1 / this.tasks.length])));
  }

  dispose(): void {}
}

/**
 * Learned weights that cannot run away: tasks · softmax(a), a learned from 0. Without the softmax a gradient step lowers
 * every weight, and the loss falls without end.
 */
export class LearnableWeighting implements TaskWeighting {
  readonly variables: readonly tf.Variable[];
  private readonly scores: tf.Variable<tf.Rank.R1>;

  constructor(readonly tasks: readonly string[]) {
    this.scores = tf.tidy(() => tf.variable(tf.zeros<tf.Rank.R1>([tasks.length])));
    this.variables = [this.scores];
  }

  combine(losses: TaskLosses): tf.Scalar {
    return tf.tidy(() => {
      const ordered = tf.stack(inTaskOrder('losses/LearnableWeighting', losses, this.tasks));
      return tf.mul(tf.sum(tf.mul(ordered, tf.softmax(this.scores))), this.tasks.length);
    });
  }

  async weights(): Promise<Record<string, number>> {
    const scores = await this.scores.data();
    const exponentials = Array.from(scores, Math.exp);
    const sum = exponentials.reduce((total, value) => total + value, 0);
    return Object.fromEntries(this.tasks.map((task, i) => [task, (this.tasks.length * exponentials[i]) / sum]));
  }

  dispose(): void {
    this.scores.dispose();
  }
}

/**
 * The first implementation's uncertainty weighting, for reproduction: σ itself is learned, not its logarithm, and a loss
 * that is exactly 0 drops its whole term, and a loss that is left alone counts as it is.
 *
 *   Σ ℓ/σ² + log σ for classification-like tasks; the last task: ℓ/(2σ²) + log σ
 *
 * As coded, the last task divides by the σ of `sharedWith` instead of its own, which drives its own σ below 0.
 *
 * @param losses float32 [tasks], the regression-like task last. @param sigmas float32 [tasks].
 * @param sharedWith index of the σ that the last task divides by; its own unless given (the repaired form).
 * @returns a scalar. The caller owns it.
 */
export function seedUncertainty(losses: tf.Tensor1D, sigmas: tf.Tensor1D, sharedWith = losses.size - 1): tf.Scalar {
  return tf.tidy(() => {
    const tasks = losses.size;
    const isUsed = tf.step(tf.abs(losses));
    const divisors = tf.concat([tf.slice(sigmas, [0], [tasks - 1]), tf.slice(sigmas, [sharedWith], [1])]);
    const coefficients = tf.tensor1d(Array.from({ length: tasks }, (_, i) => (i === tasks - 1 ? 0.5 : 1)));
    const all = tf.add(tf.div(tf.mul(coefficients, losses), tf.square(divisors)), tf.log(sigmas));
    const weighted = tf.sum(tf.mul(isUsed, all));
    const isAlone = tf.step(tf.sub(1.5, tf.sum(isUsed)));
    return tf.add(tf.mul(isAlone, tf.sum(tf.mul(isUsed, losses))), tf.mul(tf.sub(1, isAlone), weighted)) as tf.Scalar;
  });
}

/**
 * Cosines between the gradients of tasks with respect to the same variables: −1 pulls apart, 1 pulls together.
 *
 * @param losses the loss of each task, as a function of the variables.
 * @returns [tasks, tasks] row by row; NaN for a task without gradient.
 */
export async function gradientCosines(
  losses: readonly (() => tf.Scalar)[],
  variables: tf.Variable[],
): Promise<Float32Array> {
  const flat = losses.map((loss) =>
    tf.tidy(() => {
      const { grads } = tf.variableGrads(loss, variables);
      return tf.concat(
        variables.map(
          (variable) => tf.reshape(grads[variable.name] ?? tf.zerosLike(variable), [variable.size]) as tf.Tensor1D,
        ),
      );
    }),
  );
  const vectors: Float32Array[] = [];
  for (const vector of flat) vectors.push((await vector.data()) as Float32Array);
  tf.dispose(flat);
  const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const lengths = vectors.map((vector) => Math.sqrt(dot(vector, vector)));
  return Float32Array.from(vectors.flatMap((a, i) => vectors.map((b, j) => dot(a, b) / (lengths[i] * lengths[j]))));
}
