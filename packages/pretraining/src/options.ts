import { InputError } from '@cxr-align/files';
import type { Augmentation, TuneMode } from '@cxr-align/image-backbone';
import { refuseUnknownOptions, type OpenedDataset, type RunControl, type RunEvents } from '@cxr-align/training';
import type { VicregWeights } from './vicreg.js';

/** An epoch of a pretraining in numbers. */
export interface PretrainingEpoch {
  epoch: number;
  /** Mean of the loss over its steps. */
  loss: number;
  /** Mean standard deviation of the dimensions of the embeddings: 1 is aimed at, 0 is a collapse. */
  spread: number;
}

/** Which encoder is pretrained. */
export interface EncoderChoice {
  /** `conv` or `patch`, from random weights. Default conv. */
  kind: 'conv' | 'patch';
  /** Pixels along a side of the images. Default 64. */
  size: number;
  /** conv: channels of each stage. Default 24, 48, 96. */
  channels: readonly number[];
  /** patch: pixels along a side of a patch; an eighth of the size unless given. */
  patch?: number;
  /** patch: width of the transformer. Default 96. */
  dim: number;
  /** patch: layers of the transformer. Default 4. */
  layers: number;
  /** patch: attention heads. Default 4. */
  heads: number;
  /** Folder of an encoder in ONNX that is trained further instead. */
  encoder?: string;
  /** What of it is trained. Default last. */
  tune: TuneMode;
  /** How many of its last layers with weights; 4 of last, all of the others unless given. */
  tuneLayers?: number;
  /** Rank of the updates of lora. Default 4. */
  tuneRank: number;
}

/** How it is pretrained. */
export interface PretrainingSettings extends EncoderChoice {
  /** Default 100. */
  epochs: number;
  /** Images of a step, each in two views. Default 64. */
  batchSize: number;
  /** Peak learning rate. Default 0.002. */
  learningRate: number;
  /** Decoupled weight decay of matrices and filters. Default 0.0001. */
  weightDecay: number;
  /** Numbers of an embedding. Default 256. */
  embedding: number;
  /** Weights of the terms of VICReg. Default 25, 25 and 1. */
  weights: VicregWeights;
  /** How the two views differ. */
  augmentation: Augmentation;
  /** Mean standard deviation of the embeddings below which it ends as collapsed. Default 0.05. */
  leastSpread: number;
  /** Splits whose images are used. Default train; of a table without splits those that a training with this seed would draw. */
  splits: readonly string[];
  /** Default 0. */
  seed: number;
}

/** What is pretrained on what. */
export interface PretrainOptions
  extends Partial<PretrainingSettings>, RunControl<RunEvents & { epoch?: (record: PretrainingEpoch) => void }> {
  data: OpenedDataset;
  /** Folder of the encoder that is made. */
  out: string;
  /** Continues from its checkpoint; a finished one is left as it is. Default false. */
  resume?: boolean;
  /** Replaces what an earlier pretraining wrote there. Default false. */
  overwrite?: boolean;
}

/** Two views of a radiograph that show the same: turned a little, moved, larger or smaller, lighter or darker. */
const views: Augmentation = { rotation: 12, translation: 0.12, scale: 0.25, brightness: 0.15, contrast: 0.4, flip: 0 };

const defaults: PretrainingSettings = {
  kind: 'conv',
  size: 64,
  channels: [24, 48, 96],
  dim: 96,
  layers: 4,
  heads: 4,
  tune: 'last',
  tuneRank: 4,
  epochs: 100,
  batchSize: 64,
  learningRate: 2e-3,
  weightDecay: 1e-4,
  embedding: 256,
  weights: { invariance: 25, variance: 25, covariance: 1 },
  augmentation: views,
  leastSpread: 0.05,
  splits: ['train'],
  seed: 0,
};

const others: readonly (keyof PretrainOptions)[] = [
  'data',
  'out',
  'resume',
  'overwrite',
  'on',
  'signal',
  'stallSeconds',
];
const optional: readonly (keyof PretrainOptions)[] = ['patch', 'encoder', 'tuneLayers'];

/** The settings with every default. @throws {TypeError} on an unknown option. @throws {InputError} on a value out of range. */
export function settingsOf(options: PretrainOptions): PretrainingSettings {
  const names = Object.keys(defaults) as (keyof PretrainingSettings)[];
  refuseUnknownOptions('pretraining/pretrain', options, [...names, ...optional, ...others]);
  const given = Object.fromEntries(
    [...names, ...optional].flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  ) as Partial<PretrainingSettings>;
  const settings = { ...defaults, ...given };
  const wholes = { epochs: 1, batchSize: 4, embedding: 2, size: 8, tuneRank: 1, dim: 1, layers: 1, heads: 1, seed: 0 };
  for (const [name, least] of Object.entries(wholes)) {
    const value = settings[name as 'epochs'];
    if (!Number.isInteger(value) || value < least)
      throw new InputError(`expected ${name} to be a whole number of ${least} or more, got ${value}`);
  }
  if (!(settings.learningRate > 0))
    throw new InputError(`expected learningRate to be a number above 0, got ${settings.learningRate}`);
  return settings;
}
