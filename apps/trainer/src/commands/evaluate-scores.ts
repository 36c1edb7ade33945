import { basename, join } from 'node:path';
import {
  evaluateScores,
  scorePredictions,
  type Comparison,
  type Evaluation,
  type Predictions,
  type ScoreEvaluationOptions,
} from '@cxr-align/evaluation';
import {
  type KnownTargets,
  readScoreModels,
  readThresholds,
  type ScoreSources,
} from '@cxr-align/evaluation/score-files';
import { InputError } from '@cxr-align/files';
import { evaluationReport } from '@cxr-align/run-report';
import { rankingResamples, scoresIdentity, writeEvaluation } from '@cxr-align/training';
import { compareAll } from './compare.js';

/** How scores of other programs are evaluated. */
export interface ScoresRequest {
  sources: ScoreSources;
  thresholds?: string;
  known?: KnownTargets;
  options: Pick<ScoreEvaluationOptions, 'scoresAre' | 'resamples' | 'prevalenceInUse' | 'filmsPerDay'>;
  bootstrapThreads: number;
  out?: string;
  png: boolean;
}

/** Evaluations of several models by their names, and of the first against each other one. */
export interface EvaluatedModels {
  models: Record<string, Evaluation>;
  comparisons: Comparison[];
}

/** Evaluates the scores of each model in some files; of several, each into a folder of its own, and a comparison beside them. */
export async function evaluateScoreModels(request: ScoresRequest): Promise<Evaluation | EvaluatedModels> {
  const { sources, out, png } = request;
  const { models, remarks } = await readScoreModels(sources);
  const several = models.length > 1;
  const evaluated: { name: string; evaluation: Evaluation; predictions: Predictions }[] = [];
  for (const { name, table } of models) {
    const title = several ? `${basename(sources.scores)}: ${name}` : basename(sources.scores);
    const one = await evaluateOne({ ...table, name: several ? title : sources.scores, remarks }, request);
    evaluated.push({ name, ...one });
    if (out === undefined) continue;
    const folder = several ? join(out, folderName(name)) : out;
    writeEvaluation(folder, one);
    const source =
      request.thresholds === undefined ? 'The threshold is 0.5 for every label.' : 'Thresholds were given.';
    await evaluationReport(folder, { name: title, ...one, thresholds: source }, { png });
  }
  if (!several) return evaluated[0].evaluation;
  return {
    models: Object.fromEntries(evaluated.map(({ name, evaluation }) => [name, evaluation])),
    comparisons: await compareAll(evaluated, { resamples: (request.options.resamples ?? 1000) || 1, out, png }),
  };
}

async function evaluateOne(
  table: ScoreEvaluationOptions,
  { thresholds, options, bootstrapThreads }: ScoresRequest,
): Promise<{ evaluation: Evaluation; predictions: Predictions }> {
  const given: ScoreEvaluationOptions = {
    ...table,
    ...options,
    ...(thresholds !== undefined && {
      thresholds: readThresholds(thresholds),
      sources: { ...table.sources, thresholds },
    }),
  };
  const bootstrap = await rankingResamples(scorePredictions(given), given.resamples ?? 1000, bootstrapThreads);
  const { evaluation, predictions } = evaluateScores({ ...given, bootstrap });
  const identity = scoresIdentity(predictions, given.thresholds === undefined ? '0.5 for every label' : 'given');
  return { evaluation: { ...evaluation, identity }, predictions };
}

/** @throws {InputError} if a model's name is no name of a folder. */
function folderName(name: string): string {
  if (/^[^/\\]+$/.test(name) && !/^\.+$/.test(name)) return name;
  throw new InputError(
    `expected a model's name that a folder can have, got ${JSON.stringify(name)}; rename its columns`,
  );
}
