import type { FittedHead, StoredHead } from '@cxr-align/heads';
import type { SimilarityHead, StandardizedFeatures } from '@cxr-align/image-backbone';
import type { ForwardContext } from '@cxr-align/nn';
import type * as tf from '@tensorflow/tfjs-core';
import type { LogitOffset } from './logit-offset.js';
import type { InputDescription, ModelBatch } from './model-inputs.js';
import type { ModelTexts } from '../texts/model-texts.js';

/** The output of one branch of the ensemble for a batch: each has a loss of its own. */
export interface BranchOutput {
  /** float32 [batch, labels], before the sigmoid. */
  logits: tf.Tensor2D;
  /** The heads whose logits, each float32 [batch, labels], have these as their mean; absent where there is no head of its own. */
  heads?: readonly { name: 'classification' | 'similarity'; logits: tf.Tensor2D }[];
  /** float32 [batch, labels, 3]: present, absent, uncertain, where the label policy has three classes. */
  classLogits?: tf.Tensor3D;
  /** float32 [batch, labels, dim]: the image's embedding for each label. */
  embeddings?: tf.Tensor3D;
  /** The prompts that the image is compared with, float32 [batch, labels, dim], where each image mixes its own. */
  imagePrompts?: { positive: tf.Tensor3D; negative?: tf.Tensor3D };
  /** How much of each source prompt, the target last, is in them: float32 [batch, labels, sources + 1]. */
  sourceAttention?: tf.Tensor3D;
  /** Cross-attention of each label to the patches, float32 [batch, labels, patches]. */
  attention?: tf.Tensor3D;
}

/** The output of a model for a batch. */
export interface ModelOutput {
  /** float32 [batch, labels], before the sigmoid: the branches' logits times the ensemble weights. */
  logits: tf.Tensor2D;
  /** The first one takes the model's main input. */
  branches: BranchOutput[];
  /** The trained prompt embeddings, each float32 [labels, dim]. */
  prompts?: { positive: tf.Tensor2D; negative?: tf.Tensor2D };
}

/** Encodes images once, for several predictions from the same feature maps. */
export interface FeatureMapCapability {
  /** Feature maps of images, float32 [batch, grid, grid, dim] of each image encoder. The caller owns them. */
  encode(inputs: ModelBatch): ModelBatch;
  /** The model's output for feature maps: `predict(encode(inputs))` is the prediction for the inputs. */
  predict(maps: ModelBatch): ModelOutput;
}

/** What a model computes with texts. */
export interface PromptCapability {
  /** The trained embeddings of the prompts of its own labels, or of other texts: each float32 [labels, dim]. */
  encodePrompts(texts?: ModelTexts): NonNullable<ModelOutput['prompts']>;
  /**
   * How much closer an image's label embedding is to "the observation is present" than to "it is absent".
   *
   * @param observations float32 [observations, 2, labels, textDim]: frozen texts of the positive and the negative prompts.
   * @returns logits float32 [batch, observations, labels].
   */
  explain(inputs: ModelBatch, texts: ModelTexts, observations: tf.Tensor4D): tf.Tensor3D;
}

/** What a model computes for labels that it was not trained for: its decoder is queried by prompts. */
export interface ZeroShotCapability {
  /**
   * How much closer an image is to "X is present" than to "no X", for the labels of any texts.
   *
   * @param maps feature maps of {@link FeatureMapCapability.encode}.
   * @returns logits float32 [batch, labels].
   */
  scorePrompts(maps: ModelBatch, texts: ModelTexts): tf.Tensor2D;
  /**
   * The same for the trained labels, each patch of the main feature map taken for the whole image.
   *
   * @param map float32 [batch, grid, grid, dim].
   * @returns logits float32 [batch, patches, labels].
   */
  scorePromptsPerPatch(map: tf.Tensor4D): tf.Tensor3D;
}

/** A multi-label classifier of images. */
export interface Model {
  /** ln κ and offset of the similarity score, if the model has one. */
  readonly similarity?: SimilarityHead;
  /**
   * The weights by which the branches' logits are added, float32 [branches]: 1 / branches until they are fitted on validation. Only
   * of an ensemble of several branches.
   */
  readonly ensembleWeights?: tf.Variable & tf.Tensor1D;
  /** What the branches are, in the order of their outputs: decoder, image encoder, linear probe. */
  readonly branchNames?: readonly string[];
  /** The standardized features of a frozen encoder, where the model takes them. */
  readonly features?: StandardizedFeatures;
  /** What is added to the logits of each label, where `logitAdjustment` is on. */
  readonly logitOffset?: LogitOffset;
  /** Of models that encode images to feature maps. */
  readonly maps?: FeatureMapCapability;
  /** Of models with prompts. */
  readonly prompts?: PromptCapability;
  /** Of models whose decoder is queried by prompts. */
  readonly zeroShot?: ZeroShotCapability;
  /** Of models that are fitted without epochs. */
  readonly head?: FittedHead;
  forward(inputs: ModelBatch, context: ForwardContext): ModelOutput;
}

/** What a model is built for. */
export interface ModelInput {
  input: InputDescription;
  labels: number;
  /** Frozen texts of the labels; the model keeps no copy. */
  texts?: ModelTexts;
  /** The head that was fitted, of models that are fitted without epochs. */
  head?: StoredHead;
}
