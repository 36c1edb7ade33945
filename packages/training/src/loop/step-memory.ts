import { ForwardContext } from '@cxr-align/nn';
import { valueAndGradients } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { StepContext } from './step-context.js';
import { targetTensors } from './step-tensors.js';

/**
 * Bytes that the tensors of a step take at its peak beside the weights, by those of the gradients of one image and of three: they grow
 * in proportion to the images. Nothing that a later step depends on is changed.
 */
export async function bytesOfStep(context: StepContext, images: number): Promise<number> {
  const [few, more] = [1, 3];
  if (images <= more) return peakOf(context, images);
  const [ofFew, ofMore] = [await peakOf(context, few), await peakOf(context, more)];
  return ofFew + ((ofMore - ofFew) / (more - few)) * (images - few);
}

async function peakOf(
  { config: { seed }, model, parameters, objective, data }: StepContext,
  images: number,
): Promise<number> {
  const samples = data.training.slice(0, images);
  const before = tf.memory().numBytes;
  const inputs = await data.inputs.trainingBatch(samples, { seed, epoch: 0 });
  const [targets, mask] = targetTensors(data, samples);
  const variables = parameters.trainable().map(({ variable }) => variable);
  const forward = (): { loss: tf.Scalar; aux: Record<string, tf.Tensor> } => {
    const context = new ForwardContext({ training: true, seed, step: 0, updateStatistics: false });
    return { loss: objective.losses(model, model.forward(inputs, context), { targets, mask }).total, aux: {} };
  };
  // It would read every tensor to look for NaN.
  const check = 'CHECK_COMPUTATION_FOR_ERRORS';
  const isChecking = tf.env().getBool(check);
  tf.env().set(check, false);
  try {
    const { peakBytes } = await tf.profile(() => {
      const { loss, gradients } = valueAndGradients(forward, variables);
      tf.dispose([loss, gradients]);
    });
    return Math.max(0, peakBytes - before);
  } finally {
    tf.env().set(check, isChecking);
    tf.dispose([{ ...inputs }, targets, mask]);
  }
}
