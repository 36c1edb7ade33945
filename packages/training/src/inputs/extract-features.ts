import {
  featureFault,
  FeatureStoreWriter,
  refuseFeatures,
  type DamagedShard,
  type Dataset,
  type FeatureLayout,
  type Sample,
} from '@cxr-align/datasets';
import { InputError, lockFolder, lockFolderWhenFree, removeDeadLock, type FolderLock } from '@cxr-align/files';
import type { Augmentation, FrozenImageEncoder } from '@cxr-align/image-backbone';
import { imagePlaces, refuseMissing } from './checks/missing-images.js';
import type { Decoder } from './decoder.js';
import type { Progress } from '../progress.js';
import { watched } from '../watchdog.js';
import { repairShards, type DecodedImage } from './repair-features.js';

/** How a feature store is filled. */
export interface FeatureExtractionOptions {
  /** Rows of each image: the image as it is, and changed at random. Default 1. */
  views?: number;
  augmentation: Augmentation;
  /** Drives the random changes. */
  seed: number;
  /** Stores the map of features instead of the pooled vector. Default false. */
  map?: boolean;
  dtype?: FeatureLayout['dtype'];
  /** Images that are encoded at once. Default 16. */
  batchSize?: number;
  /** The most images of a shard: what a kill can lose. Default: as many as fit into 128 MiB, at most 2,048. */
  shardImages?: number;
  decode: Decoder;
  /** Checks every byte of the store first, not only the heads of its shards. Default false. */
  verify?: boolean;
}

/** What came of it. */
export interface ExtractResult {
  out: string;
  encoder: string;
  images: number;
  /** Those that were in the store already. */
  alreadyThere: number;
  /** Shards that were missing or damaged, and were made anew. */
  repairedShards: number;
  unreadable: { id: string; reason: string }[];
  dim: number;
  grid: number;
  views: number;
  seconds: number;
  /** Of those that were encoded now; null if there were none. */
  imagesPerSecond: number | null;
}

/** The most bytes of features that are kept before they are written as a shard. */
const shardBytes = 128 * 2 ** 20;
const mostImagesOfShard = 2048;
/** Batches that are decoded before they are needed. */
const batchesAhead = 2;

/**
 * Encodes the images of a data set into a feature store. Images that are in it already are left out, so a run that was cut off
 * is resumed where its last shard ends; those that could not be read are tried again, and shards that are missing or damaged are made
 * anew.
 *
 * @throws {InputError} if the store is one of another encoder or layout, or another process writes to it.
 */
export async function extractFeatures(
  { samples, name }: Dataset,
  encoder: FrozenImageEncoder,
  out: string,
  options: FeatureExtractionOptions,
  progress: Progress,
): Promise<ExtractResult> {
  const began = performance.now();
  const { views = 1, augmentation, seed, map = false, dtype, verify = false } = options;
  if (map && !encoder.map)
    throw new InputError(
      `expected an encoder with a map of features, got ${encoder.name}, which has none; leave --map out`,
    );
  const { grid, dim } = map ? encoder.map! : { grid: 1, dim: encoder.dim };
  const source = {
    encoder: encoder.name,
    weightsHash: encoder.weightsHash,
    preprocessing: encoder.preprocessing,
    ...(views > 1 && { augmentation: { ...augmentation, seed } }),
  };
  const openStore = () => new FeatureStoreWriter(out, source, { dim, grid, views, dtype });
  const lock = verify ? lockFolder(out, 'extract') : await lockForWork(openStore(), out, samples, progress);
  let found: StoreWork;
  let unreadable: ExtractResult['unreadable'] = [];
  try {
    found = await workOf(openStore(), samples, verify ? progress : undefined);
    if (lock) unreadable = await fillStore(found, { samples, name, encoder, out, options, progress });
  } finally {
    lock?.release();
  }
  const { open, damaged } = found;
  const seconds = (performance.now() - began) / 1000;
  return {
    out,
    encoder: encoder.name,
    images: samples.length,
    alreadyThere: samples.length - open.length,
    repairedShards: damaged.length,
    unreadable,
    dim,
    grid,
    views,
    seconds,
    imagesPerSecond: open.length > 0 ? open.length / seconds : null,
  };
}

/** What there is to do in a store. */
interface StoreWork {
  writer: FeatureStoreWriter;
  open: Sample[];
  damaged: DamagedShard[];
}

/** @param progress reads every byte of the shards if it is given; else only their heads. */
async function workOf(writer: FeatureStoreWriter, samples: readonly Sample[], progress?: Progress): Promise<StoreWork> {
  const bar = progress?.start('checking features', writer.shards);
  const damaged = await writer
    .damagedShards(progress !== undefined, (checked) => bar?.update(checked))
    .finally(() => bar?.stop());
  const done = writer.done;
  return { writer, open: samples.filter(({ id }) => !done.has(id)), damaged };
}

/** The lock of a store that something is to be written to, once it is free; none where all is there. */
async function lockForWork(
  writer: FeatureStoreWriter,
  out: string,
  samples: readonly Sample[],
  progress: Progress,
): Promise<FolderLock | undefined> {
  const { open, damaged } = await workOf(writer, samples);
  if (open.length === 0 && damaged.length === 0 && writer.unreadable.length === 0) {
    removeDeadLock(out);
    return undefined;
  }
  return lockFolderWhenFree(out, 'extract', ({ pid, host, use }) =>
    progress.remark(`waiting for ${use} (process ${pid} on ${host}), which writes to ${out}`),
  );
}

