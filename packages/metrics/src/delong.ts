import { checkTargets } from './check-input.js';
import { twoSidedP } from './normal-distribution.js';
import { pairedPermutation } from './paired-permutation.js';

/** AUROC with its variance. */
export interface DelongResult {
  auroc: number;
  variance: number;
}

/** Two AUROCs on the same rows and the test of their difference. */
export interface PairedDelongResult {
  aurocA: number;
  aurocB: number;
  covariance: number;
  varianceOfDifference: number;
  /** (a − b) / its standard error; NaN if the standard error is 0. */
  z: number;
  /** Two-sided; 1 if the scores rank alike, NaN if it is undefined. */
  p: number;
  /**
   * What p comes from: DeLong's normal approximation, or, where its variance is 0 although the AUROCs differ, a
   * permutation test (every exchange counted, or a sample of them).
   */
  method: 'delong' | 'exact permutation' | 'sampled permutation';
}

/** How a label's scores place each positive among the negatives and each negative among the positives. */
interface Placements {
  auroc: number;
  ofPositives: Float64Array;
  ofNegatives: Float64Array;
}

/**
 * AUROC and its variance, S₁₀ / positives + S₀₁ / negatives with the sample variances of the placement values. It is 0 where
 * the classes are separated without error: an interval of such a variance has no width, which few cases do not justify.
 *
 * Rows count as independent of each other: where patients have several images, prefer the bootstrap by patient. Rows with an
 * unknown target or score (NaN) are excluded.
 *
 * @returns NaN where a class is missing; the variance is NaN with fewer than two of a class.
 * @throws {TypeError} for what is no list of numbers; {RangeError} for different lengths and targets other than 0, 1, NaN.
 * @see DeLong, DeLong and Clarke-Pearson 1988; the ranks after Sun and Xu 2014.
 */
export function delong(targets: ArrayLike<number>, scores: ArrayLike<number>): DelongResult {
  checkTargets('delong', { targets, scores });
  const known = knownRows(targets, scores);
  const placed = placements(known.targets, known.scores[0]);
  return { auroc: placed.auroc, variance: spread(placed, placed) };
}

/**
 * Tests whether two scores of the same rows have the same AUROC. Rows with an unknown target, or without one of the scores
 * (NaN), are excluded.
 *
 * Where DeLong's variance is 0 although the AUROCs differ (one model separates a few images without error, the other gives
 * all the same score), its z is infinite whatever the number of images: p is then that of an exact permutation test.
 *
 * @throws {TypeError} for what is no list of numbers; {RangeError} for different lengths and targets other than 0, 1, NaN.
 */
export function pairedDelong(
  targets: ArrayLike<number>,
  scoresA: ArrayLike<number>,
  scoresB: ArrayLike<number>,
): PairedDelongResult {
  checkTargets('pairedDelong', { targets, scoresA, scoresB });
  const known = knownRows(targets, scoresA, scoresB);
  const [a, b] = known.scores.map((scores) => placements(known.targets, scores));
  const ab = spread(a, b);
  const varianceOfDifference = spread(a, a) + spread(b, b) - 2 * ab;
  const difference = a.auroc - b.auroc;
  const result = { aurocA: a.auroc, aurocB: b.auroc, covariance: ab, varianceOfDifference };
  // What is left of a variance by rounding is none.
  if (!(varianceOfDifference < 1e-18)) {
    const z = difference / Math.sqrt(varianceOfDifference);
    return { ...result, z, p: twoSidedP(z), method: 'delong' };
  }
  if (difference === 0) return { ...result, z: NaN, p: 1, method: 'delong' };
  const { p, isExact } = pairedPermutation(known.targets, known.scores[0], known.scores[1]);
  return { ...result, z: NaN, p, method: isExact ? 'exact permutation' : 'sampled permutation' };
}

function knownRows(
  targets: ArrayLike<number>,
  ...scores: readonly ArrayLike<number>[]
): { targets: Float64Array; scores: Float64Array[] } {
  const rows = Array.from(targets, (_, row) => row).filter(
    (row) => !Number.isNaN(targets[row]) && !scores.some((values) => Number.isNaN(values[row])),
  );
  const taken = (values: ArrayLike<number>): Float64Array => Float64Array.from(rows, (row) => values[row]);
  return { targets: taken(targets), scores: scores.map(taken) };
}

function placements(targets: Float64Array, scores: Float64Array): Placements {
  const positives = scores.filter((_, row) => targets[row] === 1);
  const negatives = scores.filter((_, row) => targets[row] === 0);
  const ofPositives = shareBelow(positives, negatives);
  const ofNegatives = shareBelow(negatives, positives).map((share) => 1 - share);
  const auroc = ofPositives.reduce((sum, value) => sum + value, 0) / ofPositives.length;
  return { auroc: negatives.length === 0 ? NaN : auroc, ofPositives, ofNegatives };
}

/** For each value the share of `others` below it, a tie counting half. */
function shareBelow(values: Float64Array, others: Float64Array): Float64Array {
  const sorted = Float64Array.from(others).sort();
  const firstAt = (value: number, beyondEqual: boolean): number => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < value || (beyondEqual && sorted[middle] === value)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return Float64Array.from(values, (value) => (firstAt(value, false) + firstAt(value, true)) / 2 / sorted.length);
}

/** S₁₀ / positives + S₀₁ / negatives of two models, or of one with itself. */
function spread(x: Placements, y: Placements): number {
  return (
    covariance(x.ofPositives, y.ofPositives) / x.ofPositives.length +
    covariance(x.ofNegatives, y.ofNegatives) / x.ofNegatives.length
  );
}

function covariance(a: Float64Array, b: Float64Array): number {
  const count = a.length;
  const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / count;
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  let sum = 0;
  for (let i = 0; i < count; i++) sum += (a[i] - meanA) * (b[i] - meanB);
  return sum / (count - 1);
}
