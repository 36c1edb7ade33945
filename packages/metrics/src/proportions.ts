import { checkRows } from './check-input.js';
import { normalQuantile, twoSidedP } from './normal-distribution.js';

/**
 * Wilson's score interval of a proportion; never outside [0, 1], and no point even where nothing or all was counted.
 *
 * @param size how many were counted; may be fractional (an effective size). NaN for 0.
 * @see Wilson 1927, doi:10.1080/01621459.1927.10502953.
 */
export function wilsonInterval(count: number, size: number, level = 0.95): [number, number] {
  if (!(size > 0)) return [NaN, NaN];
  const z = normalQuantile(0.5 + level / 2);
  const p = count / size;
  const middle = (p + (z * z) / (2 * size)) / (1 + (z * z) / size);
  const half = (z * Math.sqrt((p * (1 - p)) / size + (z * z) / (4 * size * size))) / (1 + (z * z) / size);
  return [count === 0 ? 0 : Math.max(0, middle - half), count === size ? 1 : Math.min(1, middle + half)];
}

/**
 * The difference of two independent proportions, the first less the second, with Newcombe's interval by their score intervals; NaN
 * where one is of nothing.
 *
 * @param first a proportion, and how many it was counted among; that may be fractional (an effective size).
 * @see Newcombe 1998, Statistics in Medicine 17:873, method 10.
 */
export function proportionDifference(
  [first, firstSize]: readonly [proportion: number, size: number],
  [second, secondSize]: readonly [proportion: number, size: number],
  level = 0.95,
): { difference: number; interval: [number, number] } {
  const [low1, high1] = wilsonInterval(first * firstSize, firstSize, level);
  const [low2, high2] = wilsonInterval(second * secondSize, secondSize, level);
  const difference = first - second;
  return {
    difference,
    interval: [
      difference - Math.hypot(first - low1, high2 - second),
      difference + Math.hypot(high1 - first, second - low2),
    ],
  };
}

/** A proportion of rows that come in clusters, such as the images of patients. */
export interface ClusteredProportion {
  count: number;
  size: number;
  /** NaN for no rows, as all that follows. */
  proportion: number;
  /** Cluster-robust standard error. */
  standardError: number;
  /** How many independent rows carry the same information. */
  effectiveSize: number;
  /** Wilson's interval with the effective size. */
  interval: [number, number];
}

/**
 * The proportion of rows that are 1, with an interval by cluster.
 *
 *   var = G/(G − 1) · Σ_g (Σ_{i in g} (y_i − p))² / n²
 *
 * @param values 1, 0, or NaN for rows that are not counted.
 * @param clusters the cluster of each row, as whole numbers.
 * @see Cochran 1977, Sampling Techniques, chapter 9A: a ratio estimator over clusters of unequal size.
 */
export function clusteredProportion(values: ArrayLike<number>, clusters: ArrayLike<number>): ClusteredProportion {
  checkRows('clusteredProportion', { values, clusters });
  const sums = new Map<number, { ones: number; rows: number }>();
  let [count, size] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    const of = sums.get(clusters[i]) ?? { ones: 0, rows: 0 };
    of.ones += values[i];
    of.rows++;
    sums.set(clusters[i], of);
    count += values[i];
    size++;
  }
  const proportion = size === 0 ? NaN : count / size;
  let squares = 0;
  for (const { ones, rows } of sums.values()) squares += (ones - rows * proportion) ** 2;
  const variance = sums.size > 1 ? ((sums.size / (sums.size - 1)) * squares) / (size * size) : NaN;
  const binomial = proportion * (1 - proportion);
  // Where nothing or all is 1, the rows carry no information on the correlation within clusters.
  const effectiveSize = variance > 0 && binomial > 0 ? Math.min(size, binomial / variance) : size;
  return {
    count,
    size,
    proportion,
    standardError: Math.sqrt(variance),
    effectiveSize,
    interval: wilsonInterval(proportion * effectiveSize, effectiveSize),
  };
}

/** The p of two independent proportions being the same, two-sided, by their standard errors; NaN if there are none. */
export function proportionsP(a: ClusteredProportion, b: ClusteredProportion): number {
  const error = Math.hypot(a.standardError, b.standardError);
  return error > 0 ? twoSidedP((a.proportion - b.proportion) / error) : NaN;
}
