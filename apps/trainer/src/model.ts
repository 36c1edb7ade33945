import { labelPolicy } from '@cxr-align/datasets';
import {
  ConvEncoder,
  DenseSplitter,
  HeadScore,
  PatchEncoder,
  QuerySplitter,
  SimilarityScore,
  StandardizedFeatures,
  type ImageEncoder,
} from '@cxr-align/image-backbone';
import { Linear, type Parameters, type Pass, type Scope } from '@cxr-align/nn';
import { PromptEncoder } from '@cxr-align/text-encoder';
import * as tf from '@tensorflow/tfjs-core';
import type { Config } from './config.js';
import type { InputDescription } from './model-inputs.js';

/** What a model says of a batch. */
export interface ModelOutput {
  /** float32 [batch, labels]: the score, before the sigmoid. */
  logits: tf.Tensor2D;
  /** float32 [batch, labels, 3]: present, absent, uncertain, where the label policy has three classes. */
  classLogits?: tf.Tensor3D;
  /** float32 [batch, labels, dim]: the image's embedding for each label. */
  embeddings?: tf.Tensor3D;
  /** The trained prompt embeddings, each float32 [labels, dim]. */
  prompts?: { positive: tf.Tensor2D; negative?: tf.Tensor2D };
  /** Where each label looked, float32 [batch, labels, places]. */
  attention?: tf.Tensor3D;
}

/** A classifier of images. */
export interface Model {
  /** ln κ and offset of the similarity score, if the model has one. */
  readonly similarity?: SimilarityScore;
  /** Where the model takes the features of a frozen encoder. */
  readonly features?: StandardizedFeatures;
  /** @param inputs float32 [batch, size, size, 1] of images, or [batch, grid, grid, dim] of features. */
  apply(inputs: tf.Tensor4D, pass: Pass): ModelOutput;
}

/** What a model is built for. */
export interface ModelInput {
  input: InputDescription;
  labels: number;
  /** Frozen prompt embeddings float32 [kinds, labels, textDim]: positive, then negative where there is one. */
  texts?: tf.Tensor3D;
}

/** Builds the model of a configuration; its arrays are made in `parameters`. */
export function buildModel(config: Config, parameters: Parameters, input: ModelInput): Model {
  if (config.model === 'linear' || config.model === 'mlp') return new PlainModel(config.model, parameters, input);
  return new SplitModel(config, parameters, input);
}

/** Encoder, splitter and score: the aligned model, and without texts the vision-only one. */
class SplitModel implements Model {
  readonly similarity?: SimilarityScore;
  readonly features?: StandardizedFeatures;
  private readonly encoder: ImageEncoder;
  private readonly dense?: DenseSplitter;
  private readonly query?: QuerySplitter;
  private readonly queries?: tf.Variable & tf.Tensor2D;
  private readonly promptEncoder?: PromptEncoder;
  private readonly head?: HeadScore;
  private readonly texts?: tf.Tensor3D;

  constructor(config: Config, parameters: Parameters, { input, labels, texts }: ModelInput) {
    const { splitter, dropout, score } = config;
    const { dim, layers, heads } = splitter;
    const scope = parameters.scope('encoder');
    if (input.kind === 'features') this.features = new StandardizedFeatures(scope, input);
    this.encoder = input.kind === 'features' ? this.features! : buildEncoder(config, scope, input.size);
    const transformer = { dim, layers, heads, dropout };
    if (splitter.kind === 'dense') {
      this.dense = new DenseSplitter(parameters.scope('splitter'), {
        inputDim: this.encoder.dim,
        labels,
        mixing: splitter.mixing,
        ...transformer,
      });
    } else {
      const places = this.encoder.grid ** 2;
      this.query = new QuerySplitter(parameters.scope('splitter'), {
        inputDim: this.encoder.dim,
        places,
        ...transformer,
      });
      if (!texts)
        this.queries = parameters.scope('splitter').make<tf.Tensor2D>('queries', [labels, dim], { normal: 1 });
    }
    if (texts) {
      this.texts = texts;
      this.promptEncoder = new PromptEncoder(parameters.scope('prompts'), {
        textDim: texts.shape[2],
        ...transformer,
        layers: config.promptLayers,
      });
      this.similarity = new SimilarityScore(parameters.scope('similarity'));
    }
    if (!texts || score !== 'similarity') {
      const { classes } = labelPolicy(config.labelPolicy);
      this.head = new HeadScore(parameters.scope('head'), { dim, labels, dropout, classes });
    }
    this.useSimilarity = texts !== undefined && score !== 'head';
  }

