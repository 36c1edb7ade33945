import { FeatureStoreWriter, type Dataset, type FeatureLayout } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import type { Augmentation, FrozenImageEncoder } from '@cxr-align/image-backbone';
import type { DecodedViews } from './decode-views.js';
import type { Decoder } from './decoder.js';
import type { Progress } from '../progress.js';

/** How a feature store is filled. */
export interface ExtractOptions {
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
}

/** What came of it. */
export interface ExtractResult {
  out: string;
  encoder: string;
  images: number;
  /** Those that were in the store already. */
  alreadyThere: number;
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
 * goes on where its last shard ends; those that could not be read are tried again.
 *
 * @throws {InputError} if the store is one of another encoder or layout.
 */
export async function extractFeatures(
  { samples, name }: Dataset,
  encoder: FrozenImageEncoder,
  out: string,
  {
    views = 1,
    augmentation,
    seed,
    map = false,
    dtype,
    batchSize = 16,
    shardImages = mostImagesOfShard,
    decode,
  }: ExtractOptions,
  progress: Progress,
): Promise<ExtractResult> {
  const began = performance.now();
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
  const writer = new FeatureStoreWriter(out, source, { dim, grid, views, dtype });
  const done = writer.done;
  const open = samples.filter(({ id }) => !done.has(id));
  const bar = progress.start(`encoding ${name}`, open.length);
  const perImage = views * grid * grid * dim;
  const shard = new ShardBuffer(
    writer,
    Math.max(batchSize, Math.min(shardImages, Math.floor(shardBytes / (4 * perImage)))),
  );
  const unreadable: ExtractResult['unreadable'] = [];
  const viewOptions = { preprocessing: encoder.preprocessing, views, augmentation, seed };
  const batches = Array.from({ length: Math.ceil(open.length / batchSize) }, (_, i) =>
    open.slice(i * batchSize, (i + 1) * batchSize),
  );
  // Batches are decoded ahead of those that are encoded.
  const ahead = batches.slice(0, batchesAhead).map((batch) => decode(batch, viewOptions));
  let encoded = 0;
  for (const [i, batch] of batches.entries()) {
    if (i + batchesAhead < batches.length) ahead.push(decode(batches[i + batchesAhead], viewOptions));
    const decoded = await ahead[i];
    delete ahead[i];
    const sound = decoded.filter((one): one is Extract<DecodedViews, { views: unknown }> => 'views' in one);
    for (const one of decoded) if ('reason' in one) unreadable.push(one);
    if (sound.length > 0) {
      const features = await encoder.encode(
        sound.flatMap((one) => one.views),
        [map ? 'map' : 'pooled'],
      );
      shard.add(sound, (map ? features.map : features.pooled)!);
    }
    encoded += batch.length;
    bar.update(encoded, `${(encoded / ((performance.now() - began) / 1000)).toFixed(0)} images/s`);
  }
  shard.flush();
  writer.finish(unreadable);
  bar.stop();
  const seconds = (performance.now() - began) / 1000;
  return {
    out,
    encoder: encoder.name,
    images: samples.length,
    alreadyThere: samples.length - open.length,
    unreadable,
    dim,
    grid,
    views,
    seconds,
    imagesPerSecond: open.length > 0 ? open.length / seconds : null,
  };
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
