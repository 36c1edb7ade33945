import { notFitted } from '@cxr-align/evaluation';
import type { LabelGraph } from '@cxr-align/label-graph';
import { Parameters } from '@cxr-align/nn';
import { buildModel, modelTypes } from '../model/build-model.js';
import type { ImageInput } from '../model/model-inputs.js';
import { checkModelConfig } from '../model-config.js';
import { frozenTexts } from '../texts/frozen-texts.js';
import { ModelTexts } from '../texts/model-texts.js';
import type { StoredModel } from './stored-model.js';

/** Which model is made. */
export interface UntrainedModelOptions {
  /** Keys of the configuration that differ from the defaults, such as `{ model: 'vision-only' }`. */
  config?: object;
  graph: LabelGraph;
  /** How grey values in [0, 1] are standardized. Default mean 0.5, std 0.25. */
  scale?: ImageInput['scale'];
}

/**
 * A model with its initial weights, as it is before any training: to try a pipeline, or to measure what chance gives. It takes images
 * of the configuration's `image.size`, and has no thresholds and no calibration.
 *
 * @throws {InputError} if the configuration is not sound.
 */
export async function untrainedModel({
  config: changes = {},
  graph,
  scale = { mean: 0.5, std: 0.25 },
}: UntrainedModelOptions): Promise<StoredModel> {
  const config = checkModelConfig(changes, 'config');
  const input: ImageInput = { kind: 'image', size: config.image.size, scale };
  const texts = modelTypes.get(config.model).usesPrompts ? await frozenTexts(config, graph) : undefined;
  const parameters = new Parameters(config.seed);
  const modelTexts = texts && new ModelTexts(texts);
  try {
    buildModel(config, parameters, { input, labels: graph.labels.length, texts: modelTexts });
    return {
      weights: await parameters.values(),
      texts,
      config,
      input,
      graph,
      ...notFitted(graph),
      prevalence: graph.labels.map(() => NaN),
      metadata: null,
    };
  } finally {
    parameters.dispose();
    modelTexts?.dispose();
  }
}
