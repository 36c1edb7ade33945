import {
  atThreshold,
  bootstrapRanking,
  brierScore,
  clusterRows,
  coverageError,
  expectedCalibrationError,
  groupMeans,
  hammingLoss,
  hierarchicalScores,
  jackknifeWeights,
  labelRankingAveragePrecision,
  longTailGroups,
  meanDefined,
  RankedScores,
  rankingLoss,
  retrieval,
  subsetAccuracy,
  weightedMean,
  type Clusters,
  type LabelMatrixScores,
  type RetrievalScores,
  type ConformalThresholds,
  type LongTailGroup,
  type RankingDraws,
} from '@cxr-align/metrics';
import {
  macroScores,
  type Evaluation,
  type LabelEvaluation,
  type MacroKey,
  type MaybeNumber,
} from './evaluation-schema.js';
import { auditFairness, type GroupColumns } from './fairness.js';
import { bca, interval, isDefined, scoreLabel } from './label-scores.js';
import { orNull } from '../maybe-number.js';
import { columnOf, type Predictions } from './predictions.js';

export interface EvaluationOptions {
  data: string;
  split: string;
  /** For each label the threshold; NaN counts as 0.5. Chosen elsewhere, never on these samples. */
  thresholds: ArrayLike<number>;
  /** Bootstrap draws by patient; 0 = no intervals. */
  draws: number;
  /** The draws themselves, where they were made elsewhere. */
  bootstrapped?: RankingDraws;
  /** For each label the indices of the labels above it. */
  ancestors?: readonly (readonly number[])[];
  /** Share of training images with each label; that of these samples unless given. */
  prevalence?: ArrayLike<number>;
  /** Attributes of the samples to be audited. */
  groups?: GroupColumns;
  /** For each label its conformal thresholds, fitted elsewhere. */
  conformal?: readonly (ConformalThresholds | null)[];
  calibration?: string;
  /** How images were put together before scoring. Default `image`. */
  views?: Evaluation['views'];
  /** Probabilities before calibration. */
  uncalibrated?: Float32Array;
  /** The prevalence that probabilities were corrected for, and what they were before it. */
  labelShift?: { labels: NonNullable<Evaluation['labelShift']>['labels']; before: Float32Array };
  hierarchyViolations?: number;
  labelViolations?: number;
  graphAgreement?: Evaluation['graphAgreement'];
  mapping?: Evaluation['mapping'];
  zeroShot?: Evaluation['zeroShot'];
  localisation?: Evaluation['localisation'];
  metadataBaseline?: Evaluation['metadataBaseline'];
}

