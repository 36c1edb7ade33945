import { labelPolicy, type Dataset } from '@cxr-align/datasets';
import { pixelStatistics } from '@cxr-align/image-backbone';
import { closeTargets, type LabelGraph } from '@cxr-align/label-graph';
import type { Config } from './config.js';
import type { LabelCounts } from './objective.js';
import { targetsOf, type LoadedData } from './prepare-data.js';

/** What the model is trained on; with a sentence about what closing the labels changed. */
export function trainingTargets(
  config: Config,
  dataset: Dataset,
  graph: LabelGraph,
): { targets: Float32Array; closed: string[] } {
  if (!config.closeLabels) return { targets: targetsOf(dataset, config.labelPolicy), closed: [] };
  const { values, changed, conflicts } = closeTargets(dataset.cells, graph);
  const policy = labelPolicy(config.labelPolicy);
  return {
    targets: targetsOf({ ...dataset, cells: values }, policy),
    closed: [
      `closing labels under the graph changed ${changed} of ${values.length} cells; ${conflicts.length} rows had a present child of an absent parent`,
    ],
  };
}

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
