import {
  adaptiveCalibrationError,
  confusionAtThreshold,
  bcaInterval,
  brierScore,
  delong,
  expectedCalibrationError,
  logLoss,
  minimumPerClass,
  partialAuroc,
  percentileInterval,
  predictionSet,
  wilsonInterval,
  RankedScores,
  type CaseCounts,
  type ConformalThresholds,
} from '@cxr-align/metrics';
import type { Interval, LabelEvaluation, MaybeNumber } from './evaluation-schema.js';
import { orNull } from './maybe-number.js';
import { verdictOf } from './verdicts.js';

/** One label of some samples, a value a sample. */
export interface LabelColumn {
  /** 1, 0, NaN where unknown. */
  targets: Float64Array;
  probabilities: Float64Array;
  /** What is ranked. */
  scores: Float64Array;
  /** 1 where the label is called present. */
  decisions: Float64Array;
  /** Targets and scores, sorted. */
  ranked: RankedScores;
}

/** Bootstrap and jackknife values of one label. */
export interface LabelResamples {
  auroc: Float64Array;
  averagePrecision: Float64Array;
  jackknife: readonly number[];
}

/** Whether a label has both classes. */
export function isDefined({ positives, negatives }: RankedScores): boolean {
  return positives > 0 && negatives > 0;
}

/** Fewest cases of a class from which on no statement is made about their number. */
const enough = 2 * minimumPerClass;

/** Whether a label has enough cases of both classes. */
export function reliabilityOf({ positives, negatives }: CaseCounts): LabelEvaluation['reliability'] {
  const fewest = Math.min(positives, negatives);
  return fewest < minimumPerClass ? 'too few' : fewest < enough ? 'few' : 'enough';
}

/** The scores of one label; null, not 0, where a class is missing. */
export function scoreLabel(
  column: LabelColumn,
  threshold: number,
  {
    resamples,
    conformal,
    operatingPoints,
    baseline,
  }: {
    resamples?: LabelResamples;
    conformal: ConformalThresholds | readonly ConformalThresholds[] | null;
    operatingPoints: LabelEvaluation['operatingPoints'];
    /** How the label compares with age, sex and view alone. */
    baseline?: Parameters<typeof verdictOf>[1];
  },
): LabelEvaluation {
  const { targets, ranked } = column;
  const reliability = reliabilityOf(ranked);
  const ranking = rankingScores(column, reliability === 'too few' ? undefined : resamples);
  return {
    positives: ranked.positives,
    negatives: ranked.negatives,
    reliability,
    verdict: verdictOf({ reliability, ...ranking }, baseline),
    ...ranking,
    threshold,
    ...decisionScores(column),
    ...calibrationScores(column),
    conformal: conformal && conformalScores(conformal, targets, column.probabilities),
    operatingPoints,
  };
}

type RankingKey =
  'auroc' | 'aurocCi' | 'aurocBca' | 'aurocDelong' | 'partialAuroc' | 'averagePrecision' | 'averagePrecisionCi';

/** What depends on the order of the scores alone. */
function rankingScores(
  { targets, scores, ranked }: LabelColumn,
  resamples: LabelResamples | undefined,
): Pick<LabelEvaluation, RankingKey> {
  if (!isDefined(ranked))
    return {
      auroc: null,
      aurocCi: [null, null],
      aurocBca: [null, null],
      aurocDelong: [null, null],
      partialAuroc: null,
      averagePrecision: null,
      averagePrecisionCi: [null, null],
    };
  const { auroc, averagePrecision } = ranked.measure();
  if (reliabilityOf(ranked) === 'too few')
    return {
      auroc: orNull(auroc),
      aurocCi: wideInterval(auroc, ranked),
      aurocBca: [null, null],
      aurocDelong: [null, null],
      partialAuroc: orNull(partialAuroc(targets, scores)),
      averagePrecision: orNull(averagePrecision),
      averagePrecisionCi: [null, null],
    };
  const halfWidth = 1.959963984540054 * Math.sqrt(delong(targets, scores).variance);
  return {
    auroc: orNull(auroc),
    aurocCi: interval(resamples?.auroc),
    aurocBca: resamples ? bca(resamples.auroc, auroc, resamples.jackknife) : [null, null],
    aurocDelong: [orNull(Math.max(0, auroc - halfWidth)), orNull(Math.min(1, auroc + halfWidth))],
    partialAuroc: orNull(partialAuroc(targets, scores)),
    averagePrecision: orNull(averagePrecision),
    averagePrecisionCi: interval(resamples?.averagePrecision),
  };
}

