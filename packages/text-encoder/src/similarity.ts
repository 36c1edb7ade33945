import { normalizeRow } from './text-encoder.js';

/** The cosines between all rows of a matrix, and statistics of those off the diagonal. */
export interface SimilarityMatrix {
  /** [rows, rows] in row-major order. */
  cosine: Float32Array;
  /** Over pairs of different rows; NaN for a single row. */
  offDiagonal: { mean: number; std: number; min: number; max: number };
}

/** The cosine of row `a` of one matrix [rows, dim] with row `b` of another. */
export function rowCosine(
  left: Float32Array,
  right: Float32Array,
  { dim, a, b }: { dim: number; a: number; b: number },
): number {
  let [product, lengthA, lengthB] = [0, 0, 0];
  for (let i = 0; i < dim; i++) {
    const [x, y] = [left[a * dim + i], right[b * dim + i]];
    product += x * y;
    lengthA += x * x;
    lengthB += y * y;
  }
  return product / Math.max(1e-12, Math.sqrt(lengthA * lengthB));
}

/** The cosines between all rows of a matrix [rows, dim]. */
export function similarityMatrix(values: Float32Array, dim: number): SimilarityMatrix {
  const rows = values.length / dim;
  const unit = values.slice();
  for (let row = 0; row < rows; row++) normalizeRow(unit.subarray(row * dim, (row + 1) * dim));
  const cosine = new Float32Array(rows * rows);
  const others = new Float64Array((rows * (rows - 1)) / 2);
  let pair = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < rows; j++) {
      let sum = 0;
      for (let k = 0; k < dim; k++) sum += unit[i * dim + k] * unit[j * dim + k];
      cosine[i * rows + j] = sum;
      if (i < j) others[pair++] = sum;
    }
  }
  const mean = others.reduce((sum, value) => sum + value, 0) / others.length;
  const std = Math.sqrt(others.reduce((sum, value) => sum + (value - mean) ** 2, 0) / others.length);
  const isEmpty = others.length === 0;
  return {
    cosine,
    offDiagonal: {
      mean,
      std,
      // Not Math.min(...others): 500 rows have more pairs than a call may have arguments.
      min: isEmpty ? NaN : others.reduce((least, value) => Math.min(least, value)),
      max: isEmpty ? NaN : others.reduce((most, value) => Math.max(most, value)),
    },
  };
}
