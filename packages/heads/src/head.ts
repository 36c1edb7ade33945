import type { FeatureScaling, ScalingName } from './feature-scaling.js';
import type { Matrix } from './matrix.js';

/** Features of a grid of patches for each image. */
export interface FeatureMaps {
  images: number;
  patches: number;
  dim: number;
  /** [images, patches, dim]. */
  data: Float32Array;
}

/** Images that a head scores. */
export interface HeadFeatures {
  /** [images, dim]: what the encoder makes of each, the mean over its patches. */
  pooled: Matrix;
  /** What that is the mean of, for heads that use it. */
  maps?: FeatureMaps;
}

/** The frozen texts of labels in the space of the features. */
export interface TextWeights {
  /** [labels, dim]: the texts of "present" and of "absent", each of length 1. */
  present: Matrix;
  absent: Matrix;
}

/** What a head is fitted to. */
export interface HeadProblem {
  labels: readonly string[];
  /** [images · views, dim] row by row, the views of an image one after the other. */
  features: Matrix;
  /** Views of each image. Default 1. */
  views?: number;
  /** The feature maps of the first view. */
  maps?: FeatureMaps;
  /** [images, labels] row by row: targets in [0, 1], NaN where unknown. */
  targets: ArrayLike<number>;
  /** Of each image: the number of its patient. */
  groups: ArrayLike<number>;
  /** Of each image: its name. */
  ids?: readonly string[];
  /** Features of images without labels [images, dim]. */
  archive?: Matrix;
  /** Texts of the labels, where the encoder shares a space with a text encoder. */
  texts?: TextWeights;
  /** Weights of the members of a stack from targets and the logits of each; equal ones unless given. */
  weigh?: (targets: Float64Array, logits: readonly Float64Array[]) => number[];
  /** Random seed of folds. */
  seed: number;
  /** Called now and then with the share that is done; what it throws ends the fit. */
  onProgress?: (share: number) => void;
}

/** How heads are fitted: each takes of it what it has. */
export interface HeadOptions {
  /** λ of the L2 penalty in mean loss + λ/2 · ‖w‖², or chosen by cross-validation. */
  penalty: number | 'auto';
  /** Weights of the classes: as they are, or each label's positives and negatives with the same total. */
  balance: 'none' | 'balanced';
  /** What the weights are shrunk to. */
  prior: 'zero' | 'prompts';
  /** Folds of the cross-validation inside the training images. */
  folds: number;
  /** Share of the identity in the covariance, or how it is estimated. */
  shrinkage: number | 'ledoit-wolf' | 'cross-validation';
  /** How text and image centroids are combined. */
  centroids: 'lp++' | 'ss-text+';
  /** Weight of the attention-pooled logit beside the pooled one. */
  attention: number;
  /** What the scores of patches are multiplied by before the softmax over them. */
  temperature: number;
  /** Training images that an image is compared with; 0 = all of them (neighbours) or 50 (propagation). */
  neighbours: number;
  /** Sharpness β of the kernel exp(−β(1 − cosine)), or chosen by cross-validation. */
  sharpness: number | 'auto';
  /** Share of a label that an image takes from its neighbours in the graph, in (0, 1). */
  spread: number;
  /** Heads of a stack, and how their logits are weighted. */
  of: readonly string[];
  weights: 'fitted' | 'equal';
  /** How the features are scaled; each head has its own default. */
  scaling: ScalingName | 'auto';
}

export const headDefaults: HeadOptions = {
  penalty: 'auto',
  balance: 'none',
  prior: 'zero',
  folds: 5,
  shrinkage: 'cross-validation',
  centroids: 'lp++',
  attention: 0.2,
  temperature: 1,
  neighbours: 0,
  sharpness: 'auto',
  spread: 0.9,
  of: ['logistic', 'gaussian', 'neighbours'],
  weights: 'fitted',
  scaling: 'auto',
};

/** Arrays of a fitted head by name, row by row. */
export type HeadArrays = ReadonlyMap<string, { shape: number[]; data: Float64Array }>;

/** A fitted head as it is stored: arrays, and what else there is as JSON. */
export interface StoredHead {
  kind: string;
  labels: readonly string[];
  arrays: HeadArrays;
  /** Numbers, texts and lists that go into JSON as they are. */
  settings: Readonly<Record<string, unknown>>;
}

/** A training image that is near to another one. */
export interface Neighbour {
  id: string;
  /** Cosine of the two in the scaled feature space, in [−1, 1]. */
  similarity: number;
  /** The labels that it has, and those that it is known to lack. */
  present: string[];
  absent: string[];
}

/** A head that was fitted. */
export interface FittedHead extends StoredHead {
  /** What a person should know of the fit, a sentence each: what was chosen, which labels could not be fitted. */
  remarks: readonly string[];
  /** Logits [images, labels] row by row. */
  scores(features: HeadFeatures): Float64Array;
  /** The training images that are most like each image, the nearest first; of heads that keep them. */
  neighboursOf?(features: HeadFeatures, count: number): Neighbour[][];
  /** Where the logits are linear in the scaled features. */
  linear?: { scaling: FeatureScaling; weights: Float64Array; bias: Float64Array };
}

/** A kind of head. */
export interface HeadType {
  /** Whether it needs the feature maps of the images beside their means. */
  usesMaps?: boolean;
  /** Whether it needs the texts of the labels in the space of the features. */
  usesTexts?: boolean | ((options: HeadOptions) => boolean);
  /** Whether it uses images without labels. */
  usesArchive?: boolean;
  /** The options that it reads. */
  reads: readonly (keyof HeadOptions)[];
  fit(problem: HeadProblem, options: HeadOptions): FittedHead;
  /** A head that was stored. @throws {RangeError} if arrays are missing or do not fit. */
  restore(stored: StoredHead): FittedHead;
}
