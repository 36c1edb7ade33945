import { twoSidedP } from './normal-distribution.js';

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
  /** (a − b) / its standard error; NaN if the scores rank alike. */
  z: number;
  /** Two-sided; 1 if the scores rank alike. */
  p: number;
}

/** How a label's scores place each positive among the negatives and each negative among the positives. */
interface Placements {
  auroc: number;
  ofPositives: Float64Array;
  ofNegatives: Float64Array;
}

/**
 * AUROC and its variance, S₁₀ / positives + S₀₁ / negatives with the sample variances of the placement values.
 *
 * Rows count as independent of each other: where patients have several images, prefer the bootstrap by patient.
 *
 * @returns NaN where a class is missing; the variance is NaN with fewer than two of a class.
 * @see DeLong, DeLong and Clarke-Pearson 1988; the ranks after Sun and Xu 2014.
 */
export function delong(targets: ArrayLike<number>, scores: ArrayLike<number>): DelongResult {
  const { auroc, ofPositives, ofNegatives } = placements(targets, scores);
  const variance =
    covariance(ofPositives, ofPositives) / ofPositives.length +
    covariance(ofNegatives, ofNegatives) / ofNegatives.length;
  return { auroc, variance };
}

/** Tests whether two scores of the same rows have the same AUROC. Rows with an unknown target are left out. */
export function pairedDelong(
  targets: ArrayLike<number>,
  scoresA: ArrayLike<number>,
  scoresB: ArrayLike<number>,
): PairedDelongResult {
  const a = placements(targets, scoresA);
  const b = placements(targets, scoresB);
  const spread = (x: Placements, y: Placements): number =>
    covariance(x.ofPositives, y.ofPositives) / x.ofPositives.length +
    covariance(x.ofNegatives, y.ofNegatives) / x.ofNegatives.length;
  const ab = spread(a, b);
  const varianceOfDifference = spread(a, a) + spread(b, b) - 2 * ab;
  const difference = a.auroc - b.auroc;
  const isSame = varianceOfDifference < 1e-18 && difference === 0;
  const z = isSame ? NaN : difference / Math.sqrt(varianceOfDifference);
  return { aurocA: a.auroc, aurocB: b.auroc, covariance: ab, varianceOfDifference, z, p: isSame ? 1 : twoSidedP(z) };
}

function placements(targets: ArrayLike<number>, scores: ArrayLike<number>): Placements {
  const positives: number[] = [];
  const negatives: number[] = [];
  for (let row = 0; row < targets.length; row++) {
    if (targets[row] === 1) positives.push(scores[row]);
    else if (targets[row] === 0) negatives.push(scores[row]);
  }
  const ofPositives = shareBelow(positives, negatives);
  const ofNegatives = shareBelow(negatives, positives).map((share) => 1 - share);
  const auroc = ofPositives.reduce((sum, value) => sum + value, 0) / ofPositives.length;
  return { auroc: negatives.length === 0 ? NaN : auroc, ofPositives, ofNegatives };
}

/** For each value the share of `others` below it, a tie counting half. */
function shareBelow(values: number[], others: number[]): Float64Array {
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

function covariance(a: Float64Array, b: Float64Array): number {
  const count = a.length;
  const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / count;
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  let sum = 0;
  for (let i = 0; i < count; i++) sum += (a[i] - meanA) * (b[i] - meanB);
  return sum / (count - 1);
}
