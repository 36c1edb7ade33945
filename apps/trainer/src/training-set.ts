import { pixelStatistics } from '@cxr-align/image-backbone';
import type { LabelCounts } from './objective.js';
import type { LoadedData } from './prepare-data.js';

/** Mean and deviation of the grey values of the training images. */
export function trainingScale(
  { images }: LoadedData,
  training: readonly number[],
): { mean: number; deviation: number } {
  const area = images.size ** 2;
  const pixels = new Uint8Array(training.length * area);
  training.forEach((place, i) => pixels.set(images.pixels.subarray(place * area, (place + 1) * area), i * area));
  return pixelStatistics(pixels);
}

/** How often each label is known to be present and absent in the training set. */
export function countLabels(targets: Float32Array, training: readonly number[], labels: number): LabelCounts {
  const count = (label: number, wanted: number): number =>
    training.filter((row) => targets[row * labels + label] === wanted).length;
  const each = Array.from({ length: labels }, (_, label) => label);
  return {
    positives: each.map((label) => count(label, 1)),
    negatives: each.map((label) => count(label, 0)),
    samples: training.length,
  };
}
