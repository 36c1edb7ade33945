import { checkNumbers, checkOptions, checkRows } from './check-input.js';

/** A score as a power law of the number of labelled images: plateau − amplitude · count^(−exponent). */
export interface LearningCurve {
  /** What the score comes to with ever more images, at most 1. */
  plateau: number;
  /** At least 0; 0 for a score that does not rise. */
  amplitude: number;
  /** Above 0. */
  exponent: number;
  /** Weighted sum of the squared residuals. */
  loss: number;
}

/** How a curve is fitted. */
export interface LearningCurveOptions {
  /** Of each point, such as 1 / its variance. Default 1. */
  weights?: ArrayLike<number>;
}

/** Exponents between which the best one is searched. */
const exponents = { least: 0.02, most: 4 };
/** Exponents that are tried on a logarithmic scale before the best of them is refined. */
const tried = 60;

/**
 * Fits score(n) = α − β · n^(−γ) with α ≤ 1, β ≥ 0 and γ in [0.02, 4] by weighted least squares: for a fixed γ the best α and β have a
 * closed form, and γ is searched over a grid and then by golden section.
 *
 * @param counts of labelled images, above 0, of at least 3 different sizes.
 * @param scores such as AUROCs, at most 1; points with NaN are left out.
 * @returns all NaN where fewer than 3 different sizes are left.
 * @throws {RangeError} for lists of different lengths, counts of 0 or less, or weights that are negative.
 * @see Hestness et al. 2017, arXiv:1712.00409, and Viering and Loog 2021, arXiv:2103.10948: power laws of learning curves.
 *
 * @example
 * const curve = fitLearningCurve([16, 32, 64, 128], [0.7, 0.75, 0.785, 0.81]);
 * labelsNeeded(curve, 0.85); // about 1180 images
 */
export function fitLearningCurve(
  counts: ArrayLike<number>,
  scores: ArrayLike<number>,
  options: LearningCurveOptions = {},
): LearningCurve {
  const where = 'fitLearningCurve';
  checkRows(where, { counts, scores });
  checkOptions(where, options, ['weights']);
  const { weights = new Float64Array(counts.length).fill(1) } = options;
  checkRows(where, { counts, weights });
  const points: Point[] = [];
  for (let i = 0; i < counts.length; i++) {
    if (!(counts[i] > 0))
      throw new RangeError(`metrics/${where}: expected counts above 0, got ${counts[i]} at index ${i}; leave it out`);
    if (!(weights[i] >= 0))
      throw new RangeError(
        `metrics/${where}: expected weights of 0 or more, got ${weights[i]} at index ${i}; correct it`,
      );
    if (!Number.isNaN(scores[i]) && weights[i] > 0)
      points.push({ count: counts[i], score: scores[i], weight: weights[i] });
  }
  if (new Set(points.map(({ count }) => count)).size < 3)
    return { plateau: NaN, amplitude: NaN, exponent: NaN, loss: NaN };
  const step = Math.log(exponents.most / exponents.least) / (tried - 1);
  const at = (place: number): LearningCurve => fitAt(points, exponents.least * Math.exp(step * place));
  let best = 0;
  for (let place = 1; place < tried; place++) if (at(place).loss < at(best).loss) best = place;
  return goldenSection(at, Math.max(0, best - 1), Math.min(tried - 1, best + 1));
}

/** The score of a curve at a number of images. */
export function learningCurveAt({ plateau, amplitude, exponent }: LearningCurve, count: number): number {
  return plateau - amplitude * count ** -exponent;
}

/**
 * How many labelled images a curve needs for a score.
 *
 * @returns Infinity where the plateau lies at or below the target; NaN for a curve that could not be fitted.
 */
export function labelsNeeded({ plateau, amplitude, exponent }: LearningCurve, target: number): number {
  checkNumbers('labelsNeeded', 'target', [target]);
  if (Number.isNaN(plateau)) return NaN;
  if (amplitude === 0) return plateau >= target ? 1 : Infinity;
  return plateau <= target ? Infinity : Math.max(1, (amplitude / (plateau - target)) ** (1 / exponent));
}

interface Point {
  count: number;
  score: number;
  weight: number;
}

/** The best plateau and amplitude at an exponent. */
function fitAt(points: readonly Point[], exponent: number): LearningCurve {
  let [sum, xSum, ySum] = [0, 0, 0];
  for (const { count, score, weight } of points) {
    sum += weight;
    xSum += weight * count ** -exponent;
    ySum += weight * score;
  }
  const [xMean, yMean] = [xSum / sum, ySum / sum];
  let [xx, xy] = [0, 0];
  for (const { count, score, weight } of points) {
    const x = count ** -exponent - xMean;
    xx += weight * x * x;
    xy += weight * x * (score - yMean);
  }
  let amplitude = xx > 0 ? Math.max(0, -xy / xx) : 0;
  let plateau = yMean + amplitude * xMean;
  if (plateau > 1) {
    // On the bound: the best amplitude below a plateau of 1.
    plateau = 1;
    let [top, bottom] = [0, 0];
    for (const { count, score, weight } of points) {
      const x = count ** -exponent;
      top += weight * x * (1 - score);
      bottom += weight * x * x;
    }
    amplitude = Math.max(0, top / bottom);
  }
  const curve = { plateau, amplitude, exponent, loss: 0 };
  for (const { count, score, weight } of points) curve.loss += weight * (score - learningCurveAt(curve, count)) ** 2;
  return curve;
}

/** The curve with the smallest loss between two places. */
function goldenSection(at: (place: number) => LearningCurve, from: number, to: number): LearningCurve {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [from, to];
  let [left, right] = [high - ratio * (high - low), low + ratio * (high - low)];
  let [a, b] = [at(left), at(right)];
  for (let i = 0; i < 60; i++) {
    if (a.loss <= b.loss) {
      [high, right, b] = [right, left, a];
      left = high - ratio * (high - low);
      a = at(left);
    } else {
      [low, left, a] = [left, right, b];
      right = low + ratio * (high - low);
      b = at(right);
    }
  }
  // The ends are allowed, too.
  return [a, b, at(from), at(to)].reduce((best, one) => (one.loss < best.loss ? one : best));
}
