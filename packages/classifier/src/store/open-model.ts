import { InputError } from '@cxr-align/files';
import { Parameters } from '@cxr-align/nn';
import { buildModel } from '../model/build-model.js';
import { headOfWeights } from '../model/fitted-head-model.js';
import type { Model } from '../model/model.js';
import { ModelTexts } from '../texts/model-texts.js';
import type { ModelConfig } from '../model-config.js';
import type { StoredModel } from './stored-model.js';
import type { ZeroShotLabels } from '../texts/zero-shot-labels.js';

/** A stored model, ready to predict. */
export interface LoadedModel<C extends ModelConfig = ModelConfig> {
  model: Model;
  stored: StoredModel<C>;
  /** The trained labels and those that it predicts by their prompts alone. */
  zeroShot?: ZeroShotLabels;
  /** Releases all tensors of the model. */
  dispose(): void;
}

/** Builds a model that has been read, with its trained weights. @throws {InputError} if the weights are of another model. */
export function openModel<C extends ModelConfig>(stored: StoredModel<C>): LoadedModel<C> {
  const { weights, texts, graph, zeroShot, head, file } = stored;
  const parameters = new Parameters(stored.config.seed, weights);
  const owned: { dispose(): void }[] = [parameters];
  const dispose = (): void => owned.forEach((one) => one.dispose());
  const textsOf = (frozen: NonNullable<typeof texts>, count?: number): ModelTexts => {
    const made = new ModelTexts(frozen, count);
    owned.push(made);
    return made;
  };
  try {
    const model = buildModel(stored.config, parameters, {
      input: stored.input,
      labels: graph.labels.length,
      texts: texts && textsOf(texts, graph.labels.length),
      head: head && headOfWeights(head, weights),
    });
    parameters.refuseUnused();
    return { model, stored, zeroShot: zeroShot && texts && { graph: zeroShot, texts: textsOf(texts) }, dispose };
  } catch (error) {
    dispose();
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(
      `expected the weights of the model that its configuration describes, got others (${error.message}); copy the model folder again`,
      { file },
    );
  }
}
