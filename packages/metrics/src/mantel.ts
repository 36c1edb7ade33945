import { RandomStream } from '@cxr-align/random';
import { checkChoice, checkCount, checkNumbers, checkOptions } from './check-input.js';
import { pearson, ranks } from './correlation.js';

export interface MantelOptions {
  /** `spearman` compares ranks. Default `pearson`. */
  method?: 'pearson' | 'spearman';
  /** Default 999. */
  permutations?: number;
  /** Default 0. */
  seed?: number;
}

export interface MantelResult {
  /** Correlation of the entries above the diagonal; NaN where it is undefined. */
  correlation: number;
  /** One-sided: how often a relabelled matrix correlates at least as much, (hits + 1) / (permutations + 1). */
  p: number;
  permutations: number;
}

/**
 * Whether two symmetric matrices over the same things agree: the correlation of their entries above the diagonal, and how
 * often it is reached when the things of one are shuffled, rows and columns together. Entries of a matrix are not
 * independent, so an ordinary p does not hold for them.
 *
 * @param a [size, size] row by row; the diagonal and what is below it do not count.
 * @throws {RangeError} if the matrices are not of that size.
 * @see Mantel 1967, "The detection of disease clustering and a generalized regression approach".
 */
export function mantelTest(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  size: number,
  options: MantelOptions = {},
): MantelResult {
  checkOptions('mantelTest', options, ['method', 'permutations', 'seed']);
  const { method = 'pearson', permutations = 999, seed = 0 } = options;
  checkChoice('mantelTest', 'method', method, ['pearson', 'spearman']);
  checkCount('mantelTest', 'permutations', permutations);
  for (const [name, matrix] of Object.entries({ a, b })) {
    checkNumbers('mantelTest', name, matrix);
    if (matrix.length !== size * size)
      throw new RangeError(
        `metrics/mantelTest: expected ${size * size} entries, got ${matrix.length}; pass square matrices`,
      );
  }
  const prepare = (matrix: ArrayLike<number>): Float64Array => {
    const above = upperTriangle(matrix, size);
    return method === 'spearman' && above.every(Number.isFinite) ? ranks(above) : above;
  };
  const [x, y] = [prepare(a), prepare(b)];
  const correlation = pearson(x, y);
  if (Number.isNaN(correlation)) return { correlation, p: NaN, permutations };
  const full = fullMatrix(y, size);
  const random = new RandomStream({ seed, purpose: 'mantel' });
  const shuffled = new Float64Array(y.length);
  let hits = 0;
  for (let permutation = 0; permutation < permutations; permutation++) {
    const order = random.permutation(size);
    let at = 0;
    for (let i = 0; i < size; i++) for (let j = i + 1; j < size; j++) shuffled[at++] = full[order[i] * size + order[j]];
    // What differs by rounding alone is as much.
    if (pearson(x, shuffled) >= correlation - 1e-12) hits++;
  }
  return { correlation, p: (hits + 1) / (permutations + 1), permutations };
}

/** The entries above the diagonal of a square matrix, row by row. */
export function upperTriangle(matrix: ArrayLike<number>, size: number): Float64Array {
  const out = new Float64Array((size * (size - 1)) / 2);
  let at = 0;
  for (let i = 0; i < size; i++) for (let j = i + 1; j < size; j++) out[at++] = matrix[i * size + j];
  return out;
}

function fullMatrix(above: Float64Array, size: number): Float64Array {
  const full = new Float64Array(size * size);
  let at = 0;
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) {
      full[i * size + j] = above[at];
      full[j * size + i] = above[at++];
    }
  }
  return full;
}
