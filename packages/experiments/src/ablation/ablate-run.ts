import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { summarizeAblation, type AblationSummary, type FinishedRun } from '@cxr-align/evaluation';
import { lockFolder, writeFileAtomic } from '@cxr-align/files';
import { type Progress, progressOf, readPredictions, refuseUnknownOptions, withResources } from '@cxr-align/training';
import { seriesOptions, type SeriesOptions } from '../planned/series-options.js';
import { checkCounts, remarkPlugins, trainAll } from '../planned/train-planned.js';
import { runFolder, type AblationPlan } from './ablation-grid.js';

/** What an ablation trains, and how its runs are compared. */
export interface AblateOptions extends SeriesOptions {
  /** The grid of configurations; see {@link planAblation}. */
  plan: AblationPlan;
  /** Split that the runs are compared on. Default `val`: a test split that chose among configurations is none any more. */
  split?: string;
  /** Bootstrap resamples by patient. Default 2000. */
  resamples?: number;
}

const known: readonly (keyof AblateOptions)[] = [...seriesOptions, 'plan', 'split', 'resamples'];

/**
 * Trains every run of a plan that is not finished yet, one process each, and compares the configurations with the baseline. An
 * unfinished run is resumed from its checkpoint.
 *
 * Trainings that an earlier, killed ablation left behind end by themselves, and are waited for.
 *
 * @throws {InputError} if a folder holds a run of another configuration or on other data, the data change while the runs are trained, or
 *   another process writes to the folder.
 * @throws {Error} if a run fails; the others are trained nevertheless.
 */
export async function ablate(options: AblateOptions): Promise<AblationSummary> {
  refuseUnknownOptions('experiments/ablate', options, known);
  const { out, jobs = availableParallelism(), resamples = 2000 } = options;
  checkCounts('experiments/ablate', { jobs, resamples });
  const progress = progressOf(options);
  remarkPlugins(progress);
  return withResources(async (resources) => {
    const lock = lockFolder(out, 'ablate');
    resources.defer(() => lock.release());
    return trainAndCompare({ ...options, jobs, resamples }, progress);
  });
}

async function trainAndCompare(
  options: AblateOptions & { jobs: number; resamples: number },
  progress: Progress,
): Promise<AblationSummary> {
  const { plan, out, data, features, split = 'val', engine, stallSeconds, signal, checkpointWhen, jobs } = options;
  const runs = plan.runs.map((run) => ({
    folder: runFolder(run),
    config: run.config,
    trainCount: run.trainCount ?? undefined,
  }));
  const shared = { series: 'ablation', data, out, features, split, splitSeed: 0, engine, stallSeconds };
  await trainAll(runs, shared, { jobs, progress, signal, checkpointWhen });
  const hasChosen = split === 'val' && plan.runs.some(({ config }) => config.validation === 'split');
  const finished: FinishedRun[] = [];
  for (const run of plan.runs) finished.push({ run, predictions: await readPredictions(join(out, runFolder(run))) });
  const summary = summarizeAblation({ data: data.path, split, hasChosen }, plan, finished, options.resamples);
  writeFileAtomic(join(out, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  return summary;
}
