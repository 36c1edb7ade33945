import { RandomStream } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';
import { augmentImage, type Augmentation } from './augment.js';

/** How grey values become the numbers of a tensor: (value / 255 − mean) / deviation. */
export interface PixelScale {
  mean: number;
  deviation: number;
}

/** Random changes for a training batch: they depend on the seed, the epoch and the image alone, not on the batch. */
export interface BatchAugmentation {
  augmentation: Augmentation;
  seed: number;
  epoch: number;
}

/**
 * Some images as a tensor.
 *
 * @param pixels size × size grey values an image, one after the other.
 * @param places which images.
 * @returns float32 [places, size, size, 1]. The caller owns it.
 */
export function imageBatch(
  { pixels, size }: { pixels: Uint8Array; size: number },
  places: ArrayLike<number>,
  { mean, deviation }: PixelScale,
  change?: BatchAugmentation,
): tf.Tensor4D {
  const area = size * size;
  const values = new Float32Array(places.length * area);
  for (let i = 0; i < places.length; i++) {
    const image = pixels.subarray(places[i] * area, (places[i] + 1) * area);
    if (change) {
      const random = new RandomStream({ seed: change.seed, purpose: 'augment', epoch: change.epoch, step: places[i] });
      augmentImage(image, size, change.augmentation, random, values, i * area);
    } else {
      for (let at = 0; at < area; at++) values[i * area + at] = image[at] / 255;
    }
  }
  for (let at = 0; at < values.length; at++) values[at] = (values[at] - mean) / deviation;
  return tf.tensor4d(values, [places.length, size, size, 1]);
}
