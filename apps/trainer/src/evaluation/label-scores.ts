import {
  adaptiveCalibrationError,
  atThreshold,
  bcaInterval,
  brierScore,
  delong,
  expectedCalibrationError,
  logLoss,
  partialAuroc,
  percentileInterval,
  predictionSet,
  RankedScores,
  type ConformalThresholds,
} from '@cxr-align/metrics';
import { type Interval, type LabelEvaluation, type MaybeNumber } from './evaluation-schema.js';
import { orNull } from '../maybe-number.js';

/** Whether a label has both classes. */
export function isDefined({ positives, negatives }: RankedScores): boolean {
  return positives > 0 && negatives > 0;
}

/** The scores of one label; null, not 0, where a class is missing. */
export function scoreLabel(
  { y, p }: { y: Float64Array; p: Float64Array },
  ranked: RankedScores,
  threshold: number,
  {
    auroc,
    averagePrecision,
    jackknife,
    conformal,
  }: {
    auroc?: Float64Array;
    averagePrecision?: Float64Array;
    jackknife?: number[];
    conformal: ConformalThresholds | null;
  },
): LabelEvaluation {
  const defined = isDefined(ranked);
  const score = (value: number): MaybeNumber => (defined ? orNull(value) : null);
  const counts = atThreshold(y, p, threshold);
  const points = ranked.measure();
  const halfWidth = defined ? 1.959963984540054 * Math.sqrt(delong(y, p).variance) : NaN;
  return {
    positives: ranked.positives,
    negatives: ranked.negatives,
    auroc: score(points.auroc),
    aurocCi: defined ? interval(auroc) : [null, null],
    aurocBca: defined && auroc ? bca(auroc, points.auroc, jackknife!) : [null, null],
    aurocDelong: [orNull(Math.max(0, points.auroc - halfWidth)), orNull(Math.min(1, points.auroc + halfWidth))],
    partialAuroc: score(partialAuroc(y, p)),
    averagePrecision: score(points.averagePrecision),
    averagePrecisionCi: defined ? interval(averagePrecision) : [null, null],
    threshold,
    truePositives: counts.truePositives,
    falsePositives: counts.falsePositives,
    trueNegatives: counts.trueNegatives,
    falseNegatives: counts.falseNegatives,
    sensitivity: score(counts.sensitivity),
    specificity: score(counts.specificity),
    precision: score(counts.precision),
    negativePredictiveValue: score(counts.negativePredictiveValue),
    f1: score(counts.f1),
    brier: score(brierScore(y, p)),
    logLoss: score(logLoss(y, p)),
    ece: score(expectedCalibrationError(y, p)),
    adaptiveEce: score(adaptiveCalibrationError(y, p)),
    conformal: conformal && conformalScores(conformal, y, p),
  };
}

function conformalScores(
  thresholds: ConformalThresholds,
  y: Float64Array,
  p: Float64Array,
): LabelEvaluation['conformal'] {
  const known = Array.from(y, (target, row) => ({ target, set: predictionSet(thresholds, p[row]) })).filter(
    ({ target }) => !Number.isNaN(target),
  );
  const share = (among: typeof known, holds: (one: (typeof known)[number]) => boolean): MaybeNumber =>
    orNull(among.filter(holds).length / among.length);
  return {
    alpha: thresholds.alpha,
    coveredPresent: share(
      known.filter(({ target }) => target === 1),
      ({ set }) => set.present,
    ),
    coveredAbsent: share(
      known.filter(({ target }) => target === 0),
      ({ set }) => set.absent,
    ),
    undecided: share(known, ({ set }) => set.present && set.absent),
    empty: share(known, ({ set }) => !set.present && !set.absent),
  };
}

/** The 95 % of draws; null where there are none. */
export function interval(values: Float64Array | undefined): Interval {
  return values ? (percentileInterval(values).map(orNull) as Interval) : [null, null];
}

/** The same, bias-corrected and accelerated. */
export function bca(draws: Float64Array, estimate: number, jackknife: readonly number[]): Interval {
  return bcaInterval(draws, estimate, jackknife).map(orNull) as Interval;
}
