import { gramOf, timesTransposed, transposed, transposedTimes, times, type Matrix } from './matrix.js';
import { bidiagonalFactor, tridiagonalize, type Tridiagonal } from './tridiagonal.js';

/**
 * Coordinates of feature vectors in an orthonormal basis of the space that they span, chosen so that the Gram matrix of the coordinates
 * is tridiagonal. A linear model with an L2 penalty has its optimum in that space, with the same scores and the same length of its
 * weights, so that n images of d features are a problem in min(n, d) numbers, and a system with the Gram matrix plus any multiple of
 * the identity takes O(min(n, d)) to solve: all labels, folds and penalties share the one decomposition.
 */
export interface RowSpace {
  /** [rows, rank]: the rows in the basis. */
  coordinates: Matrix;
  /** coordinatesᵀ · coordinates. */
  gram: Tridiagonal;
  /** Weights of the features [dim] from those of the coordinates [rank]: the same scores, the same length. */
  toFeatures(weights: Float64Array): Float64Array;
  /** What a vector of the features [dim] is in the basis, without what is at right angles to all rows. */
  toCoordinates(vector: Float64Array): Float64Array;
}

/** Decomposes the rows of a matrix; min(n, d)³ and n · d · min(n, d) operations. */
export function rowSpace(features: Matrix): RowSpace {
  return features.rows <= features.columns ? fromRows(features) : fromColumns(features);
}

/** With no more rows than columns: X Xᵀ = Q T Qᵀ, T = L Lᵀ, coordinates Q L. */
function fromRows(features: Matrix): RowSpace {
  const { tridiagonal, q } = tridiagonalize(gramOf(features));
  const n = features.rows;
  const { diagonal, offDiagonal } = bidiagonalFactor(tridiagonal);
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      data[i * n + j] = q.data[i * n + j] * diagonal[j] + (j + 1 < n ? q.data[i * n + j + 1] * offDiagonal[j] : 0);
  const gram = {
    diagonal: diagonal.map((own, i) => own ** 2 + (i + 1 < n ? offDiagonal[i] ** 2 : 0)),
    offDiagonal: offDiagonal.map((below, i) => below * diagonal[i + 1]),
  };
  return {
    coordinates: { rows: n, columns: n, data },
    gram,
    toFeatures: (weights) => {
      // Lᵀ a = z, then w = Xᵀ Q a.
      const a = new Float64Array(n);
      for (let i = n - 1; i >= 0; i--)
        if (diagonal[i] > 0) a[i] = (weights[i] - (i + 1 < n ? offDiagonal[i] * a[i + 1] : 0)) / diagonal[i];
      return transposedTimes(features, times(q, a));
    },
    toCoordinates: (vector) => {
      // The rows of L⁻¹ Qᵀ X are the basis.
      const b = transposedTimes(q, times(features, vector));
      for (let i = 0; i < n; i++)
        b[i] = diagonal[i] > 0 ? (b[i] - (i > 0 ? offDiagonal[i - 1] * b[i - 1] : 0)) / diagonal[i] : 0;
      return b;
    },
  };
}

/** With more rows than columns: Xᵀ X = Q T Qᵀ, coordinates X Q. */
function fromColumns(features: Matrix): RowSpace {
  const columns = transposed(features);
  const { tridiagonal, q } = tridiagonalize(gramOf(columns));
  return {
    coordinates: timesTransposed(features, transposed(q)),
    gram: tridiagonal,
    toFeatures: (weights) => times(q, weights),
    toCoordinates: (vector) => transposedTimes(q, vector),
  };
}
