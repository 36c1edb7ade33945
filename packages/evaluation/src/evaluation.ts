import {
  bootstrapRanking,
  brierScore,
  clusterRows,
  expectedCalibrationError,
  jackknifeWeights,
  meanDefined,
  RankedScores,
  type Clusters,
  type ConformalThresholds,
  type ResampledRanking,
} from '@cxr-align/metrics';
import type { LabelGraph } from '@cxr-align/label-graph';
import { decideLabels, definedThreshold } from './decisions.js';
import { decisionEffects } from './decision-effects.js';
import type { Evaluation, MaybeNumber } from './evaluation-schema.js';
import { type GroupColumns, auditFairness } from './fairness.js';
import { longTailScores, macroScores, microScores, weightedScores } from './label-averages.js';
import { type LabelColumn, type LabelResamples, isDefined, scoreLabel } from './label-scores.js';
import { orNull } from './maybe-number.js';
import { checkFilms, checkPrevalences, operatingPoint, type RuledThreshold } from './operating-points.js';
import { hierarchyScores, imageScores, retrievalScores } from './image-scores.js';
import { type Predictions, columnOf, rankedValues } from './predictions.js';

/** What is evaluated, and how. */
export interface EvaluationOptions {
  /** Name of the data set. */
  data: string;
  /** Name of the split. */
  split: string;
  /** For each label the probability from which on it is called; NaN counts as 0.5. Never chosen on these samples. */
  thresholds: ArrayLike<number>;
  /** Decisions [samples, labels], 1 or 0, where they were made on another scale than that of the probabilities. */
  decisions?: ArrayLike<number>;
  /** The labels, in the same order: decisions follow its hierarchy. Each label is decided alone unless given. */
  graph?: LabelGraph;
  /** Bootstrap resamples of patients; 0 = no intervals. */
  resamples: number;
  /** The resamples themselves, where they were computed elsewhere (in threads). */
  bootstrap?: ResampledRanking;
  /** For each label the indices of its ancestors. */
  ancestors?: readonly (readonly number[])[];
  /** Share of training images with each label; that of these samples unless given. */
  prevalence?: ArrayLike<number>;
  /** For each label thresholds of other rules, fitted elsewhere; the first is the one that decides. Default that one alone. */
  operating?: readonly (readonly RuledThreshold[])[];
  /** By label the share of images with it where the model will be used; that of these samples unless given. */
  prevalenceInUse?: Readonly<Record<string, number>>;
  /** Images a day where the model will be used: recorded, for the alarms of a day. */
  filmsPerDay?: number;
  /** Attributes of the samples to be audited. */
  groups?: GroupColumns;
  /** For each label its conformal thresholds, fitted elsewhere; one for each sample where they differ. */
  conformal?: readonly (ConformalThresholds | readonly ConformalThresholds[] | null)[];
  /** Results that were computed elsewhere. */
  extras?: EvaluationExtras;
}

/** What an evaluation contains beside the scores of its predictions: how they came about, and results of other analyses. */
export interface EvaluationExtras extends Partial<
  Pick<
    Evaluation,
    | 'views'
    | 'calibration'
    | 'graphAgreement'
    | 'mapping'
    | 'zeroShot'
    | 'localisation'
    | 'metadataBaseline'
    | 'remarks'
    | 'dataSha256'
    | 'identity'
    | 'folds'
  >
> {
  /** Probabilities before calibration. */
  uncalibrated?: Float64Array;
  /** The prevalence that probabilities were corrected for, and the probabilities before it. */
  labelShift?: { labels: NonNullable<Evaluation['labelShift']>['labels']; before: Float64Array };
  hierarchyViolations?: number;
  labelViolations?: number;
}

