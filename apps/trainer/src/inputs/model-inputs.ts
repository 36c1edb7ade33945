import { existsSync } from 'node:fs';
import { FeatureStore, type FeatureLayout, type FeatureSource } from '@cxr-align/datasets';
import {
  imageBatch,
  pixelStatistics,
  type Augmentation,
  type ImageSet,
  type PixelScale,
} from '@cxr-align/image-backbone';
import { RandomStream } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';
import type { ReadTask } from '../workers/feature-reader-worker.js';
import { startThreads, type Threads } from '../workers/threads.js';

/** Images of one size, from which a trained encoder makes features. */
export interface ImageInput {
  kind: 'image';
  /** Pixels along a side. */
  size: number;
  scale: PixelScale;
}

/** Features of a frozen encoder. */
export interface FeatureInput {
  kind: 'features';
  grid: number;
  dim: number;
  /** How a store keeps the numbers. */
  dtype: FeatureLayout['dtype'];
  source: FeatureSource;
  /** The folder that the encoder was in; null where the features came without one. */
  encoder: string | null;
  /** The images that a trained stem looks at beside them. */
  stem?: ImageInput;
}

/** What a model is made for. */
export type InputDescription = ImageInput | FeatureInput;

/** What a model takes of a batch, or what its encoders make of that. */
export interface ModelBatch {
  /** float32 [batch, size, size, 1] of images, or [batch, grid, grid, dim] of features or of an encoder's map. */
  main: tf.Tensor4D;
  /** The images that a trained stem looks at beside frozen features, or the stem's map. */
  stem?: tf.Tensor4D;
}

/** Where the inputs of a data set's samples come from: sample i is input i. */
export interface ModelInputs {
  readonly description: InputDescription;
  /** @returns float32 [samples, height, width, channels]. The caller owns it. */
  batch(samples: ArrayLike<number>): ModelBatch;
  /** The same, changed at random as the epoch has it. */
  trainingBatch(samples: readonly number[], draw: BatchDraw): Promise<ModelBatch>;
  /** Begins to bring in the training batch that will be asked for next, where that can be done beside a step. */
  prepare?(samples: readonly number[], draw: BatchDraw): void;
  /** Mean and deviation of each feature over some samples, of inputs that are features. */
  statistics?(samples: readonly number[]): { mean: Float32Array; deviation: Float32Array };
  dispose(): Promise<void>;
}

/** What the random changes of a training batch depend on, beside its samples. */
export interface BatchDraw {
  seed: number;
  epoch: number;
}

/** Decoded images in memory. */
export class ImageInputs implements ModelInputs {
  readonly description: ImageInput;

  constructor(
    private readonly images: Pick<ImageSet, 'pixels' | 'size'>,
    scale: PixelScale,
    private readonly augmentation?: Augmentation,
  ) {
    this.description = { kind: 'image', size: images.size, scale };
  }

  batch(samples: ArrayLike<number>): ModelBatch {
    return { main: imageBatch(this.images, samples, this.description.scale) };
  }

  async trainingBatch(samples: readonly number[], draw: BatchDraw): Promise<ModelBatch> {
    const { augmentation } = this;
    return {
      main: imageBatch(this.images, samples, this.description.scale, augmentation && { augmentation, ...draw }),
    };
  }

  async dispose(): Promise<void> {}
}

/** Mean and deviation of the grey values of some images. */
export function scaleOf({ pixels, size }: Pick<ImageSet, 'pixels' | 'size'>, samples: readonly number[]): PixelScale {
  const area = size * size;
  const chosen = new Uint8Array(samples.length * area);
  samples.forEach((sample, i) => chosen.set(pixels.subarray(sample * area, (sample + 1) * area), i * area));
  return pixelStatistics(chosen);
}

/** Features in a store on disk: a batch is read when it is asked for, or by a thread while the step before it runs. */
export class FeatureInputs implements ModelInputs {
  readonly description: FeatureInput;
  private reader?: Threads<ReadTask, Float32Array>;
  /** The batch that is being read ahead, and its values. */
  private ahead?: { samples: readonly number[]; epoch: number; values: Promise<Float32Array> };

