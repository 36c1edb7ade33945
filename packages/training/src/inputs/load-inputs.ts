import { FeatureStore, selectSamples, type BadRow, type Dataset, type FeatureSource } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import {
  imageFileExists,
  loadImages,
  readImage,
  type Augmentation,
  type ImageSet,
  type PixelScale,
  type Preprocessing,
  TunableEncoder,
} from '@cxr-align/image-backbone';
import { contentHash } from './decode-views.js';
import { TunedInputs, type TunedSource } from './tuned-inputs.js';
import { FeatureInputs, FeaturesWithImages, JoinedFeatures } from './feature-inputs.js';
import { type FeatureInput, ImageInputs, type ModelInputs, scaleOf } from '@cxr-align/classifier';
import { watchedImages } from '../watchdog.js';
import { imagePlaces, refuseMissing } from './checks/missing-images.js';
import { samplesIn, type OpenedDataset } from './prepare-data.js';
import type { Progress } from '../progress.js';

/** What the inputs of a model are made from. */
export type InputSource = ImageSource | StoredSource | (TunedSource & { images?: ImageSource });

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
  /** Further stores, whose features are joined to those of the first. */
  joined?: readonly Pick<StoredSource, 'store' | 'encoder'>[];
  /** The images for an image encoder branch beside the features. */
  images?: ImageSource;
}

/** A data set with the inputs of its samples. */
export interface LoadedData {
  dataset: Dataset;
  /** Sample i is input i. */
  inputs: ModelInputs;
  /** What the image of a sample is, whatever was made of it: the start of the SHA-256 of its bytes; empty where that is unknown. */
  contentOf: (sample: number) => string;
  /** The same of the features that were made of it; absent where images are the inputs. */
  featuresOf?: (sample: number) => string;
  /** The frozen encoder that is tuned, which belongs to the inputs. */
  encoder?: TunableEncoder;
  /** Rows of the table that were left out. */
  badRows: BadRow[];
  /** Images that were left out, and why. */
  unreadable: string[];
  /** Remarks for people: what was left out or guessed. */
  remarks: string[];
}

/** What inputs are loaded for. */
type Opened = Pick<OpenedDataset, 'dataset' | 'remarks' | 'refused'>;

/** Brings the inputs of a data set in; too many unreadable images, and refused ones with them, end the run. */
export async function loadInputs(
  opened: Opened,
  source: InputSource,
  options: { maxBad?: number; progress: Progress },
): Promise<LoadedData> {
  if (source.kind === 'tuned') return loadTuned(opened, source, options);
  return source.kind === 'image' ? loadPixels(opened, source, options) : loadFeatures(opened, source, options);
}

/** Images for a frozen encoder that is tuned. */
async function loadTuned(
  opened: Opened,
  { encoder: folder, isMap, augmentation, views, seed, images: beside }: TunedSource & { images?: ImageSource },
  { maxBad, progress }: { maxBad?: number; progress: Progress },
): Promise<LoadedData> {
  const encoder = await TunableEncoder.open(folder, { isMap });
  try {
    const { preprocessing } = encoder;
    const { pixels, ...loaded } = await loadPixels(opened, { kind: 'image', preprocessing }, { maxBad, progress });
    const inputs = new TunedInputs(encoder, folder, pixels, augmentation);
    const training = samplesIn(loaded.dataset, 'train');
    const bar = progress.start('encoding training images', training.length);
    await inputs.measure(training, { views, seed, onImages: (done) => bar.update(done) }).finally(() => bar.stop());
    if (!beside) return { ...loaded, inputs, encoder };
    const others = await loadPixels({ ...opened, ...loaded }, beside, { maxBad, progress });
    return { ...others, inputs: new FeaturesWithImages(inputs, others.inputs), encoder };
  } catch (error) {
    await encoder.dispose();
    throw error;
  }
}

