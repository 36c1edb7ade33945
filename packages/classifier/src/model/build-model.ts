import { heads, registerHead as addHead, type HeadType } from '@cxr-align/heads';
import type { Parameters } from '@cxr-align/nn';
import { BaselineModel } from './baseline-model.js';
import { FittedHeadModel } from './fitted-head-model.js';
import { LabelDecoderModel } from './label-decoder-model.js';
import { modelRegistry, type ModelConfig } from '../model-config.js';
import type { Model, ModelInput } from './model.js';
import type { Registry } from '../registry.js';

/** A kind of model that `model` of a configuration can name. */
export interface ModelType {
  /**
   * Whether frozen texts of the labels are encoded for it. Its output then has prompts and an embedding for each label, to which the
   * contrastive, orthogonal and graph losses apply; other models have the classification loss alone.
   */
  usesPrompts: boolean;
  /**
   * Whether it decodes labels from a feature map by the key `decoder`: a frozen encoder's whole map is then stored for it, and an image
   * encoder may be trained beside it; other models are given pooled features.
   */
  usesFeatureMap: boolean;
  /**
   * Whether it is fitted to the features of a frozen encoder in one go, without epochs: by a head of `@cxr-align/heads`, or by several.
   * Default false.
   */
  isFitted?: boolean;
  /**
   * Builds the model with arrays made in `parameters`, whose names and initial values are keyed by their scopes. Called for training
   * and for each stored model.
   */
  build(config: ModelConfig, parameters: Parameters, input: ModelInput): Model;
}

/** The kinds of model that are registered. */
export const modelTypes = modelRegistry as Registry<ModelType>;

/**
 * Adds a kind of model, which `model` of a configuration can then name. A run trained with it needs it registered to be loaded.
 *
 * @example
 * registerModel('pooled', { usesPrompts: false, usesFeatureMap: false, build: (config, parameters, input) => new Pooled(…) });
 *
 * @throws {RangeError} if the name is taken.
 * @throws {TypeError} if it cannot be built.
 */
export function registerModel(name: string, type: ModelType): void {
  if (typeof type?.build !== 'function')
    throw new TypeError(
      `classifier/registerModel: expected a model type with build, usesPrompts and usesFeatureMap, got ${Object.keys(type ?? {}).join(', ') || 'none of them'}`,
    );
  modelTypes.register(name, type);
}

/** Builds the model of a configuration; its arrays are made in `parameters`. @throws {RangeError} if it is not registered. */
export function buildModel(config: ModelConfig, parameters: Parameters, input: ModelInput): Model {
  return modelTypes.get(config.model).build(config, parameters, input);
}

registerModel('aligned', {
  usesPrompts: true,
  usesFeatureMap: true,
  build: (config, parameters, input) => new LabelDecoderModel(config, parameters, input),
});
registerModel('vision-only', {
  usesPrompts: false,
  usesFeatureMap: true,
  build: (config, parameters, input) => new LabelDecoderModel(config, parameters, input),
});
for (const kind of ['linear', 'mlp'] as const)
  registerModel(kind, {
    usesPrompts: false,
    usesFeatureMap: false,
    build: (config, parameters, input) => new BaselineModel(kind, config, parameters, input),
  });

/** A model of one head, or of several, that is fitted without epochs. */
const fitted: ModelType = {
  usesPrompts: false,
  usesFeatureMap: false,
  isFitted: true,
  build: (_, parameters, input) => new FittedHeadModel(parameters, input),
};
for (const name of [...heads.names, 'auto']) registerModel(name, fitted);

/**
 * Adds a kind of head that is fitted to features, and a kind of model of the same name.
 *
 * @throws {RangeError} if the name is taken. @throws {TypeError} if it cannot be fitted and restored.
 *
 * @example
 * registerHead('nearest-mean', { reads: [], fit: (problem, options) => …, restore: (stored) => … });
 */
export function registerHead(name: string, type: HeadType): void {
  if (modelTypes.has(name))
    throw new RangeError(
      `classifier/registerHead: expected a new name for a head, got ${name}, which is a model already; choose another`,
    );
  addHead(name, type);
  registerModel(name, fitted);
}
