import { Parameters } from '@cxr-align/nn';
import { buildModel } from './build-model.js';
import type { Model } from './model.js';
import { ModelTexts } from './model-texts.js';
import { readModel, type StoredModel } from '../run-folder.js';
import type { AskedLabels } from '../evaluation/zero-shot.js';

/** A stored model, ready to predict. */
export interface LoadedModel {
  model: Model;
  stored: StoredModel;
  /** The labels that it tells by their prompts alone, beside the trained ones. */
  asked?: AskedLabels;
  dispose: () => void;
}

/** Builds the model of a run and puts its weights in. */
export function loadModel(run: string): LoadedModel {
  return openModel(readModel(run));
}

/** The same of a model that has been read. */
export function openModel(stored: StoredModel): LoadedModel {
  const { weights, texts, graph, zeroShot } = stored;
  const parameters = new Parameters(stored.config.seed);
  const ofTrained = texts && new ModelTexts(texts, graph.labels.length);
  const model = buildModel(stored.config, parameters, {
    input: stored.input,
    labels: graph.labels.length,
    texts: ofTrained,
  });
  parameters.load(weights);
  const asked = zeroShot && texts && { graph: zeroShot, texts: new ModelTexts(texts) };
  return {
    model,
    stored,
    asked,
    dispose: () => {
      parameters.dispose();
      ofTrained?.dispose();
      asked?.texts.dispose();
    },
  };
}
