import { FeatureStore } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { RandomStream } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';
import {
  type BatchDraw,
  type FeatureInput,
  type ImageInputs,
  joinDescriptions,
  joinMaps,
  type ModelBatch,
  type ModelInputs,
  pooledOf,
} from '@cxr-align/classifier';
import { type Threads, startThreads, workerFile } from '../threads.js';
import { moments } from './feature-moments.js';

/** Rows that are read of a store. */
export interface ReadTask {
  folder: string;
  rows: number[];
  /** The first so many shards must have this hash: the store must be the one that was opened. */
  shards: number;
  hash: string;
}

/** The rows that were read, or why they cannot be used. */
export type ReadResult = Float32Array | { refused: string };

/** Features in a store on disk: a batch is read when it is needed, or by a thread while the step before it runs. */
export class FeatureInputs implements ModelInputs {
  readonly description: FeatureInput;
  private reader?: Threads<ReadTask, ReadResult>;
  private readonly shards: Pick<ReadTask, 'shards' | 'hash'>;
  /** The batch that is being read ahead, and its values. */
  private ahead?: { samples: readonly number[]; epoch: number; values: Promise<ReadResult> };

  /** @param places of the samples in the store. */
  constructor(
    readonly store: FeatureStore,
    private readonly places: Int32Array,
    encoder: string | null,
  ) {
    const { encoder: name, weightsHash, preprocessing, grid, dim, dtype } = store.index;
    this.shards = { shards: store.index.shards.length, hash: store.hashOfShards(store.index.shards.length) };
    this.description = {
      kind: 'features',
      grid,
      dim,
      dtype,
      source: { encoder: name, weightsHash, preprocessing },
      encoder,
    };
  }

  get views(): number {
    return this.store.index.views;
  }

  batch(samples: ArrayLike<number>, view = 0): ModelBatch {
    const rows = this.rowsOf(samples, () => view);
    return this.tensor(rows.length, this.store.read(rows));
  }

  async trainingBatch(samples: readonly number[], draw: BatchDraw): Promise<ModelBatch> {
    const { ahead } = this;
    this.ahead = undefined;
    const isAhead = ahead?.samples === samples && ahead.epoch === draw.epoch;
    const values = isAhead ? await ahead.values : this.store.read(this.trainingRows(samples, draw));
    if ('refused' in values) throw new InputError(values.refused);
    return this.tensor(samples.length, values);
  }

  prepare(samples: readonly number[], draw: BatchDraw): void {
    this.reader ??= startThreads(workerFile(import.meta.url, 'feature-reader-worker'), 1);
    const task = { folder: this.store.folder, rows: this.trainingRows(samples, draw), ...this.shards };
    this.ahead = { samples, epoch: draw.epoch, values: this.reader.run(task) };
  }

  async dispose(): Promise<void> {
    await this.reader?.stop();
    this.store.close();
  }

  private trainingRows(samples: readonly number[], { seed, epoch, isChanged = false }: BatchDraw): number[] {
    const { views } = this.store.index;
    if (views === 1) return this.rowsOf(samples, () => 0);
    const first = Number(isChanged);
    return this.rowsOf(samples, (sample) => {
      const drawn = new RandomStream({ seed, purpose: 'view', epoch, step: sample }).uniform();
      return first + Math.floor(drawn * (views - first));
    });
  }

  /**
   * The features of some samples on the processor, each view the mean over its patches.
   *
   * @param views the first so many of each.
   * @returns [samples · views, dim] row by row, the views of a sample one after the other.
   */
  pooled(samples: readonly number[], views = 1): { rows: number; columns: number; data: Float64Array } {
    return pooledRows(
      this.store,
      samples.flatMap((sample) => Array.from({ length: views }, (_, view) => this.firstRow(sample) + view)),
    );
  }

  /** The feature maps of the first view of some samples, [samples, patches, dim] row by row. */
  maps(samples: readonly number[]): { images: number; patches: number; dim: number; data: Float32Array } {
    const { grid, dim } = this.description;
    const data = new Float32Array(samples.length * this.store.width);
    readInParts(
      this.store,
      samples.map((sample) => this.firstRow(sample)),
      (values, at) => data.set(values, at),
    );
    return { images: samples.length, patches: grid * grid, dim, data };
  }

  private firstRow(sample: number): number {
    return this.places[sample] * this.store.index.views;
  }

