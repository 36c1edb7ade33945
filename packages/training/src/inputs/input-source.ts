import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FeatureStore, type Dataset, type FeatureLayout } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { heads } from '@cxr-align/heads';
import { imageFileExists, type Augmentation } from '@cxr-align/image-backbone';
import type { Config } from '../config/config.js';
import { withDecoder } from './decoder.js';
import { extractFeatures } from './extract-features.js';
import {
  type ImageInput,
  type InputDescription,
  knownEncoder,
  modelTypes,
  openImageEncoder,
  preprocessingOf,
} from '@cxr-align/classifier';
import { type ImageSource, type InputSource, type StoredSource, defaultMaxBad } from './load-inputs.js';
import { mixedRangesRemark } from './mixed-ranges.js';
import type { Progress } from '../progress.js';
import { withResources } from '../resources.js';

/** Where the features of a frozen encoder come from. */
export interface EncoderOptions {
  /** Folder of the encoder: what is not in the store yet is encoded. */
  encoder?: string;
  /** Folder of the feature store; `features` in the results' folder unless given. */
  features?: string;
  /**
   * Further frozen encoders whose features of the same images are joined to those, each with its store and, where features are to be
   * made, its folder. None unless given.
   */
  joined?: readonly { features: string; encoder?: string }[];
  /** Folder of the results. */
  out: string;
}

/** What a model is trained on. */
export async function trainingSource(
  config: Pick<Config, 'encoder' | 'image' | 'augmentation' | 'decoder' | 'model' | 'seed' | 'head'>,
  dataset: Dataset,
  options: EncoderOptions & { maxBad?: number },
  progress: Progress,
): Promise<InputSource> {
  const { encoder, image, augmentation, decoder, model, seed } = config;
  const remark = await mixedRangesRemark(dataset, config);
  if (remark !== undefined) progress.remark(remark);
  const images: ImageSource = {
    kind: 'image',
    preprocessing: preprocessingOf(image, imageSize(image.size, dataset)),
    augmentation,
  };
  if (encoder.kind !== 'frozen') return images;
  const storesMap =
    (decoder.kind === 'query' && modelTypes.get(model).usesFeatureMap) ||
    headsOf(config).some((name) => heads.has(name) && heads.get(name).usesMaps === true);
  if (encoder.tune !== 'none' && options.joined)
    throw new InputError(
      `expected one encoder with encoder.tune=${encoder.tune}, got ${options.joined.length + 1}; tune one, and join its features in another run`,
    );
  if (encoder.tune !== 'none') {
    const folder = tunedFolder(options, progress);
    const tuned = {
      kind: 'tuned',
      encoder: folder,
      isMap: storesMap,
      augmentation,
      views: viewsFor(dataset),
      seed,
    } as const;
    return hasImageBranch(config, dataset, options.maxBad) ? { ...tuned, images } : tuned;
  }
  const { views } = encoder;
  const source = await featureSource(
    dataset,
    {
      ...options,
      augmentation,
      seed,
      map: storesMap,
      views: views || viewsFor(dataset),
    },
    progress,
  );
  if (views > 0) checkViews(source.store, views);
  return hasImageBranch(config, dataset, options.maxBad) ? { ...source, images } : source;
}

/** The folder of an encoder that is tuned. @throws {InputError} if none is given. */
function tunedFolder({ encoder, features }: EncoderOptions, progress: Progress): string {
  if (encoder === undefined)
    throw new InputError(
      'expected the folder of a frozen encoder in ONNX, which encoder.tune changes, got none; name it (encoder)',
    );
  if (features !== undefined)
    progress.remark(`${features} is not read: an encoder that is tuned encodes the images of each step`);
  return encoder;
}

/** The heads that a model without epochs is fitted with. */
function headsOf({ model, head }: Pick<Config, 'model' | 'head'>): string[] {
  const names = model === 'auto' ? head.candidates : [model];
  return names.flatMap((name) => (name === 'stack' ? head.of : [name]));
}

/** Whether an image encoder is trained on the images beside frozen features. */
function hasImageBranch(
  { encoder, model }: Pick<Config, 'encoder' | 'model'>,
  dataset: Dataset,
  maxBad = defaultMaxBad,
): boolean {
  if (encoder.imageBranch !== 'auto') return encoder.imageBranch === 'on';
  if (!modelTypes.get(model).usesFeatureMap || trainingImages(dataset) > largestWithImageBranch) return false;
  const { samples } = dataset;
  const missing = samples.filter(({ image }) => typeof image === 'string' && !imageFileExists(image));
  return missing.length <= maxBad * samples.length;
}

