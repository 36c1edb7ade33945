import type { AdamW, Parameter, Parameters } from '@cxr-align/nn';
import type { Model } from '@cxr-align/classifier';
import type { Config } from '../config/config.js';
import type { Objective } from './objective.js';
import type { GradientRecord, TrainingData } from './records.js';
import type { WeightAverage } from './weight-average.js';
import type { PseudoLabeller } from './unlabelled/pseudo-labeller.js';

/** What a step is taken with and on. */
export interface StepContext {
  config: Config;
  model: Model;
  parameters: Parameters;
  /** What the optimizer updates: parameters of the model, and of the weighting of the losses. */
  trained: readonly Parameter[];
  objective: Objective;
  data: TrainingData;
  /** The sizes that batches have. */
  batchSizes: readonly number[];
  optimizer: AdamW;
  average: WeightAverage;
  /** Makes the batches of images without labels, where such are trained on. */
  pseudoLabeller?: PseudoLabeller;
  /** Takes the gradients of every `logGradientCosines`-th step. */
  onGradients: (record: GradientRecord) => unknown;
}
