import { assertOption } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { byTask, checkTasks, inTaskOrder, type TaskLosses, type TaskWeighting } from './weighting.js';

/**
 * Constant weights.
 *
 *   Σ_t w_t · loss_t
 */
export class FixedWeighting implements TaskWeighting {
  readonly tasks: readonly string[];
  readonly variables: readonly tf.Variable[] = [];

  /**
   * @param fixed the weight of each task; 0 switches it off.
   * @throws {TypeError} if `fixed` is no object of numbers. @throws {RangeError} for a weight below 0, or without a task.
   */
  constructor(private readonly fixed: Readonly<Record<string, number>>) {
    const where = 'losses/FixedWeighting';
    this.tasks = checkTasks(where, byTask(where, 'the weights', fixed));
    for (const task of this.tasks) assertOption(where, `the weight of ${task}`, fixed[task], { min: 0 });
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
