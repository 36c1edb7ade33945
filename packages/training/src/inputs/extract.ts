import type { FeatureLayout } from '@cxr-align/datasets';
import { openImageEncoder } from '@cxr-align/classifier';
import type { Augmentation } from '@cxr-align/image-backbone';
import { resolveConfig } from '../config/config.js';
import { progressOf, type RunControl } from '../events.js';
import { refuseUnknownOptions } from '../known-options.js';
import { withResources } from '../resources.js';
import { withDecoder } from './decoder.js';
import { extractFeatures, type ExtractResult } from './extract-features.js';
import type { OpenedDataset } from './prepare-data.js';

export type { ExtractResult } from './extract-features.js';

/** Which images are encoded by what, and how the features are stored. */
export interface ExtractOptions extends RunControl {
  data: OpenedDataset;
  /** Folder of the frozen image encoder: ONNX, TensorFlow.js (with preprocess.json), or a run. */
  encoder: string;
  /** Folder of the feature store; an incomplete one is resumed. */
  out: string;
  /** Rows of each image: the image as it is, and augmented ones. Default 1. */
  views?: number;
  /** How the further views are augmented; the defaults of the configuration unless given. */
  augmentation?: Augmentation;
  /** Random seed of the augmentation. Default 0. */
  seed?: number;
  /** Stores the map of features instead of the pooled vector. Default false. */
  map?: boolean;
  /** Default float16. */
  dtype?: FeatureLayout['dtype'];
  /** Images that are encoded at once. Default 16. */
  batchSize?: number;
  /** Execution providers of ONNX Runtime. Default cpu. */
  providers?: readonly string[];
}

const known: readonly (keyof ExtractOptions)[] = [
  'data',
  'encoder',
  'out',
  'views',
  'augmentation',
  'seed',
  'map',
  'dtype',
  'batchSize',
  'providers',
  'on',
  'signal',
  'stallSeconds',
];

/**
 * Encodes the images of a data set with a frozen encoder into a feature store. Images that are in the store already are left out, once
 * every byte of it was checked: a shard that is missing or damaged is made anew. Images that cannot be read are listed in the result.
 *
 * @throws {InputError} if the folder holds no encoder, the store is one of another encoder or layout, or another process writes to it.
 */
export async function extract(options: ExtractOptions): Promise<ExtractResult> {
  const where = 'training/extract';
  refuseUnknownOptions(where, options, known);
  const {
    data,
    encoder: folder,
    out,
    views = 1,
    augmentation = resolveConfig().augmentation,
    seed = 0,
    map = false,
    dtype = 'float16',
    batchSize = 16,
    providers,
  } = options;
  for (const [name, value, least] of [
    ['views', views, 1],
    ['batchSize', batchSize, 1],
    ['seed', seed, 0],
  ] as const)
    if (!Number.isInteger(value) || value < least)
      throw new RangeError(`${where}: expected ${name} to be a whole number of ${least} or more, got ${value}`);
  const progress = progressOf(options);
  // The threads start while the encoder is opened.
  return withResources((resources) =>
    withDecoder(async (decode) => {
      const encoder = resources.own(await openImageEncoder(folder, { providers }));
      const layout = { views, augmentation, seed, map, dtype, batchSize, decode, verify: true };
      const extracted = await extractFeatures(data.dataset, encoder, out, layout, progress);
      const { refused = [] } = data;
      const images = extracted.images + refused.length;
      return { ...extracted, images, unreadable: [...refused, ...extracted.unreadable] };
    }),
  );
}
