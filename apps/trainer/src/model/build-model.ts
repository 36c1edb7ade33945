import type { Parameters } from '@cxr-align/nn';
import type { Config } from '../config/config.js';
import type { Model, ModelInput } from './model.js';
import { PlainModel } from './plain-model.js';
import { SplitModel } from './split-model.js';

/** Builds the model of a configuration; its arrays are made in `parameters`. */
export function buildModel(config: Config, parameters: Parameters, input: ModelInput): Model {
  if (config.model === 'linear' || config.model === 'mlp') return new PlainModel(config.model, parameters, input);
  return new SplitModel(config, parameters, input);
}
