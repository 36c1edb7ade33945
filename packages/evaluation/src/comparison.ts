import {
  benjaminiHochberg,
  bootstrapModels,
  bootstrapP,
  clusterRows,
  holm,
  jackknifeWeights,
  meanDefined,
  pairedDelong,
  RankedScores,
  reliabilityRemark,
  smallestDetectableDifference,
  std,
  type CaseCounts,
  type Clusters,
  type PairedDelongResult,
  type ResampledMetric,
} from '@cxr-align/metrics';
import type { Interval, LabelEvaluation, MaybeNumber } from './evaluation-schema.js';
import { bca, interval, reliabilityOf, wideInterval } from './label-scores.js';
import { orNull } from './maybe-number.js';
import { type Predictions, columnOf, rankedValues } from './predictions.js';
import { checkSameSamples } from './same-samples.js';

/** One label (or the mean of all) of two models on the same samples. */
export interface ComparisonRow {
  label: string;
  positives: number;
  negatives: number;
  /** Whether there are enough cases of both classes to tell; of the mean: too few where every label has too few, enough where all have. */
  reliability: LabelEvaluation['reliability'];
  aurocA: MaybeNumber;
  aurocACi: Interval;
  aurocB: MaybeNumber;
  aurocBCi: Interval;
  /** B − A. */
  difference: MaybeNumber;
  differenceCi: Interval;
  /**
   * Two-sided: paired DeLong for a label (an exact permutation test where DeLong's variance is 0), bootstrap by patient for
   * the mean; null where it is undefined, and where a label has too few cases for DeLong's test.
   */
  p: MaybeNumber;
  /** p corrected for the number of labels (Holm); null for the mean. */
  pHolm: MaybeNumber;
  /** The same by Benjamini and Hochberg: the share of false ones among those called. */
  pBh: MaybeNumber;
  /** The difference with its bias-corrected and accelerated interval. */
  differenceBca: Interval;
  /** The smallest difference that these samples would have shown with a power of 80 % at 5 %. */
  detectable: MaybeNumber;
}

/** The content of `comparison.json`: the first model against each other one. */
export interface Comparison {
  a: string;
  b: string;
  samples: number;
  patients: number;
  labels: ComparisonRow[];
  macro: ComparisonRow;
  /** Labels with one class only: in no mean. */
  undefinedLabels: string[];
  /** What limits the numbers: labels with few cases, and tests that were replaced. */
  remarks: string[];
  method: string;
}

/** How models are compared. */
export interface CompareOptions {
  /** Names of the two models. Default A and B. */
  names?: readonly [string, string];
  /** Bootstrap resamples of patients. Default 2000. */
  resamples?: number;
}

/** Two models on the same samples, label by label, and what intervals of their difference are computed from. */
interface ModelPair {
  /** For each label the test of its difference. */
  tests: PairedDelongResult[];
  /** For each label its cases. */
  cases: CaseCounts[];
  /** AUROCs of each model in each resample. */
  resampled: ResampledMetric[];
  jackknife: { byLabel: number[][]; macro: number[] };
}

/**
 * Compares two models on the same samples by AUROC: each label, and the mean of those that have both classes.
 *
 * @throws {InputError} if samples, labels or targets differ: which.
 * @throws {RangeError} if `resamples` is no whole number of 1 or more.
 */
