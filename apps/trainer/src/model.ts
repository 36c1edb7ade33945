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
  type LabelEmbeddings,
} from '@cxr-align/image-backbone';
import { Pass, type Parameters, type Scope } from '@cxr-align/nn';
import { unstack } from '@cxr-align/tensor';
import { PromptEncoder, PromptMixture } from '@cxr-align/text-encoder';
import * as tf from '@tensorflow/tfjs-core';
import type { Config } from './config.js';
import type { InputDescription } from './model-inputs.js';
import type { ModelTexts } from './model-texts.js';
import { PlainModel } from './plain-model.js';

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
  /** The prompts that the image is compared with, float32 [batch, labels, dim], where each image mixes its own. */
  imagePrompts?: { positive: tf.Tensor3D; negative?: tf.Tensor3D };
  /** How much of each source prompt, the target last, is in them: float32 [batch, labels, sources + 1]. */
  sourceAttention?: tf.Tensor3D;
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
  /**
   * How much more an image says "X" than "no X", for any labels: those of `texts`. Only of a model that asks by prompts.
   *
   * @param map of features.
   * @returns logits float32 [batch, labels].
   */
  ask?(map: tf.Tensor4D, texts: ModelTexts): tf.Tensor2D;
  /** The image's map of features, float32 [batch, grid, grid, dim]; {@link fromMap} goes on from it. */
  featureMap?(inputs: tf.Tensor4D): tf.Tensor4D;
  fromMap?(map: tf.Tensor4D): ModelOutput;
  /**
   * What each place of a map would say if it were all of the image: the similarity to the prompts, place by place. Only of a
   * model that asks by prompts.
   *
   * @returns logits float32 [batch, places, labels].
   */
  askEach?(map: tf.Tensor4D): tf.Tensor3D;
  /** The trained prompts of its labels, or of others. Only of a model that has prompts. */
  encodePrompts?(texts?: ModelTexts): NonNullable<ModelOutput['prompts']>;
  /**
   * The same for observations of each label. Only of a model that has prompts.
   *
   * @param observations float32 [observations, 2, labels, textDim]: prompts that say that it is there, and that it is not.
   * @returns logits float32 [batch, observations, labels].
   */
  explain?(inputs: tf.Tensor4D, texts: ModelTexts, observations: tf.Tensor4D): tf.Tensor3D;
}

/** What a model is built for. */
export interface ModelInput {
  input: InputDescription;
  labels: number;
  /** Frozen texts of the labels; the model keeps no copy. */
  texts?: ModelTexts;
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
  private readonly mixture?: PromptMixture;
  private readonly head?: HeadScore;
  private readonly texts?: ModelTexts;
  readonly ask?: Model['ask'];
  readonly askEach?: Model['askEach'];
  readonly explain?: Model['explain'];
  readonly encodePrompts?: Model['encodePrompts'];

