import { checkBetween, checkCount, checkProbabilities, checkTargets } from './check-input.js';

/** Mean squared distance of probabilities from known targets; NaN if none is known. */
export function brierScore(targets: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  checkTargets('brierScore', { targets, probabilities });
  checkProbabilities('brierScore', probabilities);
  return meanOverKnown(targets, (row) => (probabilities[row] - targets[row]) ** 2);
}

/** Mean −log of the probability given to the observed class, probabilities clipped to [eps, 1 − eps]; NaN if none is known. */
export function logLoss(targets: ArrayLike<number>, probabilities: ArrayLike<number>, eps = 1e-15): number {
  checkTargets('logLoss', { targets, probabilities });
  checkProbabilities('logLoss', probabilities);
  checkBetween('logLoss', 'eps', eps, { above: 0, below: 0.5 });
  return meanOverKnown(targets, (row) => {
    const probability = Math.min(Math.max(probabilities[row], eps), 1 - eps);
    return -Math.log(targets[row] === 1 ? probability : 1 - probability);
  });
}

/**
 * Expected calibration error: Σ_bins |Σ p − Σ y| / rows over equal bins of the probability, bin = ⌈bins · p⌉ − 1.
 *
 * @returns NaN if no target is known.
 * @see Guo et al. 2017, arXiv:1706.04599.
 */
export function expectedCalibrationError(
  targets: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  bins = 15,
): number {
  checkTargets('expectedCalibrationError', { targets, probabilities });
  checkProbabilities('expectedCalibrationError', probabilities);
  checkCount('expectedCalibrationError', 'bins', bins);
  const gaps = new Float64Array(bins);
  let rows = 0;
  for (let row = 0; row < targets.length; row++) {
    if (Number.isNaN(targets[row])) continue;
    const bin = Math.min(Math.max(Math.ceil(bins * probabilities[row]) - 1, 0), bins - 1);
    gaps[bin] += probabilities[row] - targets[row];
    rows++;
  }
  return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / rows;
}

function meanOverKnown(targets: ArrayLike<number>, value: (row: number) => number): number {
  let sum = 0;
  let rows = 0;
  for (let row = 0; row < targets.length; row++) {
    if (Number.isNaN(targets[row])) continue;
    sum += value(row);
    rows++;
  }
  return sum / rows;
}