export function compare(a: Predictions, b: Predictions, options: CompareOptions = {}): Comparison {
  const { names = ['A', 'B'], resamples = 2000 } = options;
  if (!Number.isInteger(resamples) || resamples < 1)
    throw new RangeError(
      `evaluation/compare: expected resamples to be a whole number of 1 or more, got ${resamples}; try 2000`,
    );
  checkSameSamples(a, b, names);
  const clusters = clusterRows(a.samples.map(({ patient }) => patient));
  const pair = pairOf(a, b, clusters, resamples);
  const rows = labelRows(a.labels, pair);
  const defined = rows.filter(({ difference }) => difference !== null);
  const macro = macroRow(
    defined,
    pair.resampled.map((model) => model.macro),
    pair.jackknife.macro,
  );
  return {
    a: names[0],
    b: names[1],
    samples: a.samples.length,
    patients: clusters.count,
    labels: rows,
    macro,
    undefinedLabels: rows.filter(({ difference }) => difference === null).map(({ label }) => label),
    remarks: remarksOn(defined, macro, new Map(a.labels.map((label, i) => [label, pair.tests[i].method]))),
    method: `intervals: 95 %, ${resamples} bootstrap resamples of ${clusters.count} patients; p of a label: paired DeLong, of the mean: bootstrap; Holm over the labels; detectable: the smallest difference that these images would have shown with a power of 80 %`,
  };
}

function pairOf(a: Predictions, b: Predictions, clusters: Clusters, resamples: number): ModelPair {
  const n = a.labels.length;
  const truth = a.labels.map((_, i) => columnOf(a.targets, n, i));
  const [scoresA, scoresB] = [a, b].map((model) => a.labels.map((_, i) => columnOf(rankedValues(model), n, i)));
  const ranked = [scoresA, scoresB].map((columns) => columns.map((column, i) => new RankedScores(truth[i], column)));
  return {
    tests: truth.map((targets, i) => pairedDelong(targets, scoresA[i], scoresB[i])),
    cases: ranked[0].map(({ positives, negatives }) => ({ positives, negatives })),
    resampled: bootstrapModels(ranked, clusters, { resamples }).map(({ auroc }) => auroc),
    jackknife: jackknifeDifferences(ranked, clusters),
  };
}

function labelRows(labels: readonly string[], { tests, cases, resampled, jackknife }: ModelPair): ComparisonRow[] {
  const reliability = cases.map(reliabilityOf);
  const pValues = tests.map(({ p, method }, i) => {
    const hasBoth = cases[i].positives > 0 && cases[i].negatives > 0;
    return hasBoth && (reliability[i] !== 'too few' || method !== 'delong') ? p : NaN;
  });
  const [pHolm, pBh] = [holm(pValues), benjaminiHochberg(pValues)];
  return labels.map((label, i) => {
    const { aurocA, aurocB } = tests[i];
    const ofResamples = resampled.map(({ byLabel }) => byLabel[i]);
    return {
      label,
      ...cases[i],
      reliability: reliability[i],
      ...differenceOf(aurocA, aurocB, ofResamples, jackknife.byLabel[i]),
      ...(reliability[i] === 'too few' && wideIntervals(aurocA, aurocB, cases[i])),
      p: orNull(pValues[i]),
      pHolm: orNull(pHolm[i]),
      pBh: orNull(pBh[i]),
    };
  });
}

/**
 * Intervals of two AUROCs of few cases and of their difference, as if the models were independent: wider than resamples, which see too
 * little spread there.
 *
 * @see Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I, method 10.
 */
function wideIntervals(
  a: number,
  b: number,
  cases: CaseCounts,
): Pick<ComparisonRow, 'aurocACi' | 'aurocBCi' | 'differenceCi' | 'differenceBca'> {
  const [aurocACi, aurocBCi] = [wideInterval(a, cases), wideInterval(b, cases)];
  const [[lowA, highA], [lowB, highB]] = [aurocACi, aurocBCi];
  const differenceCi: Interval =
    lowA === null || highA === null || lowB === null || highB === null
      ? [null, null]
      : [b - a - Math.hypot(b - lowB, highA - a), b - a + Math.hypot(highB - b, a - lowA)];
  return { aurocACi, aurocBCi, differenceCi, differenceBca: [null, null] };
}

/** The reliability of a mean over labels. */
export function reliabilityOfMean(labels: readonly LabelEvaluation['reliability'][]): LabelEvaluation['reliability'] {
  if (labels.every((one) => one === 'too few')) return 'too few';
  return labels.every((one) => one === 'enough') ? 'enough' : 'few';
}

