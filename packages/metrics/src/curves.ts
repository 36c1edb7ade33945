import { RankedScores } from './ranked-scores.js';

/** A ROC curve: one point for each distinct score, falling, after the first point (0, 0). */
export interface RocCurve {
  falsePositiveRate: Float64Array;
  truePositiveRate: Float64Array;
  /** The score from which on a row counts as positive; Infinity at the first point. */
  threshold: Float64Array;
}

/** The exact ROC curve, equal scores as one step. All rates are NaN if a class is missing. */
export function rocCurve(targets: ArrayLike<number>, scores: ArrayLike<number>): RocCurve {
  const ranked = new RankedScores(targets, scores, 'rocCurve');
  const points = groupCounts(ranked);
  return {
    falsePositiveRate: Float64Array.from([0, ...points.map(({ falsePositives }) => falsePositives / ranked.negatives)]),
    truePositiveRate: Float64Array.from([0, ...points.map(({ truePositives }) => truePositives / ranked.positives)]),
    threshold: Float64Array.from([Infinity, ...points.map(({ threshold }) => threshold)]),
  };
}

/** A precision-recall curve: thresholds rising, then the point (recall 0, precision 1). */
export interface PrecisionRecallCurve {
  precision: Float64Array;
  recall: Float64Array;
  threshold: Float64Array;
}

/** The exact precision-recall curve, equal scores as one step. */
export function precisionRecallCurve(targets: ArrayLike<number>, scores: ArrayLike<number>): PrecisionRecallCurve {
  const ranked = new RankedScores(targets, scores, 'precisionRecallCurve');
  const points = groupCounts(ranked).reverse();
  return {
    precision: Float64Array.from([
      ...points.map(({ truePositives, falsePositives }) => truePositives / (truePositives + falsePositives)),
      1,
    ]),
    recall: Float64Array.from([...points.map(({ truePositives }) => truePositives / ranked.positives), 0]),
    threshold: Float64Array.from(points.map(({ threshold }) => threshold)),
  };
}

/** Counts at or above each distinct score. */
export interface GroupCount {
  threshold: number;
  truePositives: number;
  falsePositives: number;
}

/** Counts for each distinct score as the threshold, falling. */
export function groupCounts(ranked: RankedScores): GroupCount[] {
  const counts: GroupCount[] = [];
  let truePositives = 0;
  for (let rank = 0; rank < ranked.rows.length; rank++) {
    truePositives += ranked.positive[rank];
    if (ranked.groupEnd[rank] === 1) {
      counts.push({ threshold: ranked.scores[rank], truePositives, falsePositives: rank + 1 - truePositives });
    }
  }
  return counts;
}
