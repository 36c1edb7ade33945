import { checkCount } from './check-input.js';
import { checkMatrix, type LabelMatrixScores } from './multilabel.js';

/** How often what belongs to a query is among the first k. */
export interface RetrievalScores {
  /** For each k the share of queries with a hit among the first k; NaN if no query has anything to be found. */
  recall: number[];
  /** For each k the mean share of hits among the first k. */
  precision: number[];
  /** Queries that something belongs to. */
  queries: number;
}

/**
 * Retrieval both ways between rows (such as images) and labels (such as their prompts): R@k, the share of queries for which one of the
 * first k answers is right, and the share of right ones among them (P@k).
 *
 * `rowsToLabels`: each row is a query for the labels that are present; `labelsToRows`: each label is one for the rows that have it.
 * Answers with an unknown target are excluded; of equal scores the wrong answers come first.
 *
 * @param ks such as [1, 5, 10]; a k above the number of answers counts all of them.
 * @see Wang et al. 2022, arXiv:2210.10163 (MedCLIP), for both directions.
 */
export function retrieval(
  matrix: LabelMatrixScores,
  ks: readonly number[],
): { rowsToLabels: RetrievalScores; labelsToRows: RetrievalScores } {
  checkMatrix('retrieval', matrix);
  for (const k of ks) checkCount('retrieval', 'k', k);
  const { targets, scores, labels } = matrix;
  const rows = targets.length / labels;
  const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  const answer = (queries: number, answersOf: (query: number) => number[]): RetrievalScores => {
    const hits = ks.map(() => 0);
    const shares = ks.map(() => 0);
    let answerable = 0;
    for (let query = 0; query < queries; query++) {
      const answers = answersOf(query).filter((at) => !Number.isNaN(targets[at]));
      if (!answers.some((at) => targets[at] === 1)) continue;
      answerable++;
      answers.sort((a, b) => scores[b] - scores[a] || targets[a] - targets[b]);
      ks.forEach((k, i) => {
        const first = answers.slice(0, k);
        const right = first.filter((at) => targets[at] === 1).length;
        if (right > 0) hits[i]++;
        shares[i] += right / first.length;
      });
    }
    return {
      recall: hits.map((count) => count / answerable),
      precision: shares.map((sum) => sum / answerable),
      queries: answerable,
    };
  };
  return {
    rowsToLabels: answer(rows, (row) => range(labels).map((label) => row * labels + label)),
    labelsToRows: answer(labels, (label) => range(rows).map((row) => row * labels + label)),
  };
}
