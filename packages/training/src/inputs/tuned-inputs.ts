import { resolve } from 'node:path';
import {
  ImageInputs,
  type BatchDraw,
  type FeatureInput,
  type ModelBatch,
  type ModelInputs,
} from '@cxr-align/classifier';
import { augmentImage, type TunableEncoder, type Augmentation, type ImageSet } from '@cxr-align/image-backbone';
import { RandomStream } from '@cxr-align/random';
import { moments } from './feature-moments.js';

/** A frozen encoder that is tuned: a model then takes images, which it encodes in every step. */
export interface TunedSource {
  kind: 'tuned';
  /** Its folder. */
  encoder: string;
  /** Whether its map is taken, where it has one. */
  isMap: boolean;
  augmentation: Augmentation;
  /** Views of each training image by which its features are standardised. */
  views: number;
  /** Drives their random changes. */
  seed: number;
}

/** Images that are encoded at once for the mean and standard deviation of their features. */
const together = 8;

/** Images as a frozen encoder takes them, described as the features that it makes of them. */
export class TunedInputs implements ModelInputs {
  readonly description: FeatureInput;
  private readonly images: ImageInputs;
  private mean = new Float32Array();
  private std = new Float32Array();

  constructor(
    readonly encoder: TunableEncoder,
    folder: string,
    private readonly pixels: Pick<ImageSet, 'pixels' | 'size'>,
    private readonly augmentation: Augmentation,
  ) {
    const { frozen, grid, dim } = encoder;
    const { name, weightsHash, preprocessing } = frozen;
    this.images = new ImageInputs(pixels, { mean: 0, std: 1 }, augmentation);
    this.description = {
      kind: 'features',
      grid,
      dim,
      // What the trained encoder makes is stored as it is.
      dtype: 'float32',
      source: { encoder: name, weightsHash, preprocessing },
      encoder: resolve(folder),
    };
  }

  /**
   * Encodes some images for {@link statistics}: each as it is and, where they are few, changed at random as a store of several views
   * has it. Features that hardly vary between the images themselves do so between views.
   *
   * @param views rows of each image.
   */
  async measure(
    samples: readonly number[],
    { views, seed, onImages }: { views: number; seed: number; onImages: (done: number) => void },
  ): Promise<void> {
    const { frozen, grid, dim } = this.encoder;
    const kind = grid > 1 ? 'map' : 'pooled';
    const parts: Float32Array[] = [];
    for (let at = 0; at < samples.length; at += together) {
      const images = samples
        .slice(at, at + together)
        .flatMap((sample) => Array.from({ length: views }, (_, view) => this.view(sample, view, seed)));
      parts.push((await frozen.encode(images, [kind]))[kind]!);
      onImages(Math.min(samples.length, at + together));
    }
    ({ mean: this.mean, std: this.std } = moments(parts, dim));
  }

  /** An image as it is, or changed at random. */
  private view(sample: number, view: number, seed: number): Uint8Array {
    const { pixels, size } = this.pixels;
    const image = pixels.subarray(sample * size ** 2, (sample + 1) * size ** 2);
    if (view === 0) return image;
    const random = new RandomStream({ seed, purpose: `view/${sample}`, step: view });
    const values = new Float32Array(size ** 2);
    augmentImage(image, size, this.augmentation, random, values, 0);
    return Uint8Array.from(values, (value) => Math.min(255, Math.max(0, Math.round(255 * value))));
  }

  batch(samples: ArrayLike<number>, view = 0): ModelBatch {
    return this.images.batch(samples, view);
  }

  trainingBatch(samples: readonly number[], draw: BatchDraw): Promise<ModelBatch> {
    return this.images.trainingBatch(samples, draw);
  }

  /** Of the features of the frozen encoder over the images that were measured. */
  statistics(): { mean: Float32Array; std: Float32Array } {
    return { mean: this.mean, std: this.std };
  }

  dispose(): Promise<void> {
    return this.encoder.dispose();
  }
}
