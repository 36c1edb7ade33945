import { StandardizedFeatures } from '@cxr-align/image-backbone';
import { LayerNorm, Linear, type Parameters } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../model-config.js';
import { LogitOffset } from './logit-offset.js';
import type { ModelBatch } from './model-inputs.js';
import type { Model, ModelInput, ModelOutput } from './model.js';

/** The baselines: a linear map, or one hidden layer, on pixels averaged to at most 32 × 32, or on pooled features. */
export class BaselineModel implements Model {
  readonly features?: StandardizedFeatures;
  readonly logitOffset?: LogitOffset;
  private readonly norm?: LayerNorm;
  private readonly layers: Linear[];
  /** Pixels, or patches, along a side that are averaged. */
  private readonly window: number;

  constructor(
    kind: 'linear' | 'mlp',
    { headNorm, logitAdjustment }: Pick<ModelConfig, 'headNorm' | 'logitAdjustment'>,
    parameters: Parameters,
    { input, labels }: ModelInput,
  ) {
    if (input.kind === 'features') this.features = new StandardizedFeatures(parameters.scope('encoder'), input);
    this.window = input.kind === 'features' ? input.grid : Math.max(1, Math.floor(input.size / 32));
    const numbers = input.kind === 'features' ? input.dim : Math.floor(input.size / this.window) ** 2;
    const widths = kind === 'linear' ? [numbers, labels] : [numbers, 256, labels];
    const scope = parameters.scope('pixels');
    if (headNorm) this.norm = new LayerNorm(scope.scope('norm'), numbers);
    if (logitAdjustment > 0) this.logitOffset = new LogitOffset(parameters.scope('head'), labels);
    this.layers = widths
      .slice(1)
      .map((width, i) => new Linear(scope.scope(i), widths[i], width, { gain: kind === 'linear' ? 0.01 : 1 }));
  }

  forward({ main: inputs }: ModelBatch): ModelOutput {
    const standardized = this.features?.forward(inputs) ?? inputs;
    const small = this.window === 1 ? standardized : tf.avgPool(standardized, this.window, this.window, 'valid');
    const flat: tf.Tensor = tf.reshape(small, [inputs.shape[0], -1]);
    const first = this.norm?.forward(flat) ?? flat;
    const scores = this.layers.reduce((x, layer, i) => layer.forward(i === 0 ? x : tf.relu(x)), first) as tf.Tensor2D;
    const logits = this.logitOffset?.forward(scores) ?? scores;
    return { logits, branches: [{ logits }] };
  }
}
