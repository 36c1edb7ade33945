import { normalizeRow } from './text-encoder.js';

/** Cosines between the rows of a matrix, and what those off the diagonal are like. */
export interface SimilarityMatrix {
  /** [rows, rows] row by row. */
  cosine: Float32Array;
  /** Over pairs of different rows. */
  offDiagonal: { mean: number; deviation: number; lowest: number; highest: number };
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

/** Cosines between all rows [rows, dim]. Statistics leave the diagonal out; they are NaN for a single row. */
export function similarityMatrix(values: Float32Array, dim: number): SimilarityMatrix {
  const rows = values.length / dim;
  const unit = values.slice();
  for (let row = 0; row < rows; row++) normalizeRow(unit.subarray(row * dim, (row + 1) * dim));
  const cosine = new Float32Array(rows * rows);
  const others: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < rows; j++) {
      let sum = 0;
      for (let k = 0; k < dim; k++) sum += unit[i * dim + k] * unit[j * dim + k];
      cosine[i * rows + j] = sum;
      if (i < j) others.push(sum);
    }
  }
  const mean = others.reduce((sum, value) => sum + value, 0) / others.length;
  const deviation = Math.sqrt(others.reduce((sum, value) => sum + (value - mean) ** 2, 0) / others.length);
  const isEmpty = others.length === 0;
  return {
    cosine,
    offDiagonal: {
      mean,
      deviation,
      lowest: isEmpty ? NaN : Math.min(...others),
      highest: isEmpty ? NaN : Math.max(...others),
    },
  };
}
