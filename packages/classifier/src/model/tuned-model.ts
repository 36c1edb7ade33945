import type * as tf from '@tensorflow/tfjs-core';
import type { ModelBatch } from './model-inputs.js';
import type { Model } from './model.js';

/** What makes the features of a model of images. */
export interface FeatureEncoder {
  /** @param images float32 [batch, size, size, 1]: grey values in [0, 1]. @returns float32 [batch, grid, grid, dim]. */
  forward(images: tf.Tensor4D): tf.Tensor4D;
}

/**
 * A model on the features of an encoder that is trained with it: its main input is images, from which the encoder makes the features
 * that the model takes.
 */
export function tunedModel(model: Model, encoder: FeatureEncoder): Model {
  const encoded = (inputs: ModelBatch): ModelBatch => ({ ...inputs, main: encoder.forward(inputs.main) });
  const { maps, prompts } = model;
  // All else is the model's own.
  return Object.assign(Object.create(model) as Model, {
    forward: (inputs, context) => model.forward(encoded(inputs), context),
    ...(maps && { maps: { encode: (inputs) => maps.encode(encoded(inputs)), predict: (made) => maps.predict(made) } }),
    ...(prompts && {
      prompts: {
        encodePrompts: (texts) => prompts.encodePrompts(texts),
        explain: (inputs, texts, observations) => prompts.explain(encoded(inputs), texts, observations),
      },
    }),
  } satisfies Partial<Model>);
}
