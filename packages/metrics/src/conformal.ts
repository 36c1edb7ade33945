/** For each answer the largest nonconformity that is still believed; what {@link predictionSet} decides by. */
export interface ConformalThresholds {
  /** The error rate that was asked for. */
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
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`metrics/fitConformal: expected alpha in (0, 1), got ${alpha}`);
  const strangeness = (wanted: number): number[] =>
    Array.from(targets, (target, row) => (target === wanted ? Math.abs(wanted - probabilities[row]) : NaN))
      .filter((value) => !Number.isNaN(value))
      .sort((a, b) => a - b);
  const bound = (values: number[]): number => {
    const place = Math.ceil((values.length + 1) * (1 - alpha));
    return place > values.length ? Infinity : values[place - 1];
  };
  return { alpha, present: bound(strangeness(1)), absent: bound(strangeness(0)) };
}

/** The answers that are believed: both where the model cannot tell, none where the case is like none seen before. */
export function predictionSet(
  { present, absent }: ConformalThresholds,
  probability: number,
): { present: boolean; absent: boolean } {
  return { present: 1 - probability <= present, absent: probability <= absent };
}
