import * as tf from '@tensorflow/tfjs-core';
import { checkTasks, inTaskOrder, numbersInTaskOrder, type TaskLosses, type TaskWeighting } from './weighting.js';

/**
 * The geometric mean of the losses: each task counts by its relative change, independent of its scale.
 *
 *   (Π_t loss_t)^(1/tasks)      losses must be above 0; below 1e-12 they count as 1e-12
 *
 * @see Chennupati et al. 2019, arXiv:1904.08492.
 */
export class GeometricWeighting implements TaskWeighting {
  readonly variables: readonly tf.Variable[] = [];
  private latest: number[];

  constructor(readonly tasks: readonly string[]) {
    checkTasks('losses/GeometricWeighting', tasks);
    this.latest = tasks.map(() => NaN);
  }

  combine(losses: TaskLosses): tf.Scalar {
    return tf.tidy(() => {
      const ordered = tf.stack(inTaskOrder('losses/GeometricWeighting', losses, this.tasks));
      return tf.exp(tf.mean<tf.Scalar>(tf.log(tf.maximum(ordered, 1e-12))));
    });
  }

  /** Takes the current losses; {@link weights} is NaN before. */
  observe(losses: Readonly<Record<string, number>>): void {
    this.latest = numbersInTaskOrder('losses/GeometricWeighting', losses, this.tasks);
  }

  /** value / (tasks · loss). */
  weights(): Promise<Record<string, number>> {
    const count = this.tasks.length;
    const value = Math.exp(this.latest.reduce((sum, loss) => sum + Math.log(Math.max(loss, 1e-12)), 0) / count);
    return Promise.resolve(Object.fromEntries(this.tasks.map((task, i) => [task, value / (count * this.latest[i])])));
  }

  dispose(): void {}
}
