import { checkBetween, checkProbabilities, checkTargets } from './check-input.js';

/** For each answer the largest nonconformity that is still included; {@link predictionSet} decides by it. */
export interface ConformalThresholds {
  /** The error rate that was requested. */
  alpha: number;
  /** Of 1 − p where the label is present; Infinity where too few cases allow no bound. */
  present: number;
  /** Of p where the label is absent. */
  absent: number;
}

/**
 * Fits split-conformal prediction sets of one label on calibration data, for present and absent cases apart: of new cases
 * of either kind, the true answer is in the set with a probability of at least 1 − alpha, if they come from the same
 * population.
 *
 * @see Vovk 2012, arXiv:1209.2673 (label-conditional conformal prediction).
 */
export function fitConformal(
  targets: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  alpha = 0.1,
): ConformalThresholds {
  checkTargets('fitConformal', { targets, probabilities });
  checkProbabilities('fitConformal', probabilities);
  checkBetween('fitConformal', 'alpha', alpha, { above: 0, below: 1 });
  const nonconformity = (wanted: number): number[] =>
    Array.from(targets, (target, row) => (target === wanted ? Math.abs(wanted - probabilities[row]) : NaN))
      .filter((value) => !Number.isNaN(value))
      .sort((a, b) => a - b);
  const bound = (values: number[]): number => {
    const rank = Math.ceil((values.length + 1) * (1 - alpha));
    return rank > values.length ? Infinity : values[rank - 1];
  };
  return { alpha, present: bound(nonconformity(1)), absent: bound(nonconformity(0)) };
}

/** The answers of the prediction set: both where the model is undecided, none where the case is unlike all calibration data. */
export function predictionSet(
  { present, absent }: ConformalThresholds,
  probability: number,
): { present: boolean; absent: boolean } {
  return { present: 1 - probability <= present, absent: probability <= absent };
}