async function loadPixels(
  opened: Opened,
  { preprocessing, scale, augmentation }: ImageSource,
  { maxBad = defaultMaxBad, progress }: { maxBad?: number; progress: Progress },
): Promise<LoadedData & { inputs: ImageInputs; pixels: ImageSet }> {
  const { dataset } = opened;
  refuseMissing(await imagePlaces(dataset.samples, progress), maxBad);
  const bar = progress.start('reading images', dataset.samples.length);
  const reading = new Set<number>();
  const all = await watchedImages(
    (onImage) =>
      loadImages(
        dataset.samples.map(({ image }) => image),
        preprocessing,
        { reading, onImage: (done) => (onImage(), bar.update(done)) },
      ),
    {
      what: 'images that are read and decoded',
      waitingFor: () => [...reading].map((at) => dataset.samples[at].id),
      progress,
    },
  ).finally(() => bar.stop());
  const reasons = all.unreadable.map(({ reason }) => reason);
  const read = [...all.indices.keys()].filter((at) => all.indices[at] >= 0);
  const kept = keepReadable(opened, read, reasons, maxBad);
  return {
    ...kept,
    contentOf: (sample) => Buffer.from(all.contents.subarray(8 * read[sample], 8 * read[sample] + 8)).toString('hex'),
    pixels: all,
    inputs: new ImageInputs(all, scale ?? scaleOf(all, samplesIn(kept.dataset, 'train')), augmentation),
  };
}

async function loadFeatures(
  opened: Opened,
  { store, expected, encoder, joined = [], images }: StoredSource,
  options: { maxBad?: number; progress: Progress },
): Promise<LoadedData> {
  const sources = [{ store, encoder }, ...joined];
  const wanted = expected && (expected.joined ?? [expected]);
  if (wanted && wanted.length !== sources.length)
    throw new InputError(
      `expected ${wanted.length === 1 ? 'one feature store' : `${wanted.length} feature stores`}, of ${expected.source.encoder}, got ${sources.length}; name ${wanted.length === 1 ? 'it alone' : 'each in the order of training'}`,
    );
  const stores: OpenSource[] = [];
  try {
    for (const [i, source] of sources.entries())
      stores.push({ store: new FeatureStore(source.store), encoder: source.encoder, expected: wanted?.[i] });
    return await loadStored(opened, stores, images, options);
  } catch (error) {
    stores.forEach((one) => one.store.close());
    throw error;
  }
}

/** A store that has been opened. */
interface OpenSource extends Pick<StoredSource, 'encoder' | 'expected'> {
  store: FeatureStore;
}

/** Inputs from open stores, which belong to them. */
async function loadStored(
  opened: Opened,
  stores: readonly OpenSource[],
  imageSource: ImageSource | undefined,
  options: { maxBad?: number; progress: Progress },
): Promise<LoadedData> {
  const [first, ...others] = stores;
  let kept = await readableIn(opened, first, options);
  for (const other of others) {
    const more = await readableIn(kept, other, options);
    kept = { ...more, unreadable: [...kept.unreadable, ...more.unreadable] };
  }
  const placeIn = (store: FeatureStore, { id }: Dataset['samples'][number]): number => store.places.get(id)!;
  const inputsOf = ({ samples }: Dataset): FeatureInputs | JoinedFeatures => {
    const parts = stores.map(({ store, encoder }) => {
      const places = Int32Array.from(samples, (sample) => placeIn(store, sample));
      return new FeatureInputs(store, places, encoder);
    });
    return parts.length === 1 ? parts[0] : new JoinedFeatures(parts);
  };
  const placed = ({ samples }: Dataset): Pick<LoadedData, 'contentOf' | 'featuresOf'> => ({
    contentOf: (sample) => first.store.index.contents[placeIn(first.store, samples[sample])] ?? '',
    featuresOf: (sample) => stores.map(({ store }) => store.identityOf(placeIn(store, samples[sample]))).join('+'),
  });
  if (!imageSource) return { ...kept, ...placed(kept.dataset), inputs: inputsOf(kept.dataset) };
  const images = await loadPixels(kept, imageSource, options);
  return {
    ...images,
    featuresOf: placed(images.dataset).featuresOf,
    unreadable: [...kept.unreadable, ...images.unreadable],
    inputs: new FeaturesWithImages(inputsOf(images.dataset), images.inputs),
  };
}