/**
 * Evaluates predictions. The same input gives the same numbers, to the last bit.
 *
 * Ranking metrics (AUROC, average precision) are computed from the scores where there are any, calibration (Brier score, log
 * loss, ECE) from the probabilities. A label with one class only has null scores and is in no average.
 *
 * @throws {RangeError} if the arrays are not [samples, labels].
 * @throws {InputError} if a prevalence is of an unknown label, or none, or `filmsPerDay` is no number above 0.
 */
export function evaluate(predictions: Predictions, options: EvaluationOptions): Evaluation {
  checkSizes(predictions, options);
  const { labels, samples, targets, probabilities } = predictions;
  checkPrevalences(options.prevalenceInUse ?? {}, labels);
  checkFilms(options.filmsPerDay);
  const thresholds = labels.map((_, i) => definedThreshold(options.thresholds[i]));
  const { graph } = options;
  const decisions = options.decisions ?? decideLabels({ probabilities, thresholds, graph });
  const columns = labelColumns(predictions, decisions);
  const clusters = clusterRows(samples.map(({ patient }) => patient));
  const resampled = resample(columns, clusters, options);
  const scored = columns.map((column, i) =>
    scoreLabel(column, thresholds[i], {
      resamples: resampled?.byLabel[i],
      conformal: options.conformal?.[i] ?? null,
      baseline: options.extras?.metadataBaseline?.labels[labels[i]],
      operatingPoints: (options.operating?.[i] ?? [{ rule: 'given', threshold: thresholds[i] }]).map((one) =>
        operatingPoint(column, one, clusters, options.prevalenceInUse?.[labels[i]]),
      ),
    }),
  );
  const matrix = { targets, scores: rankedValues(predictions), labels: labels.length };
  const prevalence = options.prevalence ?? scored.map(({ positives }) => positives / samples.length);
  return {
    labels: Object.fromEntries(labels.map((label, i) => [label, scored[i]])),
    macro: macroScores(scored, resampled),
    micro: microScores(matrix, decisions),
    weighted: weightedScores(scored),
    longTail: longTailScores(labels, scored, prevalence),
    images: imageScores(matrix, decisions),
    retrieval: retrievalScores(matrix),
    hierarchical: hierarchyScores(targets, decisions, options.ancestors),
    decisions: graph && !options.decisions ? decisionEffects(columns, { probabilities, thresholds, labels }) : null,
    undefinedLabels: labels.filter((_, i) => !isDefined(columns[i].ranked)),
    samples: samples.length,
    patients: clusters.count,
    data: options.data,
    split: options.split,
    ...(options.filmsPerDay !== undefined && { filmsPerDay: options.filmsPerDay }),
    fairness: auditFairness(labels, columns, options.groups ?? {}, { resamples: options.resamples, clusters }),
    ...extraResults(columns, options.extras),
    intervals: resampled ? `95 %, ${options.resamples} bootstrap resamples of ${clusters.count} patients` : 'none',
  };
}

function checkSizes(predictions: Predictions, { thresholds, decisions }: EvaluationOptions): void {
  const { labels, samples, targets, probabilities, scores } = predictions;
  const size = samples.length * labels.length;
  for (const [name, values] of Object.entries({ targets, probabilities, scores, decisions }))
    if (values && values.length !== size)
      throw new RangeError(
        `evaluation/evaluate: expected ${name} [${samples.length} samples, ${labels.length} labels] row by row, got ${values.length} values; pass one for each sample and label`,
      );
  if (thresholds.length !== labels.length)
    throw new RangeError(
      `evaluation/evaluate: expected a threshold for each of ${labels.length} labels, got ${thresholds.length}; pass NaN where there is none`,
    );
}

function labelColumns(predictions: Predictions, decisions: ArrayLike<number>): LabelColumn[] {
  const n = predictions.labels.length;
  return predictions.labels.map((_, i) => {
    const targets = columnOf(predictions.targets, n, i);
    const probabilities = columnOf(predictions.probabilities, n, i);
    const scores = predictions.scores ? columnOf(predictions.scores, n, i) : probabilities;
    const called = columnOf(decisions, n, i).map((decision, row) => (Number.isNaN(scores[row]) ? NaN : decision));
    return { targets, probabilities, scores, decisions: called, ranked: new RankedScores(targets, scores) };
  });
}