  constructor(config: Config, parameters: Parameters, { input, labels, texts }: ModelInput) {
    const { splitter, dropout, score, prompts } = config;
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
        textDim: texts.dim,
        ...transformer,
        layers: config.promptLayers,
        ...(prompts.context > 0 && {
          soft: { context: prompts.context, ...(prompts.contextPerLabel && { labels }) },
        }),
      });
      if (texts.sources) this.mixture = new PromptMixture(parameters.scope('prompts').scope('mixture'), { dim });
      this.similarity = new SimilarityScore(parameters.scope('similarity'));
      this.explain = (inputs, asked, observations) => this.explainBy(inputs, asked, observations);
      this.encodePrompts = (asked = texts) => this.encode(asked, Pass.predicting);
      if (this.query) {
        this.ask = (map, asked) => this.askFor(map, asked);
        this.askEach = (map) => this.askPlaces(map, texts);
      }
    }
    if (!texts || score !== 'similarity') {
      const { classes } = labelPolicy(config.labelPolicy);
      this.head = new HeadScore(parameters.scope('head'), { dim, labels, dropout, classes });
    }
    this.useSimilarity = texts !== undefined && score !== 'head';
  }

  private readonly useSimilarity: boolean;

  apply(inputs: tf.Tensor4D, pass: Pass): ModelOutput {
    return this.score(this.encoder.apply(inputs, pass), pass);
  }

  featureMap(inputs: tf.Tensor4D): tf.Tensor4D {
    return this.encoder.apply(inputs, Pass.predicting);
  }

  fromMap(map: tf.Tensor4D): ModelOutput {
    return this.score(map, Pass.predicting);
  }

  private score(map: tf.Tensor4D, pass: Pass): ModelOutput {
    const prompts = this.texts && this.encode(this.texts, pass);
    const { embeddings, attention } = this.split(map, prompts, pass);
    const compared = this.texts && this.mix(embeddings, prompts!, this.texts);
    const scores: tf.Tensor2D[] = [];
    const head = this.head?.apply(embeddings, pass);
    if (head) scores.push(head.logits);
    if (this.useSimilarity) scores.push(this.compare(embeddings, compared?.prompts ?? prompts!));
    const logits = scores.length === 1 ? scores[0] : tf.mul<tf.Tensor2D>(tf.add(scores[0], scores[1]), 0.5);
    return {
      logits,
      classLogits: head?.classLogits,
      embeddings,
      prompts,
      attention,
      imagePrompts: compared?.prompts,
      sourceAttention: compared?.attention,
    };
  }

  /** The image's embedding for each label. */
  private split(map: tf.Tensor4D, prompts: ModelOutput['prompts'], pass: Pass): LabelEmbeddings {
    if (this.dense) return this.dense.apply(tf.mean(map, [1, 2]), pass);
    return this.query!.apply(placesOf(map), prompts?.positive ?? this.queries!, pass);
  }

  private encode(texts: ModelTexts, pass: Pass): NonNullable<ModelOutput['prompts']> {
    const random = pass.random('prompts');
    const frozen = texts.tokens ?? (random ? texts.drawn(random) : texts.prompts);
    const [positive, negative] = unstack<tf.Tensor2D>(this.promptEncoder!.apply(frozen, pass));
    return { positive, negative };
  }

  /** The prompts that each image mixes for itself; undefined without a mixture. */
  private mix(
    embeddings: tf.Tensor3D,
    { positive, negative }: NonNullable<ModelOutput['prompts']>,
    { sources }: ModelTexts,
  ): { prompts: NonNullable<ModelOutput['imagePrompts']>; attention: tf.Tensor3D } | undefined {
    if (!this.mixture || !sources) return undefined;
    const target = tf.stack(negative ? [positive, negative] : [positive]) as tf.Tensor3D;
    const mixed = this.mixture.apply(embeddings, this.promptEncoder!.project(sources), target);
    return { prompts: { positive: mixed.prompts[0], negative: mixed.prompts[1] }, attention: mixed.attention };
  }

  private compare(
    embeddings: tf.Tensor3D,
    { positive, negative }: { positive: tf.Tensor; negative?: tf.Tensor },
  ): tf.Tensor2D {
    return this.similarity!.apply(embeddings, positive, negative);
  }

  private askFor(map: tf.Tensor4D, texts: ModelTexts): tf.Tensor2D {
    const prompts = this.encode(texts, Pass.predicting);
    const { embeddings } = this.split(map, prompts, Pass.predicting);
    const compared = this.mix(embeddings, prompts, texts)?.prompts ?? prompts;
    return this.compare(embeddings, compared);
  }

  private askPlaces(map: tf.Tensor4D, texts: ModelTexts): tf.Tensor3D {
    const prompts = this.encode(texts, Pass.predicting);
    const embeddings = this.query!.applyToEach(placesOf(map), prompts.positive, Pass.predicting);
    const compared = this.mix(embeddings, prompts, texts)?.prompts ?? prompts;
    const [batch, height, width] = map.shape;
    return tf.reshape(this.compare(embeddings, compared), [batch, height * width, prompts.positive.shape[0]]);
  }

  private explainBy(inputs: tf.Tensor4D, texts: ModelTexts, observations: tf.Tensor4D): tf.Tensor3D {
    const [count, kinds, labels, dim] = observations.shape;
    const prompts = this.encode(texts, Pass.predicting);
    const { embeddings } = this.split(this.featureMap(inputs), prompts, Pass.predicting);
    const encoded = this.promptEncoder!.apply(tf.reshape(observations, [count * kinds, labels, dim]), Pass.predicting);
    const [positive, negative] = unstack<tf.Tensor3D>(
      tf.transpose(tf.reshape(encoded, [count, kinds, labels, encoded.shape[2]]), [1, 0, 2, 3]),
    );
    const [positives, negatives] = [positive, negative].map((all) => unstack<tf.Tensor2D>(all));
    return tf.stack(
      positives.map((one, i) => this.compare(embeddings, { positive: one, negative: negatives[i] })),
      1,
    ) as tf.Tensor3D;
  }
}

/** A map's places in a row, float32 [batch, places, dim]. */
function placesOf(map: tf.Tensor4D): tf.Tensor3D {
  const [batch, height, width, dim] = map.shape;
  return tf.reshape(map, [batch, height * width, dim]);
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
