import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseEvaluation, summarizeSeeds, type SeedRun, type SeedSummary } from '@cxr-align/evaluation';
import { InputError, lockFolder, writeFileAtomic } from '@cxr-align/files';
import {
  bestEpochOf,
  progressOf,
  readEvaluationFile,
  readHistory,
  refuseUnknownOptions,
  withResources,
} from '@cxr-align/training';
import type { PlannedTraining } from '../planned/planned-runs.js';
import { configuredSeriesOptions, type ConfiguredSeriesOptions } from '../planned/series-options.js';
import { checkCounts, remarkPlugins, trainAll } from '../planned/train-planned.js';

/** What is trained with several random seeds. */
export interface TrainSeedsOptions extends ConfiguredSeriesOptions {
  /** The random seeds: a run folder each, `seed-1` and so on. The seed of the configuration drives splits alone. */
  seeds: readonly number[];
  /** The split that is evaluated at the end; test unless given, val where there is no test. */
  split?: string;
  /** Trains runs of another length on, as `train` with `resume` does. Default false: they are refused. */
  resume?: boolean;
}

const known: readonly (keyof TrainSeedsOptions)[] = [...configuredSeriesOptions, 'seeds', 'split', 'resume'];

/** The folder of a run among those of several seeds. */
export const seedFolder = (seed: number): string => `seed-${seed}`;

/**
 * Trains one configuration with several random seeds, a process and a run folder each, on the same images, and puts their evaluations
 * together: mean, standard deviation and range. Started again it continues; runs that are finished are left as they are.
 *
 * @throws {InputError} if a folder holds another run, or another process writes to the folder.
 * @throws {Error} if a run fails; the others are trained nevertheless.
 *
 * @example
 * const { macro } = await trainSeeds({ data, config: resolveConfig({ preset: 'linear' }), seeds: [1, 2, 3], out: 'runs/linear' });
 * console.log(macro.auroc.mean, macro.auroc.sd);
 */
export async function trainSeeds(options: TrainSeedsOptions): Promise<SeedSummary> {
  const where = 'experiments/trainSeeds';
  refuseUnknownOptions(where, options, known);
  const { data, config, seeds, out, jobs = availableParallelism(), signal, checkpointWhen } = options;
  checkCounts(where, { jobs });
  checkSeeds(where, seeds);
  const progress = progressOf(options);
  remarkPlugins(progress);
  return withResources(async (resources) => {
    const lock = lockFolder(out, 'train');
    resources.defer(() => lock.release());
    const runs = seeds.map((seed): PlannedTraining => ({
      folder: seedFolder(seed),
      config: { ...config, seed },
      trainCount: options.trainCount,
    }));
    const { encoder, features, trainFraction, split, from, engine, stallSeconds, resume } = options;
    const shared = { data, out, encoder, features, trainFraction, split, from, engine, stallSeconds, trainsOn: resume };
    await trainAll(
      runs,
      { ...shared, series: 'series of seeds', splitSeed: options.splitSeed ?? config.seed },
      { jobs, progress, signal, checkpointWhen },
    );
    const summary = summarizeSeeds(
      seeds.map((seed) => readSeedRun(out, seed)),
      { drawsImages: options.trainCount !== undefined || trainFraction !== undefined },
    );
    writeFileAtomic(join(out, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
    return summary;
  });
}

function readSeedRun(out: string, seed: number): SeedRun {
  const folder = seedFolder(seed);
  const run = join(out, folder);
  const best = bestEpochOf(readHistory(run).epochs);
  return {
    seed,
    folder,
    bestEpoch: best.epoch,
    validation: best.validation,
    evaluation: parseEvaluation(readEvaluationFile(run), join(run, 'evaluation.json')),
  };
}

function checkSeeds(where: string, seeds: readonly number[]): void {
  const wrong = seeds.find((seed) => !Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32);
  if (seeds.length === 0 || wrong !== undefined)
    throw new RangeError(`${where}: expected seeds to be whole numbers from 0 on, got ${wrong ?? 'none'}`);
  const twice = seeds.find((seed, i) => seeds.indexOf(seed) < i);
  if (twice !== undefined) throw new InputError(`expected different seeds, got ${twice} twice; leave one out`);
}