  private readonly useSimilarity: boolean;

  apply(inputs: tf.Tensor4D, pass: Pass): ModelOutput {
    const map = this.encoder.apply(inputs, pass);
    const [batch, height, width, features] = map.shape;
    const prompts = this.encodePrompts(pass);
    const split = this.dense
      ? this.dense.apply(tf.mean(map, [1, 2]), pass)
      : this.query!.apply(tf.reshape(map, [batch, height * width, features]), prompts?.positive ?? this.queries!, pass);
    const { embeddings, attention } = split;
    const scores: tf.Tensor2D[] = [];
    const head = this.head?.apply(embeddings, pass);
    if (head) scores.push(head.logits);
    if (this.useSimilarity) scores.push(this.similarity!.apply(embeddings, prompts!.positive, prompts!.negative));
    const logits = scores.length === 1 ? scores[0] : tf.mul<tf.Tensor2D>(tf.add(scores[0], scores[1]), 0.5);
    return { logits, classLogits: head?.classLogits, embeddings, prompts, attention };
  }

  private encodePrompts(pass: Pass): ModelOutput['prompts'] {
    if (!this.texts || !this.promptEncoder) return undefined;
    const encoded = this.promptEncoder.apply(this.texts, pass);
    const [positive, negative] = tf.unstack(encoded) as tf.Tensor2D[];
    return { positive, negative };
  }
}

function buildEncoder({ encoder, dropout, splitter }: Config, scope: Scope, size: number): ImageEncoder {
  if (encoder.kind === 'patch') {
    return new PatchEncoder(scope, {
      size,
      ...(encoder.patch > 0 && { patch: encoder.patch }),
      dim: encoder.dim,
      layers: encoder.layers,
      heads: splitter.heads,
      dropout,
    });
  }
  return new ConvEncoder(scope, {
    size,
    channels: encoder.channels,
    ...(encoder.stemStride > 0 && { stemStride: encoder.stemStride }),
  });
}

/** The baselines: a linear map, or one hidden layer, on pixels averaged to at most 32 × 32, or on pooled features. */
class PlainModel implements Model {
  readonly features?: StandardizedFeatures;
  private readonly layers: Linear[];
  /** Places along a side that are averaged. */
  private readonly window: number;

  constructor(kind: 'linear' | 'mlp', parameters: Parameters, { input, labels }: ModelInput) {
    if (input.kind === 'features') this.features = new StandardizedFeatures(parameters.scope('encoder'), input);
    this.window = input.kind === 'features' ? input.grid : Math.max(1, Math.floor(input.size / 32));
    const numbers = input.kind === 'features' ? input.dim : Math.floor(input.size / this.window) ** 2;
    const widths = kind === 'linear' ? [numbers, labels] : [numbers, 256, labels];
    const scope = parameters.scope('pixels');
    this.layers = widths
      .slice(1)
      .map((width, i) => new Linear(scope.scope(i), widths[i], width, { gain: kind === 'linear' ? 0.01 : 1 }));
  }

  apply(inputs: tf.Tensor4D): ModelOutput {
    const known = this.features?.apply(inputs) ?? inputs;
    const small = this.window === 1 ? known : tf.avgPool(known, this.window, this.window, 'valid');
    const flat: tf.Tensor = tf.reshape(small, [inputs.shape[0], -1]);
    const logits = this.layers.reduce((x, layer, i) => layer.apply(i === 0 ? x : tf.relu(x)), flat);
    return { logits: logits as tf.Tensor2D };
  }
}