/** @throws {InputError} if a store has another number of views than is wanted. */
function checkViews(store: string, views: number): void {
  const { views: stored } = new FeatureStore(store).index;
  if (stored !== views)
    throw new InputError(
      `expected a feature store of encoder.views=${views}, got one of ${stored}; extract ${views} views to another folder, or leave encoder.views out`,
      { file: store },
    );
}

/** Views that are stored of each image of a small data set: see the results pages of the documentation. */
const viewsOfSmall = 4;
const smallTrainingSet = 2000;

/** Training images up to which an image encoder is trained beside frozen features: they are all held in memory. */
const largestWithImageBranch = 20_000;

function viewsFor(dataset: Dataset): number {
  return trainingImages(dataset) <= smallTrainingSet ? viewsOfSmall : 1;
}

function trainingImages({ samples }: Dataset): number {
  return samples.filter(({ split }) => split === 'train').length;
}

/** What a trained model is given. */
export async function trainedSource(
  { input, config }: { input: InputDescription; config: Config },
  dataset: Dataset,
  options: EncoderOptions,
  progress: Progress,
): Promise<InputSource> {
  if (input.kind === 'image') {
    const given = (['encoder', 'features'] as const).find((name) => options[name] !== undefined);
    if (given) throw new InputError(`expected no ${given} with this run: its encoder was trained with it`);
    return trainedImages(input, config);
  }
  const { features, encoder = features === undefined ? knownEncoder(input) : undefined, out, joined } = options;
  const { augmentation } = config;
  const layout = { augmentation, map: input.grid > 1, dtype: input.dtype };
  const source = await featureSource(dataset, { encoder, features, out, joined, ...layout }, progress);
  return { ...source, expected: input, ...(input.images && { images: trainedImages(input.images, config) }) };
}

function trainedImages(
  { size, scale }: ImageInput,
  { image, augmentation }: Pick<Config, 'image' | 'augmentation'>,
): ImageSource {
  return { kind: 'image', preprocessing: preprocessingOf(image, size), scale, augmentation };
}

/** The features of a frozen encoder, or of several, whatever they are for. */
export async function featureSource(
  dataset: Dataset,
  { joined = [], ...first }: Parameters<typeof oneSource>[1],
  progress: Progress,
): Promise<StoredSource> {
  const source = await oneSource(dataset, first, progress);
  const others: StoredSource[] = [];
  for (const { features, encoder } of joined)
    others.push(await oneSource(dataset, { ...first, features, encoder }, progress));
  return { ...source, ...(others.length > 0 && { joined: others }) };
}

async function oneSource(
  dataset: Dataset,
  {
    encoder: folder,
    features,
    out,
    augmentation,
    seed: newSeed = 0,
    map,
    views = 1,
    dtype,
  }: EncoderOptions & {
    augmentation: Augmentation;
    seed?: number;
    map: boolean;
    views?: number;
    dtype?: FeatureLayout['dtype'];
  },
  progress: Progress,
): Promise<StoredSource> {
  const store = features ?? join(out, 'features');
  if (folder === undefined) return { kind: 'features', store, encoder: null };
  // A store that is there already has its layout.
  const existing = existsSync(join(store, 'index.json')) ? new FeatureStore(store).index : undefined;
  const known = (existing?.augmentation ?? { ...augmentation, seed: newSeed }) as Augmentation & { seed: number };
  const { seed, ...changes } = known;
  const { encoder, images, alreadyThere } = await withResources((resources) =>
    withDecoder(async (decode) => {
      const opened = resources.own(await openImageEncoder(folder));
      const layout = existing
        ? { map: existing.grid > 1, views: existing.views, dtype: existing.dtype }
        : { map: map && opened.map !== undefined, views, dtype };
      const options = { ...layout, augmentation: changes, seed, decode };
      return extractFeatures(dataset, opened, store, options, progress);
    }),
  );
  progress.remark(
    `features of ${encoder} in ${store}: ${images - alreadyThere} images encoded, ${alreadyThere} there already`,
  );
  return { kind: 'features', store, encoder: resolve(folder) };
}

/** Images in memory are not enlarged: there is nothing to be seen in between their pixels. */
function imageSize(wanted: number, { samples }: Dataset): number {
  const largest = samples.reduce(
    (most, { image }) => (typeof image === 'string' ? Infinity : Math.max(most, image.height, image.width)),
    0,
  );
  return Math.min(wanted, Number.isFinite(largest) ? largest : wanted);
}
