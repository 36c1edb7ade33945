/** Scores of several labels, [rows, labels] row by row; targets 1, 0, and NaN where unknown. */
export interface LabelMatrixScores {
  targets: ArrayLike<number>;
  scores: ArrayLike<number>;
  labels: number;
}

/** What becomes of rows without a known positive: they count with the best value, or are left out. */
export interface RankingOptions {
  skipEmpty?: boolean;
}

/**
 * How far down the ranked labels of a row one has to go to have all its positives, the mean over rows; ties count at
 * their lowest place. A row without positives counts 0.
 */
export function coverageError(matrix: LabelMatrixScores, options: RankingOptions = {}): number {
  return meanOverRows(matrix, options, 0, ({ positives, scores }) => {
    const least = positives.reduce((low, label) => Math.min(low, scores(label)), Infinity);
    return (label: number) => scores(label) >= least;
  });
}

function meanOverRows(
  { targets, scores, labels }: LabelMatrixScores,
  { skipEmpty = false }: RankingOptions,
  empty: number,
  makeTest: (row: { positives: number[]; scores: (label: number) => number }) => (label: number) => boolean,
): number {
  let sum = 0;
  let rows = 0;
  forEachRow(targets, labels, (start, known, positives) => {
    if (positives.length === 0) {
      if (skipEmpty || known.length === 0) return;
      sum += empty;
    } else {
      const test = makeTest({ positives, scores: (label) => scores[start + label] });
      sum += known.filter(test).length;
    }
    rows++;
  });
  return sum / rows;
}

/**
 * The share of (positive, negative) pairs of a row that are ranked wrongly, a tie as wrong; the mean over rows. A row
 * without positives or without negatives counts 0.
 */
export function rankingLoss(
  { targets, scores, labels }: LabelMatrixScores,
  { skipEmpty = false }: RankingOptions = {},
): number {
  let sum = 0;
  let rows = 0;
  forEachRow(targets, labels, (start, known, positives) => {
    if (known.length === 0 || (skipEmpty && positives.length === 0)) return;
    rows++;
    const negatives = known.filter((label) => targets[start + label] === 0);
    if (positives.length === 0 || negatives.length === 0) return;
    let wrong = 0;
    for (const positive of positives)
      for (const negative of negatives) if (scores[start + negative] >= scores[start + positive]) wrong++;
    sum += wrong / (positives.length * negatives.length);
  });
  return sum / rows;
}

/**
 * Label ranking average precision: for each positive of a row the share of positives among the labels ranked at least as
 * high, the mean over positives and rows. A row without positives counts 1.
 */
export function labelRankingAveragePrecision(
  { targets, scores, labels }: LabelMatrixScores,
  { skipEmpty = false }: RankingOptions = {},
): number {
  let sum = 0;
  let rows = 0;
  forEachRow(targets, labels, (start, known, positives) => {
    if (known.length === 0 || (skipEmpty && positives.length === 0)) return;
    rows++;
    if (positives.length === 0 || positives.length === known.length) {
      sum += 1;
      return;
    }
    const atLeast = (list: readonly number[], score: number): number =>
      list.filter((label) => scores[start + label] >= score).length;
    const precisions = positives.map((label) => {
      const score = scores[start + label];
      return atLeast(positives, score) / atLeast(known, score);
    });
    sum += precisions.reduce((total, value) => total + value, 0) / positives.length;
  });
  return sum / rows;
}

/** The share of known entries that are decided wrongly; NaN if none is known. @param decisions 1 or 0, as targets. */
export function hammingLoss(targets: ArrayLike<number>, decisions: ArrayLike<number>): number {
  let wrong = 0;
  let known = 0;
  for (let at = 0; at < targets.length; at++) {
    if (Number.isNaN(targets[at])) continue;
    known++;
    if (targets[at] !== decisions[at]) wrong++;
  }
  return wrong / known;
}

/** The share of rows of which every known label is decided rightly; NaN if no row has one. */
export function subsetAccuracy(targets: ArrayLike<number>, decisions: ArrayLike<number>, labels: number): number {
  let right = 0;
  let rows = 0;
  forEachRow(targets, labels, (start, known) => {
    if (known.length === 0) return;
    rows++;
    if (known.every((label) => targets[start + label] === decisions[start + label])) right++;
  });
  return right / rows;
}

function forEachRow(
  targets: ArrayLike<number>,
  labels: number,
  visit: (start: number, known: number[], positives: number[]) => void,
): void {
  for (let start = 0; start < targets.length; start += labels) {
    const known: number[] = [];
    const positives: number[] = [];
    for (let label = 0; label < labels; label++) {
      const target = targets[start + label];
      if (Number.isNaN(target)) continue;
      known.push(label);
      if (target === 1) positives.push(label);
    }
    visit(start, known, positives);
  }
}