  /** @param places of the samples in the store. */
  constructor(
    readonly store: FeatureStore,
    private readonly places: Int32Array,
    encoder: string | null,
  ) {
    const { encoder: name, weightsHash, preprocessing, grid, dim, dtype } = store.index;
    this.description = {
      kind: 'features',
      grid,
      dim,
      dtype,
      source: { encoder: name, weightsHash, preprocessing },
      encoder,
    };
  }

  batch(samples: ArrayLike<number>): ModelBatch {
    const rows = this.rowsOf(samples, () => 0);
    return this.tensor(rows.length, this.store.read(rows));
  }

  async trainingBatch(samples: readonly number[], draw: BatchDraw): Promise<ModelBatch> {
    const { ahead } = this;
    this.ahead = undefined;
    const isAhead = ahead?.samples === samples && ahead.epoch === draw.epoch;
    const values = isAhead ? await ahead.values : this.store.read(this.trainingRows(samples, draw));
    return this.tensor(samples.length, values);
  }

  prepare(samples: readonly number[], draw: BatchDraw): void {
    // The thread's script is built beside the command; sources that run as they are have none.
    const script = new URL('./feature-reader-worker.js', import.meta.url);
    if (!existsSync(script)) return;
    this.reader ??= startThreads(script, 1);
    const task = { folder: this.store.folder, rows: this.trainingRows(samples, draw) };
    this.ahead = { samples, epoch: draw.epoch, values: this.reader.run(task) };
  }

  async dispose(): Promise<void> {
    await this.reader?.stop();
    this.store.close();
  }

  private trainingRows(samples: readonly number[], { seed, epoch }: BatchDraw): number[] {
    const { views } = this.store.index;
    return this.rowsOf(samples, (sample) =>
      views === 1 ? 0 : Math.floor(new RandomStream({ seed, purpose: 'view', epoch, step: sample }).uniform() * views),
    );
  }

  /** Over all views and places of the samples; a deviation of 0 counts as 1. */
  statistics(samples: readonly number[]): { mean: Float32Array; deviation: Float32Array } {
    const { dim, views } = this.store.index;
    const sums = new Float64Array(dim);
    const squares = new Float64Array(dim);
    const together = Math.max(1, Math.floor(2 ** 20 / (views * this.store.width)));
    let count = 0;
    for (let start = 0; start < samples.length; start += together) {
      const rows = samples
        .slice(start, start + together)
        .flatMap((sample) => Array.from({ length: views }, (_, view) => this.places[sample] * views + view));
      const values = this.store.read(rows);
      for (let at = 0; at < values.length; at += dim) {
        for (let feature = 0; feature < dim; feature++) {
          const value = values[at + feature];
          sums[feature] += value;
          squares[feature] += value * value;
        }
      }
      count += values.length / dim;
    }
    const mean = Float32Array.from(sums, (sum) => sum / count);
    const deviation = Float32Array.from(squares, (square, feature) => {
      const variance = square / count - (sums[feature] / count) ** 2;
      return variance > 1e-10 ? Math.sqrt(variance) : 1;
    });
    return { mean, deviation };
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

/** Features, and beside them the images that they were made of, for a trained stem. */
export class StemmedInputs implements ModelInputs {
  readonly description: FeatureInput;

  constructor(
    private readonly features: FeatureInputs,
    private readonly images: ImageInputs,
  ) {
    this.description = { ...features.description, stem: images.description };
  }

  batch(samples: ArrayLike<number>): ModelBatch {
    return { ...this.features.batch(samples), stem: this.images.batch(samples).main };
  }

  async trainingBatch(samples: readonly number[], draw: BatchDraw): Promise<ModelBatch> {
    const { main: stem } = await this.images.trainingBatch(samples, draw);
    return { ...(await this.features.trainingBatch(samples, draw)), stem };
  }

  prepare(samples: readonly number[], draw: BatchDraw): void {
    this.features.prepare(samples, draw);
  }

  statistics(samples: readonly number[]): { mean: Float32Array; deviation: Float32Array } {
    return this.features.statistics(samples);
  }

  dispose(): Promise<void> {
    return this.features.dispose();
  }
}
