import type { StoredModel } from '@cxr-align/classifier';
import { selectPredictions, type Predictions } from '@cxr-align/evaluation';
import { InputError } from '@cxr-align/files';
import type { Config } from '../config/config-schema.js';
import { evaluateRun } from '../evaluate/evaluate-run.js';
import { readValidation, validationFile } from '../evaluate/predictions-file.js';
import { optimisticSplits } from '../evaluate/trained-on.js';
import { progressOf, type RunControl } from '../events.js';
import type { EncoderOptions } from '../inputs/input-source.js';
import type { OpenedDataset } from '../inputs/prepare-data.js';
import { readTrainingData } from '../training-data.js';

/** A run, and where the scores of its validation images are from. */
export interface ValidationOptions extends RunControl, Omit<EncoderOptions, 'out'> {
  /** The run folder. */
  run: string;
  /** The data set that it was trained on: its validation images are predicted again where the run has no scores of them. */
  data?: OpenedDataset;
}

/**
 * The targets and probabilities that the thresholds of a run are chosen on, in the model's label order.
 *
 * @returns undefined where the run has none and they are not needed.
 * @throws {InputError} if they are needed and the run has none, or if the data given are not what it was trained on.
 */
export async function validationOf(
  options: ValidationOptions,
  { graph: { labels }, config }: StoredModel<Config>,
  isNeeded: boolean,
): Promise<Predictions | undefined> {
  const { run, data } = options;
  const kept = await readValidation(run);
  if (kept) return inOrder(kept, labels, run);
  if (data && config.validation === 'split') return inOrder(await predictedAgain(options, data), labels, run);
  if (!isNeeded) return undefined;
  if (config.validation === 'none')
    throw new InputError(
      'expected scores of validation images, which a rule chooses thresholds on, got a run without validation; name a threshold for each label, or train with validation split or in folds',
      { file: run },
    );
  throw new InputError(
    `expected ${validationFile} with the scores that thresholds are chosen on, got none: the run is of an earlier version, or was not finished; give the data set that it was trained on (data), name a threshold for each label, or train again`,
    { file: run },
  );
}

/** Predicts the validation images anew. @throws {InputError} if they are not those that the run's thresholds were chosen on. */
async function predictedAgain(options: ValidationOptions, data: OpenedDataset): Promise<Predictions> {
  const { run, encoder, features, on, signal, stallSeconds } = options;
  const { predictions, evaluation } = await evaluateRun({
    ...{ run, data, split: 'val', encoder, features, on, signal, stallSeconds },
  });
  const wanted = readTrainingData(run)?.images.val;
  if (!evaluation.remarks.includes(optimisticSplits.val) || evaluation.samples !== wanted)
    throw new InputError(
      `expected the ${wanted ?? ''} validation images that ${run} was trained with, got other ${evaluation.samples} in split val of ${data.dataset.name}; give the data set that it was trained on`,
      { file: data.path },
    );
  progressOf(options).remark(`${predictions.samples.length} validation images were predicted again`);
  return predictions;
}

/** Predictions with the columns of a model. @throws {InputError} if one is missing. */
function inOrder(predictions: Predictions, labels: readonly string[], run: string): Predictions {
  const missing = labels.filter((label) => !predictions.labels.includes(label));
  if (missing.length === 0) return selectPredictions(predictions, labels, [...predictions.samples.keys()]);
  throw new InputError(
    `expected validation scores of ${missing.join(', ')}, got those of ${predictions.labels.join(', ')}; give the data set that the run was trained on`,
    { file: run },
  );
}
