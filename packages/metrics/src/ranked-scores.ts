import { badTarget, checkRows } from './check-input.js';
import { descendingOrder } from './sort-descending.js';

/**
 * The scores of one label in ranked order, sorted once: every ranking metric, and every bootstrap resample of it, is then
 * one pass over the ranks.
 *
 * Rows whose target is NaN (unknown) or whose score is NaN are excluded.
 */
export class RankedScores {
  /** Rows by falling score. */
  readonly rows: Uint32Array;
  /** For each rank: 1 if the target is positive. */
  readonly positive: Uint8Array;
  /** For each rank: 1 if the next rank has a lower score, so that a group of equal scores ends here. */
  readonly groupEnd: Uint8Array;
  /** The score at each rank. */
  readonly scores: Float64Array;
  readonly positives: number;
  readonly negatives: number;
  private readonly segments: Int32Array;

  /**
   * @param targets 1 = positive, 0 = negative, NaN = unknown; one a row.
   * @param scores any number that rises with the probability; one a row.
   * @param where named in errors. Default `RankedScores`.
   * @throws {TypeError} for what is no list of numbers, such as a tensor.
   * @throws {RangeError} if the lengths differ or a target is another number.
   */
  constructor(targets: ArrayLike<number>, scores: ArrayLike<number>, where = 'RankedScores') {
    checkRows(where, { targets, scores });
    const known = new Uint32Array(targets.length);
    const values = new Float64Array(targets.length);
    let count = 0;
    for (let row = 0; row < targets.length; row++) {
      const target = targets[row];
      if (Number.isNaN(target)) continue;
      if (target !== 0 && target !== 1) throw badTarget(where, target, row);
      const score = scores[row];
      if (Number.isNaN(score)) continue;
      known[count] = row;
      values[count++] = score;
    }
    const { order, sorted } = descendingOrder(values.subarray(0, count));
    const isWhole = count === targets.length;
    const rows = new Uint32Array(count);
    const positive = new Uint8Array(count);
    const groupEnd = new Uint8Array(count);
    let positives = 0;
    for (let rank = 0; rank < count; rank++) {
      const at = order[rank];
      const row = isWhole ? at : known[at];
      const target = targets[row];
      rows[rank] = row;
      positive[rank] = target;
      positives += target;
      groupEnd[rank] = rank + 1 < count && sorted[rank] === sorted[rank + 1] ? 0 : 1;
    }
    this.rows = rows;
    this.positive = positive;
    this.scores = sorted;
    this.groupEnd = groupEnd;
    this.positives = positives;
    this.negatives = count - positives;
    this.segments = segmentsOf(positive, groupEnd);
  }

  /**
   * AUROC and average precision in one pass; see {@link auroc} and {@link averagePrecision}.
   *
   * @param weights how often each row counts, by row; once each unless given.
   */
  measure(weights?: ArrayLike<number>): RankingMetrics {
    const { rows, positive, segments } = this;
    let area = 0;
    let sum = 0;
    let above = 0; // positives so far
    let negatives = 0; // negatives so far
    let rank = 0;
    for (let i = 0; i < segments.length; i++) {
      const isRun = segments[i] < 0;
      const end = isRun ? -segments[i] : segments[i];
      let inPositives = 0;
      let inNegatives = 0;
      if (isRun) {
        if (weights === undefined) inNegatives = end - rank;
        else for (let at = rank; at < end; at++) inNegatives += weights[rows[at]];
        rank = end;
      } else {
        for (; rank < end; rank++) {
          const weight = weights === undefined ? 1 : weights[rows[rank]];
          if (positive[rank] === 1) inPositives += weight;
          else inNegatives += weight;
        }
      }
      area += inNegatives * (above + inPositives / 2);
      above += inPositives;
      negatives += inNegatives;
      if (inPositives > 0) sum += (inPositives * above) / (above + negatives);
    }
    return { auroc: area / (above * negatives), averagePrecision: sum / above };
  }

  /**
   * The probability that a positive is scored above a negative, a tie counting half.
   *
   * @param weights how often each row counts, by row; once each unless given.
   * @returns NaN if there is no positive or no negative.
   */
  auroc(weights?: ArrayLike<number>): number {
    return this.measure(weights).auroc;
  }

  /**
   * Average precision Σ_k (R_k − R_{k−1}) P_k over the distinct scores in falling order.
   *
   * @param weights how often each row counts, by row; once each unless given.
   * @returns NaN if there is no positive.
   */
  averagePrecision(weights?: ArrayLike<number>): number {
    return this.measure(weights).averagePrecision;
  }
}

/** What {@link RankedScores.measure} finds. */
export interface RankingMetrics {
  auroc: number;
  averagePrecision: number;
}

/**
 * The ranks in segments: the end of each group of equal scores that holds a positive, and, below 0, the end of each run of
 * groups that hold none. Between two positives nothing changes but a sum.
 */
function segmentsOf(positive: Uint8Array, groupEnd: Uint8Array): Int32Array {
  const ends: number[] = [];
  let start = 0;
  let hasPositive = false;
  for (let rank = 0; rank < positive.length; rank++) {
    if (positive[rank] === 1) hasPositive = true;
    if (groupEnd[rank] === 0) continue;
    if (hasPositive) {
      ends.push(rank + 1);
      hasPositive = false;
    } else if (ends.length > 0 && ends[ends.length - 1] < 0 && -ends[ends.length - 1] === start)
      ends[ends.length - 1] = -(rank + 1);
    else ends.push(-(rank + 1));
    start = rank + 1;
  }
  return Int32Array.from(ends);
}

/** Area under the ROC curve; see {@link RankedScores.auroc}. */
export function auroc(targets: ArrayLike<number>, scores: ArrayLike<number>): number {
  return new RankedScores(targets, scores, 'auroc').auroc();
}

/** Average precision; see {@link RankedScores.averagePrecision}. */
export function averagePrecision(targets: ArrayLike<number>, scores: ArrayLike<number>): number {
  return new RankedScores(targets, scores, 'averagePrecision').averagePrecision();
}
