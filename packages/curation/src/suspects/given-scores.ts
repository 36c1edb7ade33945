import { probabilitiesOf } from '@cxr-align/evaluation';
import { readScoreModels } from '@cxr-align/evaluation/score-files';
import type { Dataset } from '@cxr-align/datasets';
import { normalizeLabel } from '@cxr-align/label-graph';

/** Scores of models that were not trained on the image they score. */
export interface GivenScores {
  /** A table by sample (`predictions.parquet`, CSV), or `.npy` [samples, labels]. */
  scores: string;
  /** Names of the samples of scores in `.npy`: `.npy`, a table, or a text file with one a line. */
  samples?: string;
  /** Names of the labels of scores in `.npy`: a JSON list. */
  labels?: string;
}

/**
 * Reads scores, in the order of a data set.
 *
 * @returns probabilities [images, labels] row by row, NaN where there are none, and what was assumed.
 * @throws {InputError} if the files do not fit the data set.
 */
export async function givenProbabilities(
  given: GivenScores,
  { name, samples, annotations: { labels } }: Dataset,
  targets: ArrayLike<number>,
): Promise<{ probabilities: Float64Array; remarks: string[] }> {
  const ids = samples.map(({ id }) => id);
  const known = { name, labels, samples: ids, patients: samples.map(({ patient }) => patient), targets };
  const { models, remarks } = await readScoreModels({ ...given, known });
  const [{ table }] = models;
  const scores = Float64Array.from(table.scores as ArrayLike<number>);
  const areLogits = scores.some((score) => score < 0 || score > 1);
  const values = areLogits ? probabilitiesOf(scores) : scores;
  const probabilities = new Float64Array(ids.length * labels.length).fill(NaN);
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const places = table.labels.map((label) =>
    labels.findIndex((own) => own === label || normalizeLabel(own) === normalizeLabel(label)),
  );
  table.samples!.forEach((id, row) =>
    places.forEach((place, at) => {
      if (place >= 0) probabilities[rowOf.get(id)! * labels.length + place] = values[row * places.length + at];
    }),
  );
  return {
    probabilities,
    remarks: [
      ...remarks,
      ...(areLogits ? ['scores outside [0, 1]: taken as logits'] : []),
      ...(models.length > 1
        ? [`the scores of ${models[0].name} are used, those of ${models.length - 1} more models not`]
        : []),
      'the scores are taken to be of models that were not trained on the image they score',
    ],
  };
}
