import { type Clusters } from './bootstrap.js';
import { checkBetween, checkNumbers, checkOptions } from './check-input.js';
import { normalCdf, normalQuantile } from './normal-distribution.js';
import { quantile } from './quantile.js';

/**
 * Bias-corrected and accelerated bootstrap interval: percentiles of the resamples, shifted by how far these lie off the
 * estimate (bias) and by how its error changes with its size (acceleration, from a jackknife).
 *
 * @param resamples values of the bootstrap; undefined ones (NaN) are excluded.
 * @param estimate on the sample itself.
 * @param jackknife the estimate with one part of the sample excluded at a time; see {@link jackknifeWeights}.
 * @returns NaN where no resample or too few jackknife values are defined.
 * @see Efron 1987, "Better bootstrap confidence intervals".
 */
export function bcaInterval(
  resamples: ArrayLike<number>,
  estimate: number,
  jackknife: ArrayLike<number>,
  coverage = 0.95,
): [number, number] {
  checkNumbers('bcaInterval', 'resamples', resamples);
  checkNumbers('bcaInterval', 'jackknife', jackknife);
  checkBetween('bcaInterval', 'coverage', coverage, { above: 0, below: 1 });
  const defined = Array.from(resamples).filter((value) => !Number.isNaN(value));
  const parts = Array.from(jackknife).filter((value) => !Number.isNaN(value));
  if (defined.length === 0 || parts.length < 2 || Number.isNaN(estimate)) return [NaN, NaN];
  const below =
    defined.filter((value) => value < estimate).length + defined.filter((value) => value === estimate).length / 2;
  // Resamples that all lie on one side give a lower bound of the bias.
  const share = Math.min(1 - 0.5 / defined.length, Math.max(0.5 / defined.length, below / defined.length));
  const bias = normalQuantile(share);
  const mean = parts.reduce((sum, value) => sum + value, 0) / parts.length;
  const [squares, cubes] = [2, 3].map((power) => parts.reduce((sum, value) => sum + (mean - value) ** power, 0));
  const acceleration = squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
  const bound = (p: number): number => {
    const z = bias + normalQuantile(p);
    return quantile(defined, normalCdf(bias + z / (1 - acceleration * z)));
  };
  return [bound((1 - coverage) / 2), bound((1 + coverage) / 2)];
}

/**
 * Row weights that exclude one part of the clusters at a time, the others counting once: for a jackknife by patient.
 *
 * @param most parts at most; more clusters are excluded several together, in turn. Default 200.
 */
export function* jackknifeWeights({ count, ofRow }: Clusters, most = 200): Generator<Int32Array> {
  const parts = Math.min(count, most);
  const weights = new Int32Array(ofRow.length);
  for (let part = 0; part < parts; part++) {
    for (let row = 0; row < weights.length; row++) weights[row] = ofRow[row] % parts === part ? 0 : 1;
    yield weights;
  }
}

/**
 * The smallest difference that a two-sided test at a level would have found with a given power, from the standard error of
 * the difference: how much a negative result excludes.
 *
 *   (z(1 − level / 2) + z(power)) · standard error
 *
 * @returns NaN for a standard error of 0: a sample without any spread cannot tell what it would detect.
 */
export function smallestDetectableDifference(
  standardError: number,
  options: { level?: number; power?: number } = {},
): number {
  checkOptions('smallestDetectableDifference', options, ['level', 'power']);
  const { level = 0.05, power = 0.8 } = options;
  checkBetween('smallestDetectableDifference', 'level', level, { above: 0, below: 1 });
  checkBetween('smallestDetectableDifference', 'power', power, { above: 0, below: 1 });
  if (!(standardError > 0)) return NaN;
  return (normalQuantile(1 - level / 2) + normalQuantile(power)) * standardError;
}

/** Standard deviation of the values that are defined, with n − 1; NaN for fewer than two. */
export function std(values: ArrayLike<number>): number {
  checkNumbers('std', 'values', values);
  const defined = Array.from(values).filter((value) => !Number.isNaN(value));
  if (defined.length < 2) return NaN;
  const mean = defined.reduce((sum, value) => sum + value, 0) / defined.length;
  return Math.sqrt(defined.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (defined.length - 1));
}
