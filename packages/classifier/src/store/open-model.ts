import { InputError } from '@cxr-align/files';
import { Parameters } from '@cxr-align/nn';
import { buildModel } from '../model/build-model.js';
import { headOfWeights } from '../model/fitted-head-model.js';
import { EnsembleModel } from '../model/ensemble-model.js';
import type { Model } from '../model/model.js';
import { ModelTexts } from '../texts/model-texts.js';
import type { ModelConfig } from '../model-config.js';
import type { StoredMember, StoredModel } from './stored-model.js';
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
  const { weights, texts, graph, zeroShot, head, file, members } = stored;
  const owned: { dispose(): void }[] = [];
  const dispose = (): void => owned.forEach((one) => one.dispose());
  const textsOf = (frozen: NonNullable<typeof texts>, count?: number): ModelTexts => {
    const made = new ModelTexts(frozen, count);
    owned.push(made);
    return made;
  };
  try {
    const labelTexts = texts && textsOf(texts, graph.labels.length);
    const build = (
      values: StoredModel['weights'],
      { input, head: own }: Pick<StoredMember, 'input' | 'head'>,
    ): Model => {
      const parameters = new Parameters(stored.config.seed, values);
      owned.push(parameters);
      const built = buildModel(stored.config, parameters, {
        input,
        labels: graph.labels.length,
        texts: labelTexts,
        head: own && headOfWeights(own, values),
      });
      parameters.refuseUnused();
      return built;
    };
    const model = members ? ensembleOf(members, weights, build) : build(weights, { input: stored.input, head });
    if (model instanceof EnsembleModel) owned.push(model);
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

/** @throws {RangeError} if an array belongs to no member. */
function ensembleOf(
  members: readonly StoredMember[],
  weights: StoredModel['weights'],
  build: (values: StoredModel['weights'], member: StoredMember) => Model,
): EnsembleModel {
  const [unknown] = [...weights.keys()].filter((name) => !members.some((one) => name.startsWith(`${one.name}/`)));
  if (unknown !== undefined) throw new RangeError(`expected arrays of ${members.length} members, got ${unknown}`);
  return new EnsembleModel(
    members.map((member) => {
      const { name, input } = member;
      const own = [...weights].flatMap(([key, value]) =>
        key.startsWith(`${name}/`) ? [[key.slice(name.length + 1), value] as const] : [],
      );
      return { model: build(new Map(own), member), input };
    }),
  );
}
