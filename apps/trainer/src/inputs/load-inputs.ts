import { existsSync, readFileSync } from 'node:fs';
import { FeatureStore, selectSamples, type BadRow, type Dataset, type FeatureSource } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { loadImages, type Augmentation, type PixelScale, type Preprocessing } from '@cxr-align/image-backbone';
import { contentHash } from './decode-views.js';
import {
  FeatureInputs,
  ImageInputs,
  scaleOf,
  StemmedInputs,
  type FeatureInput,
  type ModelInputs,
} from './model-inputs.js';
import { samplesIn } from './prepare-data.js';
import type { Progress } from '../progress.js';

/** What the inputs of a model are made from. */
export type InputSource = ImageSource | StoredSource;

export interface ImageSource {
  kind: 'image';
  preprocessing: Preprocessing;
  /** Taken from the training images unless given. */
  scale?: PixelScale;
  augmentation?: Augmentation;
}

export interface StoredSource {
  kind: 'features';
  /** The folder of the store. */
  store: string;
  /** What a trained model took; anything unless given. */
  expected?: FeatureInput;
  /** The folder that the encoder was in, as far as it is known. */
  encoder: string | null;
  /** The images for a stem beside the features. */
  stem?: ImageSource;
}

/** A data set with the inputs of its samples. */
export interface LoadedData {
  dataset: Dataset;
  /** Sample i is input i. */
  inputs: ModelInputs;
  /** Rows of the table that were left out. */
  badRows: BadRow[];
  /** Images that were left out, and why. */
  unreadable: string[];
  /** What people should be told. */
  remarks: string[];
}

/** Brings the inputs of a data set in; too many unreadable images end the run. */
export async function loadInputs(
  opened: { dataset: Dataset; remarks: string[] },
  source: InputSource,
  options: { maxBad?: number; progress: Progress },
): Promise<LoadedData> {
  return source.kind === 'image' ? loadPixels(opened, source, options) : loadFeatures(opened, source, options);
}

async function loadPixels(
  { dataset, remarks }: { dataset: Dataset; remarks: string[] },
  { preprocessing, scale, augmentation }: ImageSource,
  { maxBad, progress }: { maxBad?: number; progress: Progress },
): Promise<LoadedData & { inputs: ImageInputs }> {
  const bar = progress.start('reading images', dataset.samples.length);
  const all = await loadImages(
    dataset.samples.map(({ image }) => image),
    preprocessing,
    { onImage: (done) => bar.update(done) },
  ).finally(() => bar.stop());
  const reasons = all.unreadable.map(({ reason }) => reason);
  const kept = keepReadable(
    { dataset, remarks },
    [...all.places.keys()].filter((at) => all.places[at] >= 0),
    reasons,
    maxBad,
  );
  return {
    ...kept,
    inputs: new ImageInputs(all, scale ?? scaleOf(all, samplesIn(kept.dataset, 'train')), augmentation),
  };
}

async function loadFeatures(
  { dataset, remarks }: { dataset: Dataset; remarks: string[] },
  { store: folder, expected, encoder, stem }: StoredSource,
  { maxBad, progress }: { maxBad?: number; progress: Progress },
): Promise<LoadedData> {
  const store = new FeatureStore(folder);
  const { index } = store;
  if (expected) refuseOtherSource(folder, index, expected);
  const reasons = new Map(index.unreadable.map(({ id, reason }) => [id, reason]));
  const missing = dataset.samples.filter(({ id }) => !store.places.has(id) && !reasons.has(id));
  if (missing.length > 0)
    throw new InputError(
      `expected features of all ${dataset.samples.length} images of ${dataset.name}, got none of ${missing.length}, the first ${missing[0].id}; run cxr-align extract with this data and --out ${folder}`,
      { file: folder },
    );
  const bar = progress.start('checking features', index.shards.length);
  await store.verify((done) => bar.update(done)).finally(() => bar.stop());
  const read = dataset.samples.flatMap(({ id }, at) => (store.places.has(id) ? [at] : []));
  const kept = keepReadable(
    { dataset, remarks },
    read,
    dataset.samples.flatMap(({ id }) => reasons.get(id) ?? []),
    maxBad,
  );
  refuseOtherImages(store, kept.dataset);
  const inputsOf = ({ samples }: Dataset): FeatureInputs =>
    new FeatureInputs(
      store,
      Int32Array.from(samples, ({ id }) => store.places.get(id)!),
      encoder,
    );
  if (!stem) return { ...kept, inputs: inputsOf(kept.dataset) };
  const images = await loadPixels(kept, stem, { maxBad, progress });
  return {
    ...images,
    unreadable: [...kept.unreadable, ...images.unreadable],
    inputs: new StemmedInputs(inputsOf(images.dataset), images.inputs),
  };
}

/** @throws {InputError} if features are not of the encoder that a model was trained on. */
function refuseOtherSource(
  folder: string,
  index: FeatureSource & { grid: number; dim: number },
  { source, grid, dim }: FeatureInput,
): void {
  const say = (of: FeatureSource, shape: { grid: number; dim: number }): string =>
    `${of.encoder} (${of.weightsHash.slice(0, 12)}), ${shape.grid} × ${shape.grid} × ${shape.dim}`;
  const isSame =
    index.weightsHash === source.weightsHash &&
    index.grid === grid &&
    index.dim === dim &&
    JSON.stringify(index.preprocessing) === JSON.stringify(source.preprocessing);
  if (!isSame)
    throw new InputError(
      `expected features as the model was trained on, of ${say(source, { grid, dim })}, got those of ${say(index, index)}, or of another preprocessing; extract them with that encoder`,
      { file: folder },
    );
}

/** How many images are compared with what the store says of them. */
const comparedImages = 32;

/** @throws {InputError} if the store is of other images of the same names, as far as their files are here. */
function refuseOtherImages({ folder, index, places }: FeatureStore, { samples, name }: Dataset): void {
  if (index.contents.length === 0) return;
  const every = Math.max(1, Math.floor(samples.length / comparedImages));
  for (let at = 0; at < samples.length; at += every) {
    const sample = samples[at];
    const { image } = sample;
    if (typeof image === 'string' && !existsSync(image)) continue;
    const bytes = typeof image === 'string' ? readFileSync(image) : image.data;
    if (contentHash(bytes) !== index.contents[places.get(sample.id)!])
      throw new InputError(
        `expected features of the images of ${name}, got those of another image called ${sample.id}; extract them into another folder`,
        { file: folder },
      );
  }
}

/** Share of the images that may be unreadable unless said otherwise. */
export const defaultMaxBad = 0.01;

/** Leaves out what could not be read. @throws {InputError} if it is too much. */
function keepReadable(
  { dataset, remarks }: { dataset: Dataset; remarks: string[] },
  read: readonly number[],
  unreadable: string[],
  maxBad = defaultMaxBad,
): Omit<LoadedData, 'inputs'> {
  if (unreadable.length > maxBad * dataset.samples.length) {
    const shown = [
      ...unreadable.slice(0, 5),
      ...(unreadable.length > 5 ? [`… and ${unreadable.length - 5} more`] : []),
    ];
    throw new InputError(
      `${shown.join('\n')}; mend the images, or allow more with --max-bad (${unreadable.length} of ${dataset.samples.length} cannot be read)`,
    );
  }
  return {
    dataset: read.length === dataset.samples.length ? dataset : selectSamples(dataset, read),
    badRows: dataset.badRows,
    unreadable,
    remarks:
      unreadable.length > 0
        ? [...remarks, `left out ${unreadable.length} unreadable images:\n${unreadable.slice(0, 5).join('\n')}`]
        : remarks,
  };
}