interface FillRequest {
  samples: readonly Sample[];
  name: string;
  encoder: FrozenImageEncoder;
  out: string;
  options: FeatureExtractionOptions;
  progress: Progress;
}

/** Encodes what is open and damaged. @returns the images that could not be read. */
async function fillStore(
  { writer, open, damaged }: StoreWork,
  { samples, name, encoder, out, options, progress }: FillRequest,
): Promise<ExtractResult['unreadable']> {
  const {
    views = 1,
    augmentation,
    seed,
    map = false,
    batchSize = 16,
    shardImages = mostImagesOfShard,
    decode,
  } = options;
  // Of a store that is begun, images may have been moved since.
  if (open.length === samples.length) refuseMissing(await imagePlaces(samples, progress), 0.999);
  const { grid, dim } = map ? encoder.map! : { grid: 1, dim: encoder.dim };
  const viewOptions = { preprocessing: encoder.preprocessing, views, augmentation, seed };
  const encode = async (images: readonly DecodedImage[]): Promise<Float32Array> => {
    const features = await encoder.encode(
      images.flatMap((one) => one.views),
      [map ? 'map' : 'pooled'],
    );
    return (map ? features.map : features.pooled)!;
  };
  await repairShards(writer, damaged, samples, { decode, viewOptions, encode, batchSize, progress });
  const began = performance.now();
  const bar = progress.start(`encoding ${name}`, open.length);
  const perImage = views * grid * grid * dim;
  const most = Math.max(batchSize, Math.min(shardImages, Math.floor(shardBytes / (4 * perImage))));
  const shard = new ShardBuffer(writer, most);
  const unreadable: ExtractResult['unreadable'] = [];
  const batches = Array.from({ length: Math.ceil(open.length / batchSize) }, (_, i) =>
    open.slice(i * batchSize, (i + 1) * batchSize),
  );
  // Batches are decoded ahead of those that are encoded.
  const ahead = batches.slice(0, batchesAhead).map((batch) => decode(batch, viewOptions));
  let encoded = 0;
  for (const [i, batch] of batches.entries()) {
    if (i + batchesAhead < batches.length) ahead.push(decode(batches[i + batchesAhead], viewOptions));
    const decoded = await watched(ahead[i], {
      what: 'images that threads decode',
      waitingFor: () => batch.map(({ id }) => id),
      progress,
    });
    delete ahead[i];
    const sound = decoded.filter((one): one is DecodedImage => 'views' in one);
    for (const one of decoded) if ('reason' in one) unreadable.push(one);
    if (sound.length > 0) {
      const found = finiteFeatures(sound, await encode(sound), { dtype: writer.dtype, folder: out });
      unreadable.push(...found.unreadable);
      if (found.images.length > 0) shard.add(found.images, found.features);
    }
    encoded += batch.length;
    bar.update(encoded, `${(encoded / ((performance.now() - began) / 1000)).toFixed(0)} images/s`);
  }
  shard.flush();
  writer.finish(unreadable);
  bar.stop();
  return unreadable;
}

/**
 * The images whose features are finite. Of the others nothing is stored, and they are listed as those that cannot be read.
 *
 * @throws {InputError} if features are larger than the numbers of the store, naming the image: a store has one kind of number.
 */
function finiteFeatures(
  images: readonly DecodedImage[],
  features: Float32Array,
  { dtype, folder }: { dtype: FeatureLayout['dtype']; folder: string },
): { images: readonly DecodedImage[]; features: Float32Array; unreadable: ExtractResult['unreadable'] } {
  if (!featureFault(features, dtype)) return { images, features, unreadable: [] };
  const perImage = features.length / images.length;
  const partOf = (image: number): Float32Array => features.subarray(image * perImage, (image + 1) * perImage);
  const sound: number[] = [];
  const unreadable: ExtractResult['unreadable'] = [];
  images.forEach(({ id }, image) => {
    const fault = featureFault(partOf(image), dtype);
    if (!fault) sound.push(image);
    else if (fault.isTooLarge) refuseFeatures(partOf(image), { dtype, perImage, idOf: () => id, file: folder });
    else
      unreadable.push({
        id,
        reason: `${id}: expected finite features of the encoder, got ${fault.value}; check the encoder's preprocessing`,
      });
  });
  const kept = new Float32Array(sound.length * perImage);
  sound.forEach((image, i) => kept.set(partOf(image), i * perImage));
  return { images: sound.map((image) => images[image]), features: kept, unreadable };
}

/** Collects features until a shard is full. */
class ShardBuffer {
  private images: { id: string; content: string }[] = [];
  private features: Float32Array[] = [];

  constructor(
    private readonly writer: FeatureStoreWriter,
    private readonly most: number,
  ) {}

  add(images: readonly { id: string; content: string }[], features: Float32Array): void {
    for (const { id, content } of images) this.images.push({ id, content });
    this.features.push(features);
    if (this.images.length >= this.most) this.flush();
  }

  /** Writes what there is. */
  flush(): void {
    if (this.images.length === 0) return;
    const all = new Float32Array(this.features.reduce((sum, { length }) => sum + length, 0));
    this.features.reduce((start, part) => (all.set(part, start), start + part.length), 0);
    this.writer.append(this.images, all);
    this.images = [];
    this.features = [];
  }
}
