import { RandomStream } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';
import { augmentImage, type Augmentation } from './augment.js';

/** How grey values become the numbers of a tensor: (value / 255 − mean) / std. */
export interface PixelScale {
  mean: number;
  std: number;
}

/** Random changes for a training batch: they depend on the seed, the epoch and the image alone, not on the batch. */
export interface BatchAugmentation {
  augmentation: Augmentation;
  seed: number;
  epoch: number;
  /** Changes all images alike, wherever they are: those of view 1, 2, …. Each image in its own way unless given. */
  view?: number;
}

/**
 * Some images as a tensor.
 *
 * @param pixels size × size grey values an image, one after the other.
 * @param indices rows of the images in `pixels`.
 * @returns float32 [batch, size, size, 1]. The caller owns it.
 */
export function imageBatch(
  { pixels, size }: { pixels: Uint8Array; size: number },
  indices: ArrayLike<number>,
  { mean, std }: PixelScale,
  change?: BatchAugmentation,
): tf.Tensor4D {
  const area = size * size;
  const values = new Float32Array(indices.length * area);
  const scaled = (value: number): number => (value - mean) / std;
  const ofGrey = Float32Array.from({ length: 256 }, (_, grey) => scaled(Math.fround(grey / 255)));
  for (let i = 0; i < indices.length; i++) {
    const image = pixels.subarray(indices[i] * area, (indices[i] + 1) * area);
    const start = i * area;
    if (change) {
      const { seed, epoch, view } = change;
      const random = new RandomStream(
        view === undefined ? { seed, purpose: 'augment', epoch, step: indices[i] } : viewKey(view),
      );
      augmentImage(image, size, change.augmentation, random, values, start);
      for (let at = start; at < start + area; at++) values[at] = scaled(values[at]);
    } else {
      for (let at = 0; at < area; at++) values[start + at] = ofGrey[image[at]];
    }
  }
  return tf.tensor4d(values, [indices.length, size, size, 1]);
}

/**
 * A view of an image, changed as that view of every image is and never mirrored, as grey values.
 *
 * @param pixels size × size grey values in [0, 255].
 * @param view 1, 2, ….
 */
export function changedView(
  pixels: Uint8Array,
  size: number,
  { augmentation, view }: { augmentation: Augmentation; view: number },
): Uint8Array {
  const values = new Float32Array(size * size);
  augmentImage(pixels, size, { ...augmentation, flip: 0 }, new RandomStream(viewKey(view)), values, 0);
  return Uint8Array.from(values, (value) => Math.min(255, Math.max(0, Math.round(255 * value))));
}

/** What the changes of a view that all images have alike are drawn by. */
function viewKey(view: number): { seed: number; purpose: string; step: number } {
  return { seed: 0, purpose: 'test view', step: view };
}
