import * as tf from '@tensorflow/tfjs-core';
import { inTaskOrder, type TaskLosses, type TaskWeighting } from './weighting.js';

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
