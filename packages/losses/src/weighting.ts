import * as tf from '@tensorflow/tfjs-core';

/** Losses by the name of their task. */
export type TaskLosses = Readonly<Record<string, tf.Scalar>>;

/** Balances the losses of several tasks. */
export interface TaskWeighting {
  /** The tasks, in the order of {@link TaskWeighting.weights}. */
  readonly tasks: readonly string[];
  /** What the optimiser has to learn along with the model; empty for fixed weights. */
  readonly variables: readonly tf.Variable[];
  /**
   * One loss of all. @returns a scalar; the caller owns it.
   * @throws {RangeError} if a task is missing or unknown.
   */
  combine(losses: TaskLosses): tf.Scalar;
  /** What each task's gradient is multiplied by now. */
  weights(): Promise<Record<string, number>>;
  /** Tells the mean losses of an epoch. Only weightings that have a use for them have it. */
  observe?(losses: Readonly<Record<string, number>>): void;
  /** Sets the weights of the coming step from the tasks' gradients. Weightings that have it need it before each step. */
  balance?(gradients: TaskGradients): void;
  /** What a checkpoint has to keep besides the variables, as plain JSON. Only weightings with a memory have it. */
  state?(): unknown;
  /** Goes on from what {@link TaskWeighting.state} gave. */
  restore?(state: unknown): void;
  dispose(): void;
}

/** What a weighting by gradients looks at. */
export interface TaskGradients {
  /** [tasks, tasks] row by row: inner products of the tasks' gradients. */
  products: ArrayLike<number>;
  /** The loss of each task. */
  losses: Readonly<Record<string, number>>;
}

/** Losses in the order of the tasks. @throws {RangeError} if a task is missing or unknown. */
export function inTaskOrder(where: string, losses: TaskLosses, tasks: readonly string[]): tf.Scalar[] {
  const names = Object.keys(losses);
  if (names.length !== tasks.length || tasks.some((task) => !(task in losses))) {
    throw new RangeError(
      `${where}: expected a loss for each of ${tasks.join(', ')}, got ${names.join(', ') || 'none'}; give every task its loss`,
    );
  }
  return tasks.map((task) => losses[task]);
}

/** Σ_t w_t · loss_t with weights that stay as they are. */
export class FixedWeighting implements TaskWeighting {
  readonly tasks: readonly string[];
  readonly variables: readonly tf.Variable[] = [];

  /** @param fixed the weight of each task. @throws {RangeError} if one is negative or not finite. */
  constructor(private readonly fixed: Readonly<Record<string, number>>) {
    this.tasks = Object.keys(fixed);
    for (const [task, weight] of Object.entries(fixed)) {
      if (!(weight >= 0 && Number.isFinite(weight))) {
        throw new RangeError(
          `losses/FixedWeighting: expected a weight of 0 or more for ${task}, got ${weight}; use 0 to switch it off`,
        );
      }
    }
  }

  combine(losses: TaskLosses): tf.Scalar {
    return tf.tidy(() => {
      const ordered = inTaskOrder('losses/FixedWeighting', losses, this.tasks);
      return tf.addN(ordered.map((loss, i) => tf.mul(loss, this.fixed[this.tasks[i]]))) as tf.Scalar;
    });
  }

  weights(): Promise<Record<string, number>> {
    return Promise.resolve({ ...this.fixed });
  }

  dispose(): void {}
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
  private latest: number[];

  constructor(readonly tasks: readonly string[]) {
    this.latest = tasks.map(() => NaN);
  }

  combine(losses: TaskLosses): tf.Scalar {
    return tf.tidy(() => {
      const ordered = tf.stack(inTaskOrder('losses/GeometricWeighting', losses, this.tasks));
      return tf.exp(tf.mean<tf.Scalar>(tf.log(tf.maximum(ordered, 1e-12))));
    });
  }

  /** Tells the weighting what the losses were; without it {@link weights} knows none. */
  observe(losses: Readonly<Record<string, number>>): void {
    this.latest = this.tasks.map((task) => losses[task]);
  }

  /** value / (tasks · loss). */
  weights(): Promise<Record<string, number>> {
    const count = this.tasks.length;
    const value = Math.exp(this.latest.reduce((sum, loss) => sum + Math.log(Math.max(loss, 1e-12)), 0) / count);
    return Promise.resolve(Object.fromEntries(this.tasks.map((task, i) => [task, value / (count * this.latest[i])])));
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
