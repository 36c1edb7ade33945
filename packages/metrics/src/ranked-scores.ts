/**
 * The scores of one label in ranked order, sorted once: every ranking metric, and every bootstrap draw of it, is then
 * one pass over the ranks.
 *
 * Rows whose target is NaN (unknown) or whose score is NaN are left out.
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

  /**
   * @param targets 1 = positive, 0 = negative, NaN = unknown; one a row.
   * @param scores any number that rises with the probability; one a row.
   * @throws {RangeError} if the lengths differ or a target is another number.
   */
  constructor(targets: ArrayLike<number>, scores: ArrayLike<number>) {
    if (targets.length !== scores.length) {
      throw new RangeError(
        `metrics: expected as many targets as scores, got ${targets.length} and ${scores.length}; pass one a row`,
      );
    }
    const known: number[] = [];
    for (let row = 0; row < targets.length; row++) {
      const target = targets[row];
      if (target !== 0 && target !== 1 && !Number.isNaN(target)) {
        throw new RangeError(
          `metrics: expected targets of 0, 1 or NaN, got ${target} in row ${row}; map uncertain labels first`,
        );
      }
      if (!Number.isNaN(target) && !Number.isNaN(scores[row])) known.push(row);
    }
    this.rows = Uint32Array.from(known).sort((a, b) => scores[b] - scores[a] || a - b);
    this.positive = Uint8Array.from(this.rows, (row) => targets[row]);
    this.scores = Float64Array.from(this.rows, (row) => scores[row]);
    this.groupEnd = Uint8Array.from(this.scores, (score, rank) => (score === this.scores[rank + 1] ? 0 : 1));
    this.positives = this.positive.reduce((sum, positive) => sum + positive, 0);
    this.negatives = this.rows.length - this.positives;
  }

  /**
   * The probability that a positive is scored above a negative, a tie counting half.
   *
   * @param weights how often each row counts, by row; once each unless given.
   * @returns NaN if there is no positive or no negative.
   */
  auroc(weights?: ArrayLike<number>): number {
    const { rows, positive, groupEnd } = this;
    let area = 0;
    let above = 0; // positives above the group
    let positives = 0; // in the group
    let negatives = 0;
    let allNegatives = 0;
    for (let rank = 0; rank < rows.length; rank++) {
      const weight = weights === undefined ? 1 : weights[rows[rank]];
      if (positive[rank] === 1) positives += weight;
      else negatives += weight;
      if (groupEnd[rank] === 1) {
        area += negatives * (above + positives / 2);
        above += positives;
        allNegatives += negatives;
        positives = 0;
        negatives = 0;
      }
    }
    return area / (above * allNegatives);
  }

  /**
   * Average precision Σ_k (R_k − R_{k−1}) P_k over the distinct scores in falling order.
   *
   * @param weights how often each row counts, by row; once each unless given.
   * @returns NaN if there is no positive.
   */
  averagePrecision(weights?: ArrayLike<number>): number {
    const { rows, positive, groupEnd } = this;
    let sum = 0;
    let truePositives = 0;
    let predicted = 0;
    let inGroup = 0;
    for (let rank = 0; rank < rows.length; rank++) {
      const weight = weights === undefined ? 1 : weights[rows[rank]];
      predicted += weight;
      if (positive[rank] === 1) inGroup += weight;
      if (groupEnd[rank] === 1) {
        truePositives += inGroup;
        if (inGroup > 0) sum += (inGroup * truePositives) / predicted;
        inGroup = 0;
      }
    }
    return sum / truePositives;
  }
}

/** Area under the ROC curve; see {@link RankedScores.auroc}. */
export function auroc(targets: ArrayLike<number>, scores: ArrayLike<number>): number {
  return new RankedScores(targets, scores).auroc();
}

/** Average precision; see {@link RankedScores.averagePrecision}. */
export function averagePrecision(targets: ArrayLike<number>, scores: ArrayLike<number>): number {
  return new RankedScores(targets, scores).averagePrecision();
}
