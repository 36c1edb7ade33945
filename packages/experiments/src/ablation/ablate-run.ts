import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { forecastLabels, summarizeAblation, type AblationSummary, type CountedRun } from '@cxr-align/evaluation';
import { InputError, lockFolder, writeFileAtomic } from '@cxr-align/files';
import {
  type Progress,
  progressOf,
  readPredictions,
  readTrainingData,
  refuseUnknownOptions,
  withResources,
} from '@cxr-align/training';
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
  /**
   * Also forecasts how many labelled images this AUROC needs, from the sizes of the plan; in (0.5, 1). At least 3 sizes, 5 or more are
   * better.
   */
  forecast?: number;
}

const known: readonly (keyof AblateOptions)[] = [...seriesOptions, 'plan', 'split', 'resamples', 'forecast'];

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
  checkForecast(options);
  const progress = progressOf(options);
  remarkPlugins(progress);
  return withResources(async (resources) => {
    const lock = lockFolder(out, 'ablate');
    resources.defer(() => lock.release());
    return trainAndCompare({ ...options, jobs, resamples }, progress);
  });
}

/** Curves are fitted to each of them, for each label. */
const forecastResamples = 1000;

/** @throws {InputError} if it cannot be forecast, before anything is trained. */
function checkForecast({ forecast, plan }: AblateOptions): void {
  if (forecast === undefined) return;
  if (!(forecast > 0.5 && forecast < 1))
    throw new InputError(`expected an AUROC between 0.5 and 1 to forecast, got ${forecast}; choose one such as 0.9`);
  if (plan.trainCounts.length < 3)
    throw new InputError(
      `expected 3 sizes of the training set or more to forecast from, got ${plan.trainCounts.length}; give trainCounts such as 16, 32, 64, 128`,
    );
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
  const finished: CountedRun[] = [];
  for (const run of plan.runs) {
    const folder = join(out, runFolder(run));
    const images = readTrainingData(folder)?.images.train ?? run.trainCount ?? NaN;
    finished.push({ run, predictions: await readPredictions(folder), images });
  }
  const compared = summarizeAblation({ data: data.path, split, hasChosen }, plan, finished, options.resamples);
  const { forecast: target, resamples } = options;
  const summary: AblationSummary = {
    ...compared,
    ...(target !== undefined && {
      forecast: forecastLabels(plan, finished, { target, resamples: Math.min(resamples, forecastResamples) }),
    }),
  };
  writeFileAtomic(join(out, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  return summary;
}
