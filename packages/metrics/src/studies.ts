import { checkChoice, checkNumbers } from './check-input.js';

/** How the images of a study become one prediction. */
export type StudyRule = 'mean' | 'max' | 'logit-mean';

/** Scores of studies. */
export interface StudyScores {
  /** Study of each row, in order of first appearance. */
  studies: string[];
  /** Rows of the images of each study. */
  rows: number[][];
  /** [studies, labels] row by row. */
  scores: Float64Array;
}

/**
 * Gathers the predictions of a study's images (views) into one, before anything is scored.
 *
 * @param probabilities [images, labels] row by row, in [0, 1].
 * @param studyIds one an image.
 * @param rule `mean` and `max` of the probabilities, or the sigmoid of the mean logit.
 */
export function aggregateStudies(
  probabilities: ArrayLike<number>,
  studyIds: readonly string[],
  rule: StudyRule = 'mean',
): StudyScores {
  checkNumbers('aggregateStudies', 'probabilities', probabilities);
  checkChoice('aggregateStudies', 'rule', rule, ['mean', 'max', 'logit-mean']);
  if (studyIds.length > 0 ? probabilities.length % studyIds.length !== 0 : probabilities.length > 0) {
    throw new RangeError(
      `metrics/aggregateStudies: expected as many probabilities for each of ${studyIds.length} images, got ${probabilities.length}; pass one study id an image`,
    );
  }
  const labels = probabilities.length / studyIds.length;
  const byStudy = new Map<string, number[]>();
  studyIds.forEach((id, row) => {
    const rows = byStudy.get(id);
    if (rows) rows.push(row);
    else byStudy.set(id, [row]);
  });
  const rows = [...byStudy.values()];
  const scores = new Float64Array(rows.length * labels);
  rows.forEach((images, study) => {
    for (let label = 0; label < labels; label++) {
      const values = images.map((image) => probabilities[image * labels + label]);
      scores[study * labels + label] = combine(values, rule);
    }
  });
  return { studies: [...byStudy.keys()], rows, scores };
}

function combine(values: readonly number[], rule: StudyRule): number {
  const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  if (rule === 'max') return values.reduce((most, value) => Math.max(most, value), -Infinity);
  if (rule === 'mean') return mean(values);
  // A probability of 0 or 1 would outweigh all others: it is taken as the nearest one below.
  const logit = mean(values.map((p) => Math.log(clip(p) / (1 - clip(p)))));
  return 1 / (1 + Math.exp(-logit));
}

function clip(probability: number): number {
  return Math.min(1 - 1e-12, Math.max(1e-12, probability));
}