/**
 * An interval of an AUROC of few cases, in which resamples see no spread: no AUROC varies more than a proportion of as many
 * independent cases as the rarer class has.
 *
 * @see Birnbaum, Klose 1957, doi:10.1214/aoms/1177706793.
 */
export function wideInterval(auroc: number, { positives, negatives }: CaseCounts): Interval {
  const fewest = Math.min(positives, negatives);
  return wilsonInterval(auroc * fewest, fewest).map(orNull) as Interval;
}

type DecisionKey =
  | 'truePositives'
  | 'falsePositives'
  | 'trueNegatives'
  | 'falseNegatives'
  | 'sensitivity'
  | 'specificity'
  | 'precision'
  | 'negativePredictiveValue'
  | 'f1';

/** What depends on which samples are called alone. */
function decisionScores({ targets, decisions, ranked }: LabelColumn): Pick<LabelEvaluation, DecisionKey> {
  const score = (value: number): MaybeNumber => (isDefined(ranked) ? orNull(value) : null);
  const counts = confusionAtThreshold(targets, decisions, 0.5);
  return {
    truePositives: counts.truePositives,
    falsePositives: counts.falsePositives,
    trueNegatives: counts.trueNegatives,
    falseNegatives: counts.falseNegatives,
    sensitivity: score(counts.sensitivity),
    specificity: score(counts.specificity),
    precision: score(counts.precision),
    negativePredictiveValue: score(counts.negativePredictiveValue),
    f1: score(counts.f1),
  };
}

/** What needs probabilities. */
function calibrationScores({
  targets,
  probabilities,
  ranked,
}: LabelColumn): Pick<LabelEvaluation, 'brier' | 'logLoss' | 'ece' | 'adaptiveEce'> {
  const score = (metric: (y: Float64Array, p: Float64Array) => number): MaybeNumber =>
    isDefined(ranked) ? orNull(metric(targets, probabilities)) : null;
  return {
    brier: score(brierScore),
    logLoss: score(logLoss),
    ece: score(expectedCalibrationError),
    adaptiveEce: score(adaptiveCalibrationError),
  };
}

function conformalScores(
  thresholds: ConformalThresholds | readonly ConformalThresholds[],
  y: Float64Array,
  p: Float64Array,
): LabelEvaluation['conformal'] {
  const of = (row: number): ConformalThresholds => ('alpha' in thresholds ? thresholds : thresholds[row]);
  const known = Array.from(y, (target, row) => ({ target, set: predictionSet(of(row), p[row]) })).filter(
    ({ target }) => !Number.isNaN(target),
  );
  const share = (among: typeof known, holds: (one: (typeof known)[number]) => boolean): MaybeNumber =>
    orNull(among.filter(holds).length / among.length);
  return {
    alpha: of(0).alpha,
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

/** The 95 % interval of resamples; null where there are none. */
export function interval(values: Float64Array | undefined): Interval {
  return values ? (percentileInterval(values).map(orNull) as Interval) : [null, null];
}

/** The same, bias-corrected and accelerated. */
export function bca(resamples: Float64Array, estimate: number, jackknife: readonly number[]): Interval {
  return bcaInterval(resamples, estimate, jackknife).map(orNull) as Interval;
}
