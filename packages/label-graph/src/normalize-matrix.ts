import type { LabelMatrix } from './matrices.js';

/**
 * Ways to bring a matrix to another scale.
 *
 * - `row-l2`: each row has length 1 (a row of zeros stays)
 * - `min-max`: the whole matrix in [0, 1] (0 where all entries are equal)
 * - `softmax`: each row exp(x / τ), summing to 1
 * - `exp`: exp(−x / τ), distances to similarities
 * - `inverse`: 1 / x, and 0 where x is 0
 */
export type MatrixNormalization = 'row-l2' | 'min-max' | 'softmax' | 'exp' | 'inverse';

/** Their names. */
export const matrixNormalizations: readonly MatrixNormalization[] = ['row-l2', 'min-max', 'softmax', 'exp', 'inverse'];

/**
 * A matrix on another scale; the given one stays as it is. The first implementation's matrices are
 * `row-l2` of the path distances, and `inverse` then `row-l2` of them.
 *
 * @param tau of `softmax` and `exp`, above 0. Default 1.
 * @throws {RangeError} on an unknown normalization, or if `tau` is not above 0.
 */
export function normalizeMatrix(
  { labels, values }: LabelMatrix,
  normalization: MatrixNormalization,
  { tau = 1 }: { tau?: number } = {},
): LabelMatrix {
  if (!matrixNormalizations.includes(normalization)) {
    throw new RangeError(
      `label-graph/normalizeMatrix: expected one of ${matrixNormalizations.join(', ')}, got ${JSON.stringify(normalization)}; choose one of these`,
    );
  }
  if (!(tau > 0))
    throw new RangeError(`label-graph/normalizeMatrix: expected tau above 0, got ${tau}; 1 is the default`);
  return { labels, values: scales[normalization](Float64Array.from(values), labels.length, tau) };
}

const scales: Record<MatrixNormalization, (values: Float64Array, n: number, tau: number) => Float32Array> = {
  'row-l2': (values, n) =>
    byRow(values, n, (row) => {
      const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
      return length === 0 ? row : row.map((value) => value / length);
    }),
  'min-max': (values) => {
    const known = values.filter(Number.isFinite);
    const low = known.reduce((least, value) => Math.min(least, value), Infinity);
    const range = known.reduce((most, value) => Math.max(most, value), -Infinity) - low;
    return Float32Array.from(values, (value) => (range > 0 ? (value - low) / range : value - low));
  },
  softmax: (values, n, tau) =>
    byRow(values, n, (row) => {
      const most = row.reduce((largest, value) => Math.max(largest, value), -Infinity);
      const powers = row.map((value) => Math.exp((value - most) / tau));
      const sum = powers.reduce((total, value) => total + value, 0);
      return powers.map((value) => value / sum);
    }),
  exp: (values, _n, tau) => Float32Array.from(values, (value) => Math.exp(-value / tau)),
  inverse: (values) => Float32Array.from(values, (value) => (value === 0 ? 0 : 1 / value)),
};

function byRow(values: Float64Array, n: number, change: (row: Float64Array) => Float64Array): Float32Array {
  const changed = new Float32Array(values.length);
  for (let i = 0; i < n; i++) changed.set(change(values.subarray(i * n, (i + 1) * n)), i * n);
  return changed;
}

/**
 * A blend of a prior with a counted matrix: (1 − share) · prior + share · counted. Bring both to one scale first. Where the
 * counted one is not finite (a label that is never present), the prior stands.
 *
 * @param share of the counted matrix, in [0, 1].
 * @throws {RangeError} if the labels differ, or if `share` is outside [0, 1].
 */
export function blendMatrices(prior: LabelMatrix, counted: LabelMatrix, share: number): LabelMatrix {
  const where = 'label-graph/blendMatrices';
  if (!(share >= 0 && share <= 1))
    throw new RangeError(
      `${where}: expected a share in [0, 1], got ${share}; 0 keeps the prior, 1 takes the counted matrix`,
    );
  if (JSON.stringify(prior.labels) !== JSON.stringify(counted.labels)) {
    throw new RangeError(
      `${where}: expected matrices of the same labels, got ${prior.labels.join(', ')} and ${counted.labels.join(', ')}; make both from one graph`,
    );
  }
  const values = prior.values.map((value, at) => {
    const other = counted.values[at];
    return Number.isFinite(other) ? (1 - share) * value + share * other : value;
  });
  return { labels: prior.labels, values };
}

/** The mean of a matrix and its transpose: a symmetric matrix. */
export function symmetrize({ labels, values }: LabelMatrix): LabelMatrix {
  const n = labels.length;
  return { labels, values: values.map((value, at) => (value + values[(at % n) * n + Math.floor(at / n)]) / 2) };
}