/** Two AUROCs and their difference, with what their resamples show of them. */
function differenceOf(
  aurocA: number,
  aurocB: number,
  [inA, inB]: readonly Float64Array[],
  jackknife: readonly number[],
): Omit<ComparisonRow, 'label' | keyof CaseCounts | 'reliability' | 'p' | 'pHolm' | 'pBh'> {
  const differences = differencesOf(inA, inB);
  return {
    aurocA: orNull(aurocA),
    aurocACi: interval(inA),
    aurocB: orNull(aurocB),
    aurocBCi: interval(inB),
    difference: orNull(aurocB - aurocA),
    differenceCi: interval(differences),
    differenceBca: bca(differences, aurocB - aurocA, jackknife),
    detectable: orNull(smallestDetectableDifference(std(differences))),
  };
}

function differencesOf(inA: Float64Array, inB: Float64Array): Float64Array {
  return inB.map((value, resample) => value - inA[resample]);
}

/** The mean over the labels that are defined. */
function macroRow(
  defined: readonly ComparisonRow[],
  [inA, inB]: readonly Float64Array[],
  jackknife: readonly number[],
): ComparisonRow {
  const meanOf = (value: (row: ComparisonRow) => MaybeNumber): number => meanDefined(defined.map((row) => value(row)!));
  const fewest = (of: (row: ComparisonRow) => number): number => Math.min(...defined.map(of));
  const sumOf = (of: (row: ComparisonRow) => number): number => defined.reduce((sum, row) => sum + of(row), 0);
  const cases = { positives: fewest((row) => row.positives), negatives: fewest((row) => row.negatives) };
  const reliability = reliabilityOfMean(defined.map((row) => row.reliability));
  const none: Interval = [null, null];
  return {
    label: 'macro',
    positives: sumOf((row) => row.positives),
    negatives: sumOf((row) => row.negatives),
    reliability,
    ...differenceOf(
      meanOf((row) => row.aurocA),
      meanOf((row) => row.aurocB),
      [inA, inB],
      jackknife,
    ),
    // Resamples of few cases have too little spread.
    ...(reliability === 'too few' && {
      aurocACi: none,
      aurocBCi: none,
      differenceCi: none,
      differenceBca: none,
      detectable: null,
    }),
    p: orNull(bootstrapP(differencesOf(inA, inB), cases)),
    pHolm: null,
    pBh: null,
  };
}

function remarksOn(
  defined: readonly ComparisonRow[],
  macro: ComparisonRow,
  methods: ReadonlyMap<string, PairedDelongResult['method']>,
): string[] {
  const ofLabels = defined.flatMap(({ label, ...row }) => {
    const few = reliabilityRemark(row);
    const method = methods.get(label);
    return [
      ...(few === null ? [] : [`${label}: ${few}`]),
      ...(method === 'delong' ? [] : [`${label}: DeLong's variance is 0; p by ${method} test`]),
    ];
  });
  const isUntested = macro.p === null && macro.difference !== null;
  return isUntested
    ? [...ofLabels, 'macro: all resamples of these few images have the same difference; its p is undefined']
    : ofLabels;
}

/** B − A with some patients excluded at a time. */
function jackknifeDifferences(
  [a, b]: readonly (readonly RankedScores[])[],
  clusters: Clusters,
): { byLabel: number[][]; macro: number[] } {
  const byLabel: number[][] = a.map(() => []);
  const macro: number[] = [];
  for (const weights of jackknifeWeights(clusters)) {
    const [valuesA, valuesB] = [a, b].map((ranked) => ranked.map((one) => one.auroc(weights)));
    valuesA.forEach((value, i) => byLabel[i].push(valuesB[i] - value));
    macro.push(meanDefined(valuesB) - meanDefined(valuesA));
  }
  return { byLabel, macro };
}
