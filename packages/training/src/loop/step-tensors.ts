import { gradientCosines, type TaskGradients } from '@cxr-align/losses';
import * as tf from '@tensorflow/tfjs-core';
import type { Task } from '../registry/weightings.js';
import type { GradientRecord, TrainingData } from './records.js';

/** sum + share · gradients, array by array; disposes both. */
export function addScaled(sum: tf.NamedTensorMap, gradients: tf.NamedTensorMap, share: number): tf.NamedTensorMap {
  return Object.fromEntries(
    Object.entries(gradients).map(([name, gradient]) => {
      const added = tf.tidy(() => {
        const scaled = tf.mul(gradient, share);
        return sum[name] ? tf.add(sum[name], scaled) : scaled;
      });
      tf.dispose([gradient, ...(sum[name] ? [sum[name]] : [])]);
      return [name, added];
    }),
  );
}

/** The cosines of the tasks' gradients as a record. */
export function gradientRecord(tasks: readonly Task[], gradients: TaskGradients): Omit<GradientRecord, 'step'> {
  const cosines = Array.from(gradientCosines(gradients), (cosine) => (Number.isNaN(cosine) ? null : cosine));
  return { tasks, cosines: tasks.map((_, i) => cosines.slice(i * tasks.length, (i + 1) * tasks.length)) };
}

/** Targets and mask of a batch as tensors; unknown targets are 0 with mask 0. */
export function targetTensors({ targets, labels }: TrainingData, batch: readonly number[]): [tf.Tensor2D, tf.Tensor2D] {
  const rows = batch.flatMap((image) => [...targets.subarray(image * labels, (image + 1) * labels)]);
  return [
    tf.tensor2d(
      rows.map((target) => (Number.isNaN(target) ? 0 : target)),
      [batch.length, labels],
    ),
    tf.tensor2d(
      rows.map((target) => (Number.isNaN(target) ? 0 : 1)),
      [batch.length, labels],
    ),
  ];
}
