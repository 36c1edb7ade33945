import type { FeatureLayout, FeatureSource } from '@cxr-align/datasets';
import {
  imageBatch,
  pixelStatistics,
  type Augmentation,
  type BatchAugmentation,
  type ImageSet,
  type PixelScale,
} from '@cxr-align/image-backbone';
import type * as tf from '@tensorflow/tfjs-core';

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
  /**
   * The features of several encoders that are joined: `dim` is the sum of theirs, `grid` the largest, `source` names them all.
   */
  joined?: readonly FeatureInput[];
  /** The images that the image encoder branch takes beside them, where it is trained. */
  images?: ImageInput;
}

/** What a model is made for. */
export type InputDescription = ImageInput | FeatureInput;

/** What a model takes of a batch, or what its encoders make of that. */
export interface ModelBatch {
  /** float32 [batch, size, size, 1] of images, or [batch, grid, grid, dim] of features or of an encoder's map. */
  main: tf.Tensor4D;
  /** float32, images (or their feature map) for the image encoder branch beside frozen features. */
  images?: tf.Tensor4D;
}

/** Where the inputs of a data set's samples come from: sample i is input i. */
export interface ModelInputs {
  readonly description: InputDescription;
  /** How many views of each sample are stored; undefined where views are made of the images when they are needed. */
  readonly views?: number;
  /**
   * @param view 0 for the samples as they are, which is the default, or a changed view of them.
   * @returns float32 [samples, height, width, channels]. The caller owns it.
   */
  batch(samples: ArrayLike<number>, view?: number): ModelBatch;
  /** The same, changed at random as the epoch has it. */
  trainingBatch(samples: readonly number[], draw: BatchDraw): Promise<ModelBatch>;
  /** Starts to prefetch the next training batch, where that can be done while a step runs. */
  prepare?(samples: readonly number[], draw: BatchDraw): void;
  /** Mean and standard deviation of each feature over some samples, of inputs that are features. */
  statistics?(samples: readonly number[]): { mean: Float32Array; std: Float32Array };
  dispose(): Promise<void>;
}

/** What the random changes of a training batch depend on, beside its samples. */
export interface BatchDraw {
  seed: number;
  epoch: number;
  /** Draws only views that are changed, where features have several. Default false. */
  isChanged?: boolean;
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

  batch(samples: ArrayLike<number>, view = 0): ModelBatch {
    return { main: imageBatch(this.images, samples, this.description.scale, this.changeOf(view)) };
  }

  /** How a view is changed: all images alike, and never mirrored. */
  private changeOf(view: number): BatchAugmentation | undefined {
    if (view === 0) return undefined;
    if (!this.augmentation)
      throw new RangeError(`classifier/ImageInputs.batch: expected view 0 of images without augmentation, got ${view}`);
    return { augmentation: { ...this.augmentation, flip: 0 }, seed: 0, epoch: 0, view };
  }

  async trainingBatch(samples: readonly number[], draw: BatchDraw): Promise<ModelBatch> {
    const { augmentation } = this;
    const { seed, epoch } = draw;
    return {
      main: imageBatch(this.images, samples, this.description.scale, augmentation && { augmentation, seed, epoch }),
    };
  }

  async dispose(): Promise<void> {}
}

/** Mean and standard deviation of the grey values of some images. */
export function scaleOf({ pixels, size }: Pick<ImageSet, 'pixels' | 'size'>, samples: readonly number[]): PixelScale {
  const area = size * size;
  const chosen = new Uint8Array(samples.length * area);
  samples.forEach((sample, i) => chosen.set(pixels.subarray(sample * area, (sample + 1) * area), i * area));
  return pixelStatistics(chosen);
}