/** Scores predictions. The same input gives the same numbers, to the last bit. */
export function evaluate(predictions: Predictions, options: EvaluationOptions): Evaluation {
  const { labels, samples, targets, probabilities } = predictions;
  const n = labels.length;
  const columns = labels.map((_, i) => ({ y: columnOf(targets, n, i), p: columnOf(probabilities, n, i) }));
  const ranked = columns.map(({ y, p }) => new RankedScores(y, p));
  const clusters = clusterRows(samples.map(({ patient }) => patient));
  const hasDraws = options.draws > 0 && samples.length > 0;
  const draws = hasDraws
    ? (options.bootstrapped ?? bootstrapRanking(ranked, clusters, { draws: options.draws }))
    : undefined;
  const jackknife = draws && jackknifed(ranked, clusters);
  const thresholds = labels.map((_, i) => (Number.isNaN(options.thresholds[i]) ? 0.5 : options.thresholds[i]));
  const scored = labels.map((_, i) =>
    scoreLabel(columns[i], ranked[i], thresholds[i], {
      auroc: draws?.auroc.byLabel[i],
      averagePrecision: draws?.averagePrecision.byLabel[i],
      jackknife: jackknife?.byLabel[i],
      conformal: options.conformal?.[i] ?? null,
    }),
  );
  const of = (key: MacroKey): number[] => scored.map((label) => label[key] ?? NaN);
  const macroAuroc = meanDefined(of('auroc'));
  const meanOf = (score: (y: Float64Array, p: Float64Array) => number, told: Float32Array): MaybeNumber =>
    orNull(meanDefined(columns.map(({ y }, i) => (isDefined(ranked[i]) ? score(y, columnOf(told, n, i)) : NaN))));
  const decisions = Float32Array.from(probabilities, (p, at) => (p >= thresholds[at % n] ? 1 : 0));
  const positives = scored.map((label) => label.positives);
  const all = new RankedScores(targets, probabilities).measure();
  const hasHierarchy = options.ancestors?.some((above) => above.length > 0) ?? false;
  return {
    labels: Object.fromEntries(labels.map((label, i) => [label, scored[i]])),
    macro: {
      ...(Object.fromEntries(macroScores.map((key) => [key, orNull(meanDefined(of(key)))])) as Record<
        MacroKey,
        MaybeNumber
      >),
      aurocCi: interval(draws?.auroc.macro),
      aurocBca: draws ? bca(draws.auroc.macro, macroAuroc, jackknife!.macro) : [null, null],
      averagePrecisionCi: interval(draws?.averagePrecision.macro),
    },
    micro: {
      auroc: orNull(all.auroc),
      averagePrecision: orNull(all.averagePrecision),
      f1: orNull(atThreshold(targets, decisions, 0.5).f1),
    },
    weighted: {
      auroc: orNull(weightedMean(of('auroc'), positives)),
      averagePrecision: orNull(weightedMean(of('averagePrecision'), positives)),
    },
    longTail: longTail(labels, scored, options.prevalence ?? positives.map((count) => count / samples.length)),
    images: {
      subsetAccuracy: orNull(subsetAccuracy(targets, decisions, n)),
      hammingLoss: orNull(hammingLoss(targets, decisions)),
      coverageError: orNull(coverageError({ targets, scores: probabilities, labels: n })),
      rankingLoss: orNull(rankingLoss({ targets, scores: probabilities, labels: n })),
      labelRankingAveragePrecision: orNull(labelRankingAveragePrecision({ targets, scores: probabilities, labels: n })),
    },
    retrieval: retrievalOf({ targets, scores: probabilities, labels: n }),
    hierarchical: hasHierarchy ? allOrNull(hierarchicalScores(targets, decisions, options.ancestors!)) : null,
    undefinedLabels: labels.filter((_, i) => !isDefined(ranked[i])),
    samples: samples.length,
    patients: clusters.count,
    data: options.data,
    split: options.split,
    views: options.views ?? 'image',
    calibration: options.calibration ?? 'none',
    eceUncalibrated: meanOf(expectedCalibrationError, options.uncalibrated ?? probabilities),
    labelShift: options.labelShift
      ? {
          labels: options.labelShift.labels,
          before: {
            brier: meanOf(brierScore, options.labelShift.before),
            ece: meanOf(expectedCalibrationError, options.labelShift.before),
          },
        }
      : null,
    hierarchyViolations: orNull(options.hierarchyViolations ?? NaN),
    labelViolations: orNull(options.labelViolations ?? NaN),
    graphAgreement: options.graphAgreement ?? { images: null, prompts: null },
    fairness: auditFairness(predictions, thresholds, options.groups ?? {}, { draws: options.draws, clusters }),
    metadataBaseline: options.metadataBaseline ?? null,
    ...(options.localisation && { localisation: options.localisation }),
    ...(options.zeroShot && { zeroShot: options.zeroShot }),
    ...(options.mapping && { mapping: options.mapping }),
    intervals: draws ? `95 %, ${options.draws} bootstrap draws of ${clusters.count} patients` : 'none',
  };
}

function retrievalOf(matrix: LabelMatrixScores): Evaluation['retrieval'] {
  const ks = [1, 5, 10];
  const { rowsToLabels, labelsToRows } = retrieval(matrix, ks);
  const named = ({ recall, precision }: RetrievalScores): Record<string, MaybeNumber> =>
    Object.fromEntries([
      ...ks.map((k, i) => [`R@${k}`, orNull(recall[i])]),
      ...ks.map((k, i) => [`P@${k}`, orNull(precision[i])]),
    ]);
  return { imageToLabel: named(rowsToLabels), labelToImage: named(labelsToRows) };
}

/** AUROCs with some patients left out at a time. */
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

function longTail(
  labels: readonly string[],
  scored: readonly LabelEvaluation[],
  prevalence: ArrayLike<number>,
): Evaluation['longTail'] {
  const groups = longTailGroups(prevalence);
  const means = (key: 'auroc' | 'averagePrecision') =>
    groupMeans(
      scored.map((label) => label[key] ?? NaN),
      groups,
    );
  const [auroc, averagePrecision] = [means('auroc'), means('averagePrecision')];
  const of = (group: LongTailGroup) => ({
    labels: labels.filter((_, i) => groups[i] === group),
    auroc: orNull(auroc[group]),
    averagePrecision: orNull(averagePrecision[group]),
  });
  return { head: of('head'), medium: of('medium'), tail: of('tail') };
}

function allOrNull<K extends string>(values: Record<K, number>): Record<K, MaybeNumber> {
  return Object.fromEntries(Object.entries<number>(values).map(([key, value]) => [key, orNull(value)])) as Record<
    K,
    MaybeNumber
  >;
}
