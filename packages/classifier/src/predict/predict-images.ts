import { ForwardContext, type StepCapture } from '@cxr-align/nn';
import { cosineMatrix } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { Model, ModelOutput } from '../model/model.js';
import type { ModelBatch, ModelInputs } from '../model/model-inputs.js';
import type { ZeroShotLabels } from '../texts/zero-shot-labels.js';

/** Predictions of images, before calibration. */
export interface ImagePredictions {
  /** [images, labels] row by row. */
  logits: Float32Array;
  /** Cosines between label embeddings [labels, labels]: the mean over the images, and those of the prompts. */
  cosines: { images?: Float32Array; prompts?: Float32Array };
  /** How much of each source prompt is in the labels' prompts [labels, sources + 1], the mean over the images. */
  sourceAttention?: Float32Array;
}

export interface PredictOptions {
  /** Default 64. */
  batchSize?: number;
  /** Called after each batch, and waited for; what it throws ends the prediction. */
  onImages?: (done: number) => Promise<void> | void;
  /** Views of each image whose logits are averaged (test-time augmentation); all else is of the first, the image as it is. Default 1. */
  views?: number;
  /** Labels beside the trained ones: their logits follow those of the trained ones. */
  zeroShot?: ZeroShotLabels;
}

/** Predicts samples in batches. */
export async function predictImages(
  model: Model,
  inputs: Pick<ModelInputs, 'batch'>,
  samples: readonly number[],
  { batchSize = 64, onImages, zeroShot, views = 1 }: PredictOptions = {},
): Promise<ImagePredictions> {
  const parts: Float32Array[] = [];
  let batch: readonly number[] = [];
  const meanOverViews = async (first: Float32Array): Promise<Float32Array> => {
    const total = Float64Array.from(first);
    for (let view = 1; view < views; view++) {
      const logits = tf.tidy(() => outputOf(model, inputs.batch(batch, view), zeroShot).logits);
      for (const [at, value] of (await logits.data()).entries()) total[at] += value;
      logits.dispose();
    }
    return Float32Array.from(total, (value) => value / views);
  };
  let sum: Float64Array | undefined;
  let attended: Float64Array | undefined;
  let prompts: Float32Array | undefined;
  for (let start = 0; start < samples.length; start += batchSize) {
    batch = samples.slice(start, start + batchSize);
    const made = tf.tidy(() => {
      const { output, logits } = outputOf(model, inputs.batch(batch), zeroShot);
      const [{ embeddings, sourceAttention }] = output.branches;
      return {
        logits,
        ...(embeddings && { images: tf.sum(cosineMatrix(embeddings), 0) }),
        ...(sourceAttention && { attention: tf.sum(sourceAttention, 0) }),
        ...(output.prompts && !prompts && { prompts: cosineMatrix(output.prompts.positive) }),
      };
    });
    try {
      const logits = (await made.logits.data()) as Float32Array;
      parts.push(views === 1 ? logits : await meanOverViews(logits));
      if (made.images) sum = added(sum, await made.images.data());
      if (made.attention) attended = added(attended, await made.attention.data());
      prompts ??= (await made.prompts?.data()) as Float32Array | undefined;
    } finally {
      tf.dispose(made);
    }
    await onImages?.(Math.min(samples.length, start + batchSize));
  }
  const logits = joined(parts);
  const mean = (total: Float64Array | undefined): Float32Array | undefined =>
    total && Float32Array.from(total, (value) => value / samples.length);
  return { logits, cosines: { images: mean(sum), prompts }, sourceAttention: mean(attended) };
}

/** The output of a model for some inputs, and its logits with those of the zero-shot labels. */
function outputOf(
  model: Model,
  images: ModelBatch,
  zeroShot: ZeroShotLabels | undefined,
): { output: ModelOutput; logits: tf.Tensor2D } {
  if (!zeroShot) {
    const output = model.forward(images, new ForwardContext({ training: false }));
    return { output, logits: output.logits };
  }
  // The image is encoded once, for the trained labels and for the others.
  const maps = model.maps!.encode(images);
  const output = model.maps!.predict(maps);
  return { output, logits: withZeroShot(output.logits, model.zeroShot!.scorePrompts(maps, zeroShot.texts)) };
}

/** Arrays one after the other. */
function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((total, part) => total + part.length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

function added(sum: Float64Array | undefined, values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values, (value, i) => value + (sum?.[i] ?? 0));
}

/** Logits of the trained labels, then those of the zero-shot labels after them. */
function withZeroShot(trained: tf.Tensor2D, zeroShot: tf.Tensor2D): tf.Tensor2D {
  const [batch, count] = trained.shape;
  return tf.concat([trained, tf.slice(zeroShot, [0, count], [batch, zeroShot.shape[1] - count])], 1);
}

/** The logits of images alone. */
export async function predictLogits(
  model: Model,
  inputs: Pick<ModelInputs, 'batch'>,
  samples: readonly number[],
  options: PredictOptions = {},
): Promise<Float32Array> {
  return (await predictImages(model, inputs, samples, options)).logits;
}

/**
 * The logits of each branch for some images, [images, labels] row by row.
 *
 * @param options `capture`: the step capture of the model's earlier predictions.
 */
export async function predictBranches(
  model: Model,
  inputs: Pick<ModelInputs, 'batch'>,
  samples: readonly number[],
  { batchSize = 64, onImages, capture }: Omit<PredictOptions, 'zeroShot'> & { capture?: StepCapture } = {},
): Promise<Float32Array[]> {
  const parts: Float32Array[][] = [];
  for (let start = 0; start < samples.length; start += batchSize) {
    const images = inputs.batch(samples.slice(start, start + batchSize));
    const predict = (): tf.NamedTensorMap =>
      tf.tidy(() => {
        const { branches } = model.forward(images, new ForwardContext({ training: false }));
        return Object.fromEntries(branches.map(({ logits }, branch) => [branch, logits]));
      });
    const request = { inputs: Object.values<tf.Tensor>({ ...images }), step: 0 };
    const outputs = capture ? capture.run(request, predict) : predict();
    for (const [branch, logits] of Object.values(outputs).entries())
      (parts[branch] ??= []).push((await logits.data()) as Float32Array);
    tf.dispose([{ ...images }, outputs]);
    await onImages?.(Math.min(samples.length, start + batchSize));
  }
  return parts.map(joined);
}
