// A toy model that learns by three of the losses, as a project of its own would write it.
import * as tf from '@tensorflow/tfjs';
import { binaryCrossEntropy, labelConditionedAlignment, orthogonalLoss, type Reduction } from '@cxr-align/losses';

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
    const embeddings = tf.reshape(tf.matMul(image, weights), [16, 3, 8]) as tf.Tensor3D;
    const { loss } = labelConditionedAlignment(embeddings, prompts, targets);
    const scores = binaryCrossEntropy(tf.sum(embeddings, -1) as tf.Tensor2D, targets);
    return tf.addN([loss, scores, orthogonalLoss(prompts.positive)]);
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

// Types are types, not any: what follows is checked, never run.
export const known: Reduction = 'mean';
// @ts-expect-error: there is no such reduction
export const unknown: Reduction = 'median';
export const mean = (z: tf.Tensor2D): tf.Scalar => binaryCrossEntropy(z, z);
// @ts-expect-error: without a reduction it is no scalar
export const entries = (z: tf.Tensor2D): tf.Scalar => binaryCrossEntropy(z, z, { reduction: 'none' });
