import type { Sample } from '@cxr-align/datasets';
import type { Crosswalk } from '@cxr-align/label-graph';
import {
  atThreshold,
  bootstrapRanking,
  brierScore,
  clusterRows,
  expectedCalibrationError,
  meanDefined,
  percentileInterval,
  RankedScores,
} from '@cxr-align/metrics';
import type { GraphAgreement } from './graph-agreement.js';

/** Predictions of one model on some samples. */
export interface Predictions {
  labels: readonly string[];
  samples: readonly Pick<Sample, 'id' | 'patient' | 'split'>[];
  /** [samples, labels] row by row: 1, 0, NaN where unknown. */
  targets: Float32Array;
  /** [samples, labels] row by row, in [0, 1]. */
  probabilities: Float32Array;
}

/** A number, or null where it is undefined. */
export type MaybeNumber = number | null;
type Interval = [MaybeNumber, MaybeNumber];

/** The scores of one label. */
export interface LabelEvaluation {
  positives: number;
  negatives: number;
  auroc: MaybeNumber;
  aurocCi: Interval;
  averagePrecision: MaybeNumber;
  averagePrecisionCi: Interval;
  threshold: MaybeNumber;
  sensitivity: MaybeNumber;
  specificity: MaybeNumber;
  f1: MaybeNumber;
  brier: MaybeNumber;
  ece: MaybeNumber;
}

/** The content of `evaluation.json`. */
export interface Evaluation {
  labels: Record<string, LabelEvaluation>;
  macro: Pick<
    LabelEvaluation,
    | 'auroc'
    | 'aurocCi'
    | 'averagePrecision'
    | 'averagePrecisionCi'
    | 'sensitivity'
    | 'specificity'
    | 'f1'
    | 'brier'
    | 'ece'
  >;
  /** Labels with one class only: their scores are null, and the means leave them out. */
  undefinedLabels: string[];
  samples: number;
  patients: number;
  /** The data and the split that was evaluated. */
  data: string;
  split: string;
  /** Share of (sample, edge) pairs in which a child is more probable than its parent, before anything mends it; null without edges. */
  hierarchyViolations: MaybeNumber;
  /** Share of known (sample, edge) pairs in which a child is present and its parent absent; null without edges. */
  labelViolations: MaybeNumber;
  /** How well label embeddings follow the label graph; null where the model has none, or the graph has no hierarchy. */
  graphAgreement: { images: GraphAgreement | null; prompts: GraphAgreement | null };
  /** Where the data has other labels than the model: for each label of the data what the model has for it. */
  mapping?: LabelMapping;
  /** How the intervals were made. */
  intervals: string;
}

/** How the labels of a model were mapped to those of a data set. */
export interface LabelMapping {
  /** Name of the model's label graph, and of the data's. */
  from: string;
  to: string;
  /** For each label of the data the labels of the model that bear on it. */
  labels: Crosswalk;
  /** Labels of the data that the model cannot tell: they are not evaluated. */
  unmapped: string[];
  /** Labels of the model that nothing was evaluated with. */
  unused: string[];
}

export interface EvaluationOptions {
  data: string;
  split: string;
  /** For each label the threshold; NaN counts as 0.5. Chosen elsewhere, never on these samples. */
  thresholds: ArrayLike<number>;
  /** Bootstrap draws by patient; 0 = no intervals. */
  draws: number;
  hierarchyViolations?: number;
  labelViolations?: number;
  graphAgreement?: Evaluation['graphAgreement'];
  mapping?: LabelMapping;
}

/** One label's values of a matrix [rows, labels]. */
export function columnOf(matrix: ArrayLike<number>, labels: number, label: number): Float64Array {
  return Float64Array.from({ length: matrix.length / labels }, (_, row) => matrix[row * labels + label]);
}

/** Scores predictions. The same input gives the same numbers, to the last bit. */
export function evaluate(predictions: Predictions, options: EvaluationOptions): Evaluation {
  const { labels, samples, targets, probabilities } = predictions;
  const columns = labels.map((_, i) => ({
    y: columnOf(targets, labels.length, i),
    p: columnOf(probabilities, labels.length, i),
  }));
  const ranked = columns.map(({ y, p }) => new RankedScores(y, p));
  const clusters = clusterRows(samples.map(({ patient }) => patient));
  const draws =
    options.draws > 0 && samples.length > 0 ? bootstrapRanking(ranked, clusters, { draws: options.draws }) : undefined;
  const interval = (values: Float64Array | undefined): Interval =>
    values ? (percentileInterval(values).map(orNull) as Interval) : [null, null];
  const undefinedLabels: string[] = [];
  const byLabel: Record<string, LabelEvaluation> = {};
  labels.forEach((label, i) => {
    const { positives, negatives } = ranked[i];
    const isDefined = positives > 0 && negatives > 0;
    if (!isDefined) undefinedLabels.push(label);
    const threshold = Number.isNaN(options.thresholds[i]) ? 0.5 : options.thresholds[i];
    const { y, p } = columns[i];
    const counts = atThreshold(y, p, threshold);
    const score = (value: number): MaybeNumber => (isDefined ? orNull(value) : null);
    byLabel[label] = {
      positives,
      negatives,
      auroc: score(ranked[i].auroc()),
      aurocCi: isDefined ? interval(draws?.auroc.byLabel[i]) : [null, null],
      averagePrecision: score(ranked[i].averagePrecision()),
      averagePrecisionCi: isDefined ? interval(draws?.averagePrecision.byLabel[i]) : [null, null],
      threshold,
      sensitivity: score(counts.sensitivity),
      specificity: score(counts.specificity),
      f1: score(counts.f1),
      brier: score(brierScore(y, p)),
      ece: score(expectedCalibrationError(y, p)),
    };
  });
  const mean = (
    key: 'auroc' | 'averagePrecision' | 'sensitivity' | 'specificity' | 'f1' | 'brier' | 'ece',
  ): MaybeNumber => orNull(meanDefined(Object.values(byLabel).map((label) => label[key] ?? NaN)));
  return {
    labels: byLabel,
    macro: {
      auroc: mean('auroc'),
      aurocCi: interval(draws?.auroc.macro),
      averagePrecision: mean('averagePrecision'),
      averagePrecisionCi: interval(draws?.averagePrecision.macro),
      sensitivity: mean('sensitivity'),
      specificity: mean('specificity'),
      f1: mean('f1'),
      brier: mean('brier'),
      ece: mean('ece'),
    },
    undefinedLabels,
    samples: samples.length,
    patients: clusters.count,
    data: options.data,
    split: options.split,
    hierarchyViolations: orNull(options.hierarchyViolations ?? NaN),
    labelViolations: orNull(options.labelViolations ?? NaN),
    graphAgreement: options.graphAgreement ?? { images: null, prompts: null },
    ...(options.mapping && { mapping: options.mapping }),
    intervals: draws ? `95 %, ${options.draws} bootstrap draws of ${clusters.count} patients` : 'none',
  };
}

/** JSON has no NaN: undefined numbers are null. */
export function orNull(value: number): MaybeNumber {
  return Number.isFinite(value) ? value : null;
}

/** A number for people; null where it is undefined. */
export function fixed(value: MaybeNumber, digits = 3): string | null {
  return value === null ? null : value.toFixed(digits);
}

/** The sigmoid of logits. */
export function probabilitiesOf(logits: ArrayLike<number>): Float32Array {
  return Float32Array.from(logits, (z) => 1 / (1 + Math.exp(-z)));
}