/** The samples that a store has features of. @throws {InputError} if it is of other images or another encoder, or lacks some. */
async function readableIn(
  opened: Opened,
  { store, expected }: OpenSource,
  { maxBad, progress }: { maxBad?: number; progress: Progress },
): Promise<Omit<LoadedData, 'inputs' | 'contentOf'>> {
  const { dataset } = opened;
  const { index, folder } = store;
  if (expected) refuseOtherSource(folder, index, expected);
  const reasons = new Map(index.unreadable.map(({ id, reason }) => [id, reason]));
  const missing = dataset.samples.filter(({ id }) => !store.places.has(id) && !reasons.has(id));
  if (missing.length > 0)
    throw new InputError(
      `expected features of all ${dataset.samples.length} images of ${dataset.name}, got none of ${missing.length}, the first ${missing[0].id}; extract them with this data into that folder`,
      { file: folder },
    );
  if (!store.isSealed)
    progress.remark(
      `${folder} was written by an earlier version and its index has no hash of itself; extract into it again to add one`,
    );
  const read = dataset.samples.flatMap(({ id }, at) => (store.places.has(id) ? [at] : []));
  const kept = keepReadable(
    opened,
    read,
    dataset.samples.flatMap(({ id }) => reasons.get(id) ?? []),
    maxBad,
  );
  await refuseOtherImages(store, kept.dataset);
  return kept;
}

/** @throws {InputError} if features are not of the encoder that a model was trained on. */
function refuseOtherSource(
  folder: string,
  index: FeatureSource & { grid: number; dim: number },
  { source, grid, dim }: FeatureInput,
): void {
  const describe = (of: FeatureSource, shape: { grid: number; dim: number }): string =>
    `${of.encoder} (${of.weightsHash.slice(0, 12)}), ${shape.grid} × ${shape.grid} × ${shape.dim}`;
  const isSame =
    index.weightsHash === source.weightsHash &&
    index.grid === grid &&
    index.dim === dim &&
    JSON.stringify(index.preprocessing) === JSON.stringify(source.preprocessing);
  if (!isSame)
    throw new InputError(
      `expected features as the model was trained on, of ${describe(source, { grid, dim })}, got those of ${describe(index, index)}, or of another preprocessing; extract them with that encoder`,
      { file: folder },
    );
}

/** How many images are compared with the hashes of the store. */
const comparedImages = 32;

/** @throws {InputError} if the store is of other images of the same names, as far as their files are here. */
async function refuseOtherImages({ folder, index, places }: FeatureStore, { samples, name }: Dataset): Promise<void> {
  if (index.contents.length === 0) return;
  const every = Math.max(1, Math.floor(samples.length / comparedImages));
  for (let at = 0; at < samples.length; at += every) {
    const sample = samples[at];
    const { image } = sample;
    if (typeof image === 'string' && !imageFileExists(image)) continue;
    const bytes = typeof image === 'string' ? await readImage(image) : image.data;
    if (contentHash(bytes) !== index.contents[places.get(sample.id)!])
      throw new InputError(
        `expected features of the images of ${name}, got those of another image called ${sample.id}; extract them into another folder`,
        { file: folder },
      );
  }
}

/** Share of the images that may be unreadable by default. */
export const defaultMaxBad = 0.01;

/** Leaves out what could not be read. @throws {InputError} if it is too much. */
function keepReadable(
  { dataset, remarks, refused = [] }: Opened,
  read: readonly number[],
  undecoded: string[],
  maxBad = defaultMaxBad,
): Omit<LoadedData, 'inputs' | 'contentOf'> {
  const unreadable = [...refused.map(({ reason }) => reason), ...undecoded];
  const all = dataset.samples.length + refused.length;
  if (unreadable.length > maxBad * all) {
    const shown = [
      ...unreadable.slice(0, 5),
      ...(unreadable.length > 5 ? [`… and ${unreadable.length - 5} more`] : []),
    ];
    throw new InputError(
      `${shown.join('\n')}; correct the images, or allow more (maxBad): (${unreadable.length} of ${all} cannot be read)`,
    );
  }
  return {
    dataset: read.length === dataset.samples.length ? dataset : selectSamples(dataset, read),
    badRows: dataset.badRows,
    unreadable,
    remarks:
      unreadable.length > 0
        ? [...remarks, `left out ${unreadable.length} unreadable images:\n${unreadable.slice(0, 5).join('\n')}`]
        : [...remarks],
  };
}
