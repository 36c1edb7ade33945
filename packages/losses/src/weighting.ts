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
  dispose(): void;
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

/** What kind of likelihood a loss stands for: it decides the coefficient of the uncertainty weighting. */
export type TaskKind = 'classification' | 'regression';

/**
 * Weighs tasks by learned uncertainties, given as log variances.
 *
 *   Σ_t c_t exp(−s_t) · loss_t + s_t / 2      s_t = log σ_t², c_t = 1 for classification, ½ for regression
 *
 * The value may be negative; only its gradient means anything.
 *
 * @param losses scalars.
 * @param logVariances float32 [tasks].
 * @returns a scalar. The caller owns it.
 * @see Kendall, Gal and Cipolla 2018, arXiv:1705.07115.
 */
export function uncertaintyWeighted(
  losses: readonly tf.Scalar[],
  logVariances: tf.Tensor1D,
  kinds: readonly TaskKind[],
): tf.Scalar {
  if (losses.length !== logVariances.size || kinds.length !== losses.length) {
    throw new RangeError(
      `losses/uncertaintyWeighted: expected as many losses, log variances and kinds, got ${losses.length}, ${logVariances.size}, ${kinds.length}`,
    );
  }
  return tf.tidy(() => {
    const coefficients = tf.tensor1d(kinds.map((kind) => (kind === 'classification' ? 1 : 0.5)));
    const precision = tf.mul(coefficients, tf.exp(tf.neg(logVariances)));
    return tf.sum(tf.add(tf.mul(precision, tf.stack(losses as tf.Scalar[])), tf.div(logVariances, 2)));
  });
}

/** Learns s_t = log σ_t², one a task, from 0; see {@link uncertaintyWeighted}. */
export class UncertaintyWeighting implements TaskWeighting {
  readonly tasks: readonly string[];
  readonly variables: readonly tf.Variable[];
  private readonly kinds: TaskKind[];
  private readonly logVariances: tf.Variable<tf.Rank.R1>;

  /** @param kinds the kind of each task. */
  constructor(kinds: Readonly<Record<string, TaskKind>>) {
    this.tasks = Object.keys(kinds);
    this.kinds = Object.values(kinds);
    this.logVariances = tf.tidy(() => tf.variable(tf.zeros<tf.Rank.R1>([this.tasks.length])));
    this.variables = [this.logVariances];
  }

  combine(losses: TaskLosses): tf.Scalar {
    return tf.tidy(() =>
      uncertaintyWeighted(
        inTaskOrder('losses/UncertaintyWeighting', losses, this.tasks),
        this.logVariances,
        this.kinds,
      ),
    );
  }

  async weights(): Promise<Record<string, number>> {
    const values = await this.logVariances.data();
    return Object.fromEntries(
      this.tasks.map((task, i) => [task, (this.kinds[i] === 'classification' ? 1 : 0.5) * Math.exp(-values[i])]),
    );
  }

  dispose(): void {
    this.logVariances.dispose();
  }
}
