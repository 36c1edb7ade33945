import type { SimilarityScore, StandardizedFeatures } from '@cxr-align/image-backbone';
import type { Pass } from '@cxr-align/nn';
import type * as tf from '@tensorflow/tfjs-core';
import type { InputDescription, ModelBatch } from '../inputs/model-inputs.js';
import type { ModelTexts } from './model-texts.js';

/** What one branch of a model says of a batch: each is trained by itself. */
export interface BranchOutput {
  /** float32 [batch, labels]: the score, before the sigmoid. */
  logits: tf.Tensor2D;
  /** float32 [batch, labels, 3]: present, absent, uncertain, where the label policy has three classes. */
  classLogits?: tf.Tensor3D;
  /** float32 [batch, labels, dim]: the image's embedding for each label. */
  embeddings?: tf.Tensor3D;
  /** The prompts that the image is compared with, float32 [batch, labels, dim], where each image mixes its own. */
  imagePrompts?: { positive: tf.Tensor3D; negative?: tf.Tensor3D };
  /** How much of each source prompt, the target last, is in them: float32 [batch, labels, sources + 1]. */
  sourceAttention?: tf.Tensor3D;
  /** Where each label looked, float32 [batch, labels, places]. */
  attention?: tf.Tensor3D;
}

/** What a model says of a batch. */
export interface ModelOutput {
  /** float32 [batch, labels]: the branches' logits, weighed. */
  logits: tf.Tensor2D;
  /** The first one takes the model's main input. */
  branches: BranchOutput[];
  /** The trained prompt embeddings, each float32 [labels, dim]. */
  prompts?: { positive: tf.Tensor2D; negative?: tf.Tensor2D };
}

/** A classifier of images. */
export interface Model {
  /** ln κ and offset of the similarity score, if the model has one. */
  readonly similarity?: SimilarityScore;
  /**
   * What each branch's logits are multiplied by before they are added, float32 [branches]; 1 / branches until they are fitted.
   * Only where there are several.
   */
  readonly stacking?: tf.Variable & tf.Tensor1D;
  /** What the branches are, where there are several. */
  readonly branchNames?: readonly string[];
  /** Where the model takes the features of a frozen encoder. */
  readonly features?: StandardizedFeatures;
  apply(inputs: ModelBatch, pass: Pass): ModelOutput;
  /**
   * How much more an image says "X" than "no X", for any labels: those of `texts`. Only of a model that asks by prompts.
   *
   * @param maps of features.
   * @returns logits float32 [batch, labels].
   */
  ask?(maps: ModelBatch, texts: ModelTexts): tf.Tensor2D;
  /** The image's maps of features; {@link fromMaps} goes on from them. */
  featureMaps?(inputs: ModelBatch): ModelBatch;
  fromMaps?(maps: ModelBatch): ModelOutput;
  /**
   * What each place of the main map would say if it were all of the image: the similarity to the prompts, place by place. Only of
   * a model that asks by prompts.
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
  explain?(inputs: ModelBatch, texts: ModelTexts, observations: tf.Tensor4D): tf.Tensor3D;
}

/** What a model is built for. */
export interface ModelInput {
  input: InputDescription;
  labels: number;
  /** Frozen texts of the labels; the model keeps no copy. */
  texts?: ModelTexts;
}
