import type { Sample } from '@cxr-align/datasets';
import { auroc, meanDefined } from '@cxr-align/metrics';

/** Predictions of one model on some samples. */
export interface Predictions {
  labels: readonly string[];
  samples: readonly Pick<Sample, 'id' | 'patient' | 'split'>[];
  /** [samples, labels] row by row: 1, 0, NaN where unknown. */
  targets: Float32Array;
  /** [samples, labels] row by row, in [0, 1]. */
  probabilities: Float64Array;
  /**
   * What is ranked, on any scale that rises with the probability, [samples, labels] row by row: logits of 98 and 99 have one
   * order, and both have the probability 1. The probabilities unless given.
   */
  scores?: Float64Array;
}

/** The values that ranking metrics are computed from: the scores where there are any, else the probabilities. */
export function rankedValues({ scores, probabilities }: Pick<Predictions, 'scores' | 'probabilities'>): Float64Array {
  return scores ?? probabilities;
}

/** One label's values of a matrix [rows, labels]. */
export function columnOf(matrix: ArrayLike<number>, labels: number, label: number): Float64Array {
  return Float64Array.from({ length: matrix.length / labels }, (_, row) => matrix[row * labels + label]);
}

/**
 * The mean AUROC of labels that have both classes; NaN where there is none.
 *
 * @param logits [samples, labels] row by row, for `samples` out of those of `truth`.
 */
export function macroAuroc(
  logits: ArrayLike<number>,
  samples: readonly number[],
  truth: ArrayLike<number>,
  labels: number,
): number {
  const areas = Array.from({ length: labels }, (_, label) =>
    auroc(
      samples.map((sample) => truth[sample * labels + label]),
      columnOf(logits, labels, label),
    ),
  );
  return meanDefined(areas);
}

/** The sigmoid of logits, in float64: 1 from a logit of 37 on. */
export function probabilitiesOf(logits: ArrayLike<number>): Float64Array {
  return Float64Array.from(logits, sigmoid);
}

/** 1 / (1 + exp(−z)). */
export function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}