/** What intervals are computed from. */
export interface Resampled {
  byLabel: LabelResamples[];
  macro: LabelResamples;
}

/** The bootstrap by patient, and the jackknife beside it; undefined where none is wanted. */
function resample(
  columns: readonly LabelColumn[],
  clusters: Clusters,
  { resamples, bootstrap }: EvaluationOptions,
): Resampled | undefined {
  if (resamples === 0 || clusters.count === 0) return undefined;
  const ranked = columns.map((column) => column.ranked);
  const { auroc, averagePrecision } = bootstrap ?? bootstrapRanking(ranked, clusters, { resamples });
  const jackknife = jackknifed(ranked, clusters);
  return {
    byLabel: columns.map((_, i) => ({
      auroc: auroc.byLabel[i],
      averagePrecision: averagePrecision.byLabel[i],
      jackknife: jackknife.byLabel[i],
    })),
    macro: { auroc: auroc.macro, averagePrecision: averagePrecision.macro, jackknife: jackknife.macro },
  };
}

/** AUROCs with some patients excluded at a time. */
function jackknifed(ranked: readonly RankedScores[], clusters: Clusters): { byLabel: number[][]; macro: number[] } {
  const byLabel: number[][] = ranked.map(() => []);
  const macro: number[] = [];
  for (const weights of jackknifeWeights(clusters)) {
    const values = ranked.map((one) => one.auroc(weights));
    values.forEach((value, i) => byLabel[i].push(value));
    macro.push(meanDefined(values));
  }
  return { byLabel, macro };
}

type ExtraKey =
  | 'views'
  | 'calibration'
  | 'eceUncalibrated'
  | 'labelShift'
  | 'hierarchyViolations'
  | 'labelViolations'
  | 'graphAgreement'
  | 'metadataBaseline'
  | 'localisation'
  | 'zeroShot'
  | 'mapping'
  | 'dataSha256'
  | 'identity'
  | 'folds'
  | 'remarks';

/** What was computed elsewhere, and the calibration of probabilities that were replaced since. */
function extraResults(columns: readonly LabelColumn[], extras: EvaluationExtras = {}): Pick<Evaluation, ExtraKey> {
  const n = columns.length;
  type Metric = (y: Float64Array, p: Float64Array) => number;
  const meanOf = (metric: Metric, values?: Float64Array): MaybeNumber =>
    orNull(
      meanDefined(
        columns.map(({ ranked, targets, probabilities }, i) =>
          isDefined(ranked) ? metric(targets, values ? columnOf(values, n, i) : probabilities) : NaN,
        ),
      ),
    );
  const { labelShift, localisation, zeroShot, mapping } = extras;
  return {
    views: extras.views ?? 'image',
    calibration: extras.calibration ?? 'none',
    eceUncalibrated: meanOf(expectedCalibrationError, extras.uncalibrated),
    labelShift: labelShift
      ? {
          labels: labelShift.labels,
          before: {
            brier: meanOf(brierScore, labelShift.before),
            ece: meanOf(expectedCalibrationError, labelShift.before),
          },
        }
      : null,
    hierarchyViolations: orNull(extras.hierarchyViolations ?? NaN),
    labelViolations: orNull(extras.labelViolations ?? NaN),
    graphAgreement: extras.graphAgreement ?? { images: null, prompts: null },
    metadataBaseline: extras.metadataBaseline ?? null,
    ...(localisation && { localisation }),
    ...(extras.dataSha256 !== undefined && { dataSha256: extras.dataSha256 }),
    ...(extras.identity && { identity: extras.identity }),
    ...(extras.folds && { folds: extras.folds }),
    ...(zeroShot && { zeroShot }),
    ...(mapping && { mapping }),
    remarks: extras.remarks ?? [],
  };
}
