// A toy model that learns by three of the losses, as a project of its own would write it.
import * as tf from '@tensorflow/tfjs';
import {
  binaryCrossEntropyLoss,
  labelConditionedAlignmentLoss,
  orthogonalLoss,
  type Reduction,
} from '@cxr-align/losses';
import { asLayersLoss } from '@cxr-align/losses/layers';
import { identityCrossEntropyLoss } from '@cxr-align/losses/reference';

export async function train(backend = 'cpu'): Promise<number[]> {
  await tf.setBackend(backend);
  const image = tf.randomNormal<tf.Rank.R2>([16 * 3, 8], 0, 1, 'float32', 1);
  const targets = tf.tensor2d(
    Array.from({ length: 48 }, (_, i) => ((i * i) % 3 === 0 ? 1 : 0)),
    [16, 3],
  );
  const weights = tf.variable(tf.randomNormal<tf.Rank.R2>([8, 8], 0, 0.5, 'float32', 2));
  const prompt = (seed: number) => tf.variable(tf.randomNormal<tf.Rank.R2>([3, 8], 0, 1, 'float32', seed));
  const prompts = { positive: prompt(3), negative: prompt(4) };
  const objective = (): tf.Scalar => {
    const embeddings = tf.reshape(tf.matMul(image, weights), [16, 3, 8]);
    const alignment = labelConditionedAlignmentLoss(embeddings, prompts, targets);
    const classification = binaryCrossEntropyLoss(tf.sum(embeddings, -1), targets);
    return tf.addN([alignment, classification, orthogonalLoss(prompts.positive)]);
  };
  const optimizer = tf.train.adam(0.05);
  const losses: number[] = [];
  for (let step = 0; step < 40; step++) {
    const loss = optimizer.minimize(objective, true)!;
    losses.push((await loss.data())[0]);
    loss.dispose();
  }
  return losses;
}

/** The losses of the epochs of a model of tf.layers, some of whose targets are unknown. */
export async function fit(): Promise<number[]> {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [8] })] });
  model.compile({
    optimizer: tf.train.adam(0.1),
    loss: asLayersLoss(binaryCrossEntropyLoss, { labelSmoothing: 0.01 }),
  });
  const x = tf.randomNormal([48, 8], 0, 1, 'float32', 1);
  const known = tf.greater(tf.randomUniform([48, 3], 0, 1, 'float32', 2), 0.2);
  const y = tf.where(known, tf.cast(tf.greater(tf.slice(x, [0, 0], [48, 3]), 0), 'float32'), tf.fill([48, 3], NaN));
  const { history } = await model.fit(x, y, { epochs: 40, batchSize: 16, shuffle: false, verbose: 0 });
  return history.loss as number[];
}

/** The reference forms have an entry of their own. */
export const reference = (x: tf.Tensor): tf.Scalar => identityCrossEntropyLoss(x);

// Types are types, not any: what follows is checked, never run.
export const known: Reduction = 'mean';
// @ts-expect-error: there is no such reduction
export const unknown: Reduction = 'median';
export const mean = (z: tf.Tensor2D): tf.Scalar => binaryCrossEntropyLoss(z, z);
// @ts-expect-error: without a reduction it is no scalar
export const entries = (z: tf.Tensor2D): tf.Scalar => binaryCrossEntropyLoss(z, z, { reduction: 'none' });