  /** Over all views and places of the samples; a standard deviation of 0 counts as 1. */
  statistics(samples: readonly number[]): { mean: Float32Array; std: Float32Array } {
    const { dim, views } = this.store.index;
    const together = Math.max(1, Math.floor(2 ** 20 / (views * this.store.width)));
    const rowsOf = (sample: number): number[] =>
      Array.from({ length: views }, (_, view) => this.places[sample] * views + view);
    const parts = function* (store: FeatureStore): Generator<Float32Array> {
      for (let start = 0; start < samples.length; start += together)
        yield store.read(samples.slice(start, start + together).flatMap(rowsOf));
    };
    return moments(parts(this.store), dim);
  }

  private rowsOf(samples: ArrayLike<number>, viewOf: (sample: number) => number): number[] {
    const { views } = this.store.index;
    return Array.from(samples, (sample) => this.places[sample] * views + viewOf(sample));
  }

  private tensor(rows: number, values: Float32Array): ModelBatch {
    const { grid, dim } = this.description;
    return { main: tf.tensor4d(values, [rows, grid, grid, dim]) };
  }
}

/** Features of several frozen encoders of the same images, side by side. */
export class JoinedFeatures implements ModelInputs {
  readonly description: FeatureInput;

  /** @throws {InputError} if their maps cannot be joined. */
  constructor(private readonly parts: readonly FeatureInputs[]) {
    try {
      this.description = joinDescriptions(parts.map(({ description }) => description));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new InputError(error.message);
    }
  }

  get views(): number {
    return Math.min(...this.parts.map(({ views }) => views));
  }

  batch(samples: ArrayLike<number>, view = 0): ModelBatch {
    return this.join(this.parts.map((part) => part.batch(samples, view)));
  }

  async trainingBatch(samples: readonly number[], draw: BatchDraw): Promise<ModelBatch> {
    const batches: ModelBatch[] = [];
    for (const part of this.parts) batches.push(await part.trainingBatch(samples, draw));
    return this.join(batches);
  }

  prepare(samples: readonly number[], draw: BatchDraw): void {
    for (const part of this.parts) part.prepare(samples, draw);
  }

  statistics(samples: readonly number[]): { mean: Float32Array; std: Float32Array } {
    const each = this.parts.map((part) => part.statistics(samples));
    const all = (kind: 'mean' | 'std'): Float32Array => Float32Array.from(each.flatMap((one) => [...one[kind]]));
    return { mean: all('mean'), std: all('std') };
  }

  async dispose(): Promise<void> {
    for (const part of this.parts) await part.dispose();
  }

  private join(batches: readonly ModelBatch[]): ModelBatch {
    return {
      main: joinMaps(
        batches.map(({ main }) => main),
        this.description.grid,
      ),
    };
  }
}

/** Features of a frozen encoder, or what it makes them of, and beside them the images for the image encoder branch. */
export class FeaturesWithImages implements ModelInputs {
  readonly description: FeatureInput;

  constructor(
    private readonly features: ModelInputs & { readonly description: FeatureInput },
    private readonly images: ImageInputs,
  ) {
    this.description = { ...features.description, images: images.description };
  }

  get views(): number | undefined {
    return this.features.views;
  }

  batch(samples: ArrayLike<number>, view = 0): ModelBatch {
    return { ...this.features.batch(samples, view), images: this.images.batch(samples, view).main };
  }

  async trainingBatch(samples: readonly number[], draw: BatchDraw): Promise<ModelBatch> {
    const { main: images } = await this.images.trainingBatch(samples, draw);
    return { ...(await this.features.trainingBatch(samples, draw)), images };
  }

  prepare(samples: readonly number[], draw: BatchDraw): void {
    this.features.prepare?.(samples, draw);
  }

  statistics(samples: readonly number[]): { mean: Float32Array; std: Float32Array } {
    return this.features.statistics!(samples);
  }

  dispose(): Promise<void> {
    return this.features.dispose();
  }
}

/** Rows of a store, each the mean over its patches: [rows, dim]. */
export function pooledRows(
  store: FeatureStore,
  rows: readonly number[],
): { rows: number; columns: number; data: Float64Array } {
  const { dim } = store.index;
  const patches = store.width / dim;
  const data = new Float64Array(rows.length * dim);
  readInParts(store, rows, (values, at) => {
    const images = values.length / store.width;
    data.set(pooledOf(values, { images, patches, dim }).data, at / patches);
  });
  return { rows: rows.length, columns: dim, data };
}

/** Reads rows a few at a time. @param onPart their numbers, and where they begin among all. */
function readInParts(
  store: FeatureStore,
  rows: readonly number[],
  onPart: (values: Float32Array, at: number) => void,
): void {
  const together = Math.max(1, Math.floor(2 ** 22 / store.width));
  for (let start = 0; start < rows.length; start += together)
    onPart(store.read(rows.slice(start, start + together)), start * store.width);
}
