import type { LabelCounts } from './objective.js';

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
