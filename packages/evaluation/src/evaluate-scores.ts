import type { ResampledRanking } from '@cxr-align/metrics';
import { decideLabels } from './decisions.js';
import { evaluate } from './evaluation.js';
import type { Evaluation } from './evaluation-schema.js';
import { type Predictions, probabilitiesOf, sigmoid } from './predictions.js';
import { type CheckedScores, type ScoreTable, checkScores } from './score-table.js';

/** A table of scores, and how it is evaluated. */
export interface ScoreEvaluationOptions extends ScoreTable {
  /** Name of the data, for the evaluation. Default `scores`. */
  name?: string;
  /** Bootstrap resamples of patients; 0 = no intervals. Default 1000. */
  resamples?: number;
  /** By label the share of images with it where the scores will be used. Default: that of these samples. */
  prevalenceInUse?: Readonly<Record<string, number>>;
  /** Images a day where the scores will be used, for the alarms of a day. */
  filmsPerDay?: number;
  /** What to mind in reading the scores. */
  remarks?: readonly string[];
  /** The resamples themselves, where they were computed elsewhere (in threads). */
  bootstrap?: ResampledRanking;
}

/** What {@link evaluateScores} returns. */
export interface EvaluatedScores {
  evaluation: Evaluation;
  predictions: Predictions;
}

/**
 * Evaluates scores that any program computed: ranking metrics from the scores as they are, in float64; decisions by
 * thresholds on their scale (never fitted on these samples); calibration from probabilities, of logits their sigmoid.
 *
 * @throws {InputError} if an array, a name or a threshold is not as it should be: which, and where.
 * @throws {RangeError} if `resamples` is no whole number of 0 or more.
 */
export function evaluateScores(options: ScoreEvaluationOptions): EvaluatedScores {
  const { name = 'scores', resamples = 1000, bootstrap, groups, labels } = options;
  if (!Number.isInteger(resamples) || resamples < 0)
    throw new RangeError(
      `evaluation/evaluateScores: expected resamples to be a whole number of 0 or more, got ${resamples}; try 1000`,
    );
  const checked = checkScores(options);
  const predictions = predictionsOf(labels, checked);
  const { scores, scale, thresholds } = checked;
  const evaluation = evaluate(predictions, {
    data: name,
    split: 'given',
    thresholds: scale === 'logits' ? thresholds.map(sigmoid) : thresholds,
    decisions: decideLabels({ probabilities: scores, thresholds }),
    resamples,
    bootstrap,
    groups,
    prevalenceInUse: options.prevalenceInUse,
    filmsPerDay: options.filmsPerDay,
    extras: { remarks: [...scaleRemarks(options.scoresAre, checked), ...(options.remarks ?? [])] },
  });
  return { evaluation, predictions };
}

/** A table of scores as predictions, before anything is evaluated. @throws {InputError} as {@link evaluateScores}. */
export function scorePredictions(table: ScoreTable): Predictions {
  return predictionsOf(table.labels, checkScores(table));
}

function predictionsOf(
  labels: readonly string[],
  { scores, ranks, targets, scale, samples, patients }: CheckedScores,
): Predictions {
  return {
    labels,
    samples: samples.map((id, row) => ({ id, patient: patients[row], split: 'test' as const })),
    targets,
    ...(scale === 'logits' ? { probabilities: probabilitiesOf(scores), scores } : { probabilities: scores }),
    ...(ranks && { scores: ranks }),
  };
}

/** What was assumed about the scale of the scores. */
function scaleRemarks(scoresAre: ScoreTable['scoresAre'] = 'auto', { scores, scale }: CheckedScores): string[] {
  if (scoresAre !== 'auto' || scale !== 'logits') return [];
  const low = scores.reduce((least, value) => Math.min(least, value), Infinity);
  const high = scores.reduce((largest, value) => Math.max(largest, value), -Infinity);
  const range = `from ${low} to ${high}`;
  if (low < 0) return [`the scores lie outside [0, 1] (${range}): they were taken as logits`];
  return [
    `the scores are no probabilities (${range}) and none is negative: AUROC and average precision rank them as they are, but calibration (Brier score, log loss, ECE) and thresholds that were not given take them as logits; divide percentages by 100`,
  ];
}
