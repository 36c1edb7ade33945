import type { ModelBatch } from '@cxr-align/classifier';
import { ForwardContext } from '@cxr-align/nn';
import { valueAndGradients } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { MixedBatch } from './mixup.js';
import type { StepContext } from './step-context.js';
import { targetTensors } from './step-tensors.js';

/** How batches of a training get one shape. */
export interface Padding {
  /** Rows of each batch, padded ones included; undefined where none is padded. */
  rows?: number;
  /** Why batches of several sizes are not padded, where they are not. */
  reason?: string;
}

/**
 * A batch with more rows, which count for nothing: copies of the first image, all of whose targets are unknown.
 *
 * @param batch is disposed where it is padded.
 * @returns the batch, with the weights of its rows. The caller owns it.
 */
export function padded(batch: MixedBatch, size: number): MixedBatch {
  const { images, targets, mask, weights } = batch;
  const missing = size - targets.shape[0];
  const rows = tf.tensor1d(Float32Array.from({ length: size }, (_, row) => Number(row < size - missing)));
  if (missing === 0) return { ...batch, rows };
  const copied = (x: tf.Tensor4D): tf.Tensor4D =>
    tf.tidy(() => {
      const first = tf.slice(x, 0, 1);
      return tf.concat([x, ...Array.from({ length: missing }, () => first)]);
    });
  const unknown = (x: tf.Tensor2D): tf.Tensor2D =>
    tf.pad(x, [
      [0, missing],
      [0, 0],
    ]);
  const made = {
    images: Object.fromEntries(
      Object.entries<tf.Tensor4D>({ ...images }).map(([name, tensor]) => [name, copied(tensor)]),
    ) as unknown as ModelBatch,
    targets: unknown(targets),
    mask: unknown(mask),
    ...(weights && { weights: unknown(weights) }),
    rows,
  };
  tf.dispose([{ ...images }, targets, mask, ...(weights ? [weights] : [])]);
  return made;
}

/** Largest relative difference of loss and gradients that padding may make: float32, added up in another order. */
const tolerance = 1e-4;

/** How many images the effect of a padded row is tried on. */
const triedImages = 3;

/**
 * Tries whether a row more changes loss or gradients of a step: a model or a loss that was registered from outside may take the mean
 * over all rows. Nothing that a later step depends on is changed.
 *
 * @returns the relative difference of loss and gradients; undefined where it is not above rounding.
 */
export async function effectOfPadding(context: StepContext): Promise<number | undefined> {
  const { config, data, parameters, trained } = context;
  const { seed } = config;
  const samples = data.training.slice(0, triedImages);
  const variables = [...new Set([...parameters.trainable(), ...trained].map(({ variable }) => variable))];
  const load = async (): Promise<MixedBatch> => {
    const images = await data.inputs.trainingBatch(samples, { seed, epoch: 0 });
    const [targets, mask] = targetTensors(data, samples);
    return { images, targets, mask };
  };
  const [plain, more] = [await load(), padded(await load(), samples.length + 1)];
  try {
    const difference = tf.tidy(() => {
      const [before, after] = [plain, more].map((batch) => valuesOf(context, batch, variables));
      return Math.max(...before.map((one, i) => relativeDifference(one, after[i])));
    });
    return difference <= tolerance ? undefined : difference;
  } finally {
    for (const { images, ...others } of [plain, more]) tf.dispose([{ ...images }, { ...others }]);
  }
}

/** The loss, and the gradients one after the other. */
function valuesOf(
  { config, model, objective }: StepContext,
  { images, ...targets }: MixedBatch,
  variables: tf.Variable[],
): tf.Tensor[] {
  const { rows } = targets;
  const context = new ForwardContext({ training: true, seed: config.seed, step: 0, updateStatistics: false, rows });
  const forward = (): { loss: tf.Scalar; aux: Record<string, tf.Tensor> } => ({
    loss: objective.losses(model, model.forward(images, context), targets).total,
    aux: {},
  });
  const { loss, gradients } = valueAndGradients(forward, variables);
  return [loss, tf.concat(Object.values(gradients).map((gradient) => tf.reshape(gradient, [-1])))];
}

/** ‖after − before‖ / ‖before‖. */
function relativeDifference(before: tf.Tensor, after: tf.Tensor): number {
  const norm = (x: tf.Tensor): number => tf.sqrt(tf.sum(tf.square(x))).dataSync()[0];
  return norm(tf.sub(after, before)) / Math.max(norm(before), 1e-6);
}
