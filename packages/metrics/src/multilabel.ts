import { checkOptions, checkRowLength, checkTargets } from './check-input.js';

/** Scores of several labels, [rows, labels] row by row; targets 1, 0, and NaN where unknown. */
export interface LabelMatrixScores {
  targets: ArrayLike<number>;
  scores: ArrayLike<number>;
  labels: number;
}

/** What becomes of rows without a known positive: they count with the best value, or are excluded. */
export interface RankingOptions {
  skipEmpty?: boolean;
}

/**
 * How far down the ranked labels of a row one has to go to have all its positives, the mean over rows; ties count at
 * their lowest rank. A row without positives counts 0.
 */
export function coverageError(matrix: LabelMatrixScores, options: RankingOptions = {}): number {
  return meanOverRows('coverageError', matrix, options, 0, ({ known, positives, score }) => {
    const least = Math.min(...positives.map(score));
    return known.filter((label) => score(label) >= least).length;
  });
}

/**
 * The share of (positive, negative) pairs of a row that are ranked wrongly, a tie as wrong; the mean over rows. A row
 * without positives or without negatives counts 0.
 */
export function rankingLoss(matrix: LabelMatrixScores, options: RankingOptions = {}): number {
  return meanOverRows('rankingLoss', matrix, options, 0, ({ known, positives, score }) => {
    const negatives = known.filter((label) => !positives.includes(label));
    if (negatives.length === 0) return 0;
    let wrong = 0;
    for (const positive of positives) for (const negative of negatives) if (score(negative) >= score(positive)) wrong++;
    return wrong / (positives.length * negatives.length);
  });
}

/**
 * Label ranking average precision: for each positive of a row the share of positives among the labels ranked at least as
 * high, the mean over positives and rows. A row without positives counts 1.
 */
export function labelRankingAveragePrecision(matrix: LabelMatrixScores, options: RankingOptions = {}): number {
  return meanOverRows('labelRankingAveragePrecision', matrix, options, 1, ({ known, positives, score }) => {
    const atLeast = (list: readonly number[], least: number): number =>
      list.filter((label) => score(label) >= least).length;
    const precisions = positives.map((label) => atLeast(positives, score(label)) / atLeast(known, score(label)));
    return precisions.reduce((total, value) => total + value, 0) / positives.length;
  });
}

/** The mean of `measure` over the rows in which anything is known; `empty` for rows without a positive. */
function meanOverRows(
  where: string,
  matrix: LabelMatrixScores,
  options: RankingOptions,
  empty: number,
  measure: (row: { known: number[]; positives: number[]; score: (label: number) => number }) => number,
): number {
  checkMatrix(where, matrix);
  checkOptions(where, options, ['skipEmpty']);
  const { targets, scores, labels } = matrix;
  const { skipEmpty = false } = options;
  let sum = 0;
  let rows = 0;
  forEachRow(targets, labels, (start, known, positives) => {
    if (known.length === 0 || (skipEmpty && positives.length === 0)) return;
    sum += positives.length === 0 ? empty : measure({ known, positives, score: (label) => scores[start + label] });
    rows++;
  });
  return sum / rows;
}

/** The share of known entries that are decided wrongly; NaN if none is known. @param decisions 1 or 0, as targets. */
export function hammingLoss(targets: ArrayLike<number>, decisions: ArrayLike<number>): number {
  checkTargets('hammingLoss', { targets, decisions });
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
  checkTargets('subsetAccuracy', { targets, decisions });
  checkRowLength('subsetAccuracy', targets, labels);
  let right = 0;
  let rows = 0;
  forEachRow(targets, labels, (start, known) => {
    if (known.length === 0) return;
    rows++;
    if (known.every((label) => targets[start + label] === decisions[start + label])) right++;
  });
  return right / rows;
}

/** Refuses what is no matrix of scores and targets. */
export function checkMatrix(where: string, { targets, scores, labels }: LabelMatrixScores): void {
  checkTargets(where, { targets, scores });
  checkRowLength(where, targets, labels);
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
