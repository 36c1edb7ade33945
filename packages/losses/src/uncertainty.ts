import { assertOption, assertOptions, assertShape } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { inTaskOrder, checkTasks, byTask, type TaskLosses, type TaskWeighting } from './weighting.js';

/** The kind of likelihood that a loss is derived from; it decides the coefficient of the uncertainty weighting. */
export type TaskKind = 'classification' | 'regression';

const taskKinds = ['classification', 'regression'] as const;

export interface UncertaintyOptions {
  /** The kind of each task, in the order of the losses. */
  kinds: readonly TaskKind[];
}

/**
 * Weights tasks by learned uncertainties, given as log variances.
 *
 *   Σ_t c_t exp(−s_t) · loss_t + s_t / 2      s_t = log σ_t², c_t = 1 for classification, ½ for regression
 *
 * The value may be negative; only its gradient is meaningful.
 *
 * @param losses scalars, one for each task.
 * @param logVariances float32 [tasks].
 * @returns a scalar. The caller owns it.
 * @throws {RangeError} if there are not as many losses, log variances and kinds, or a kind is unknown.
 * @throws {TypeError} for arguments of another kind, unknown or missing options.
 * @see Kendall, Gal and Cipolla 2018, arXiv:1705.07115.
 */
export function uncertaintyWeightedLoss(
  losses: readonly tf.Tensor[],
  logVariances: tf.Tensor,
  options: UncertaintyOptions,
): tf.Scalar {
  const where = 'losses/uncertaintyWeightedLoss';
  assertOptions(where, options, { kinds: 'array' }, ['kinds']);
  const { kinds } = options;
  assertOption(where, 'losses', losses, 'array');
  losses.forEach((loss, t) => assertShape(where, `losses[${t}]`, loss, []));
  assertShape(where, 'logVariances', logVariances, ['tasks']);
  kinds.forEach((kind, t) => assertOption(where, `kinds[${t}]`, kind, taskKinds));
  if (losses.length !== logVariances.size || kinds.length !== losses.length) {
    throw new RangeError(
      `${where}: expected as many losses, log variances and kinds, got ${losses.length}, ${logVariances.size}, ${kinds.length}; ` +
        'pass one of each for every task',
    );
  }
  return tf.tidy(() => {
    const precision = tf.mul(tf.tensor1d(kinds.map(coefficientOf)), tf.exp(tf.neg(logVariances)));
    return tf.sum(tf.add(tf.mul(precision, tf.stack(losses as tf.Tensor[])), tf.div(logVariances, 2)));
  });
}

function coefficientOf(kind: TaskKind): number {
  return kind === 'classification' ? 1 : 0.5;
}

/**
 * Learns the uncertainties of tasks, s_t = log σ_t², from 0; the formula is {@link uncertaintyWeightedLoss}.
 *
 * @see Kendall, Gal and Cipolla 2018, arXiv:1705.07115.
 */
export class UncertaintyWeighting implements TaskWeighting {
  readonly tasks: readonly string[];
  readonly variables: readonly tf.Variable[];
  private readonly kinds: TaskKind[];
  private readonly logVariances: tf.Variable<tf.Rank.R1>;

  /**
   * @param kinds the kind of each task.
   * @throws {TypeError} if `kinds` is no object. @throws {RangeError} for an unknown kind, or without a task.
   */
  constructor(kinds: Readonly<Record<string, TaskKind>>) {
    const where = 'losses/UncertaintyWeighting';
    this.tasks = checkTasks(where, byTask(where, 'kinds', kinds));
    for (const task of this.tasks) assertOption(where, `the kind of ${task}`, kinds[task], taskKinds);
    this.kinds = Object.values(kinds);
    this.logVariances = tf.tidy(() => tf.variable(tf.zeros<tf.Rank.R1>([this.tasks.length])));
    this.variables = [this.logVariances];
  }

  combine(losses: TaskLosses): tf.Scalar {
    return tf.tidy(() =>
      uncertaintyWeightedLoss(inTaskOrder('losses/UncertaintyWeighting', losses, this.tasks), this.logVariances, {
        kinds: this.kinds,
      }),
    );
  }

  async weights(): Promise<Record<string, number>> {
    const values = await this.logVariances.data();
    return Object.fromEntries(this.tasks.map((task, i) => [task, coefficientOf(this.kinds[i]) * Math.exp(-values[i])]));
  }

  dispose(): void {
    this.logVariances.dispose();
  }
}
