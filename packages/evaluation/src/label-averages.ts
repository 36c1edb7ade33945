import {
  confusionAtThreshold,
  groupMeans,
  longTailGroups,
  meanDefined,
  RankedScores,
  weightedMean,
  type LabelMatrixScores,
  type LongTailGroup,
} from '@cxr-align/metrics';
import {
  type Evaluation,
  type LabelEvaluation,
  type MacroKey,
  type MaybeNumber,
  macroKeys,
} from './evaluation-schema.js';
import { type LabelResamples, bca, interval } from './label-scores.js';
import { orNull } from './maybe-number.js';

/** Means over the labels that have both classes, with the interval of the mean. */
export function macroScores(
  scored: readonly LabelEvaluation[],
  resampled?: { macro: LabelResamples },
): Evaluation['macro'] {
  const means = macroKeys.map((key) => [key, orNull(meanDefined(valuesOf(scored, key)))]);
  const macro = resampled?.macro;
  return {
    ...(Object.fromEntries(means) as Record<MacroKey, MaybeNumber>),
    aurocCi: interval(macro?.auroc),
    aurocBca: macro ? bca(macro.auroc, meanDefined(valuesOf(scored, 'auroc')), macro.jackknife) : [null, null],
    averagePrecisionCi: interval(macro?.averagePrecision),
  };
}

/** All known entries of the matrix as if they were of one label. */
export function microScores({ targets, scores }: LabelMatrixScores, decisions: ArrayLike<number>): Evaluation['micro'] {
  const { auroc, averagePrecision } = new RankedScores(targets, scores).measure();
  return {
    auroc: orNull(auroc),
    averagePrecision: orNull(averagePrecision),
    f1: orNull(confusionAtThreshold(targets, decisions, 0.5).f1),
  };
}

/** Means over labels, weighted by their positives. */
export function weightedScores(scored: readonly LabelEvaluation[]): Evaluation['weighted'] {
  const positives = scored.map((label) => label.positives);
  return {
    auroc: orNull(weightedMean(valuesOf(scored, 'auroc'), positives)),
    averagePrecision: orNull(weightedMean(valuesOf(scored, 'averagePrecision'), positives)),
  };
}

/** Means over frequent, less frequent and rare labels. @param prevalence share of training images with each label. */
export function longTailScores(
  labels: readonly string[],
  scored: readonly LabelEvaluation[],
  prevalence: ArrayLike<number>,
): Evaluation['longTail'] {
  const groups = longTailGroups(prevalence);
  const auroc = groupMeans(valuesOf(scored, 'auroc'), groups);
  const averagePrecision = groupMeans(valuesOf(scored, 'averagePrecision'), groups);
  const scoresOf = (group: LongTailGroup): Evaluation['longTail']['head'] => ({
    labels: labels.filter((_, i) => groups[i] === group),
    auroc: orNull(auroc[group]),
    averagePrecision: orNull(averagePrecision[group]),
  });
  return { head: scoresOf('head'), medium: scoresOf('medium'), tail: scoresOf('tail') };
}

function valuesOf(scored: readonly LabelEvaluation[], key: MacroKey): number[] {
  return scored.map((label) => label[key] ?? NaN);
}
