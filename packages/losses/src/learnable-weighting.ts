import * as tf from '@tensorflow/tfjs-core';
import { checkTasks, inTaskOrder, type TaskLosses, type TaskWeighting } from './weighting.js';

/**
 * Weights learned through a softmax.
 *
 *   Σ_t w_t · loss_t, w = tasks · softmax(a), a learned from 0
 *
 * Without the softmax a gradient step lowers every weight, and the loss falls without bound.
 */
export class LearnableWeighting implements TaskWeighting {
  readonly variables: readonly tf.Variable[];
  private readonly scores: tf.Variable<tf.Rank.R1>;

  constructor(readonly tasks: readonly string[]) {
    checkTasks('losses/LearnableWeighting', tasks);
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
