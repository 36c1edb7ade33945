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

/** times · ln(π / (1 − π)) of each label, π its prevalence in the training set with half an image more of either. */
export function logOddsOf({ positives, negatives }: LabelCounts, times: number): Float32Array {
  return Float32Array.from(positives, (count, i) => times * Math.log((count + 0.5) / (negatives[i] + 0.5)));
}
