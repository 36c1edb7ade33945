import type { Sample } from '@cxr-align/datasets';

/** Predictions of one model on some samples. */
export interface Predictions {
  labels: readonly string[];
  samples: readonly Pick<Sample, 'id' | 'patient' | 'split'>[];
  /** [samples, labels] row by row: 1, 0, NaN where unknown. */
  targets: Float32Array;
  /** [samples, labels] row by row, in [0, 1]. */
  probabilities: Float32Array;
}

/** One label's values of a matrix [rows, labels]. */
export function columnOf(matrix: ArrayLike<number>, labels: number, label: number): Float64Array {
  return Float64Array.from({ length: matrix.length / labels }, (_, row) => matrix[row * labels + label]);
}

/** The sigmoid of logits. */
export function probabilitiesOf(logits: ArrayLike<number>): Float32Array {
  return Float32Array.from(logits, (z) => 1 / (1 + Math.exp(-z)));
}
