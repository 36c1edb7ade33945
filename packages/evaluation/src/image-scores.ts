import {
  coverageError,
  hammingLoss,
  hierarchicalScores,
  labelRankingAveragePrecision,
  rankingLoss,
  retrieval,
  subsetAccuracy,
  type LabelMatrixScores,
  type RetrievalScores,
} from '@cxr-align/metrics';
import type { Evaluation, MaybeNumber } from './evaluation-schema.js';
import { orNull } from './maybe-number.js';

/** Scores over the labels of an image, and their mean. @param decisions [samples, labels]: 1 or 0. */
export function imageScores(matrix: LabelMatrixScores, decisions: ArrayLike<number>): Evaluation['images'] {
  const { targets, labels } = matrix;
  return {
    subsetAccuracy: orNull(subsetAccuracy(targets, decisions, labels)),
    hammingLoss: orNull(hammingLoss(targets, decisions)),
    coverageError: orNull(coverageError(matrix)),
    rankingLoss: orNull(rankingLoss(matrix)),
    labelRankingAveragePrecision: orNull(labelRankingAveragePrecision(matrix)),
  };
}

/** Retrieval of labels for images, and of images for labels. */
export function retrievalScores(matrix: LabelMatrixScores): Evaluation['retrieval'] {
  const ks = [1, 5, 10];
  const { rowsToLabels, labelsToRows } = retrieval(matrix, ks);
  const named = ({ recall, precision }: RetrievalScores): Record<string, MaybeNumber> =>
    Object.fromEntries([
      ...ks.map((k, i) => [`R@${k}`, orNull(recall[i])]),
      ...ks.map((k, i) => [`P@${k}`, orNull(precision[i])]),
    ]);
  return { imageToLabel: named(rowsToLabels), labelToImage: named(labelsToRows) };
}

/** Precision, recall and F1 over labels and their ancestors; null where no label has an ancestor. */
export function hierarchyScores(
  targets: ArrayLike<number>,
  decisions: ArrayLike<number>,
  ancestors: readonly (readonly number[])[] = [],
): Evaluation['hierarchical'] {
  if (ancestors.every((above) => above.length === 0)) return null;
  const { precision, recall, f1 } = hierarchicalScores(targets, decisions, ancestors);
  return { precision: orNull(precision), recall: orNull(recall), f1: orNull(f1) };
}
