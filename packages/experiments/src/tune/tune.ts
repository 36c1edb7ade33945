import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  parseEvaluation,
  rankTrials,
  survivors,
  type SearchSummary,
  type Trial,
  type TrialRung,
} from '@cxr-align/evaluation';
import { InputError, lockFolder, writeFileAtomic } from '@cxr-align/files';
import {
  type Config,
  type Progress,
  bestEpochOf,
  evaluationFolder,
  makeConfig,
  pluginFiles,
  progressOf,
  readEvaluationFile,
  readHistory,
  refuseUnknownOptions,
  tableIdentity,
  withResources,
} from '@cxr-align/training';
import { hashesOf, type PlannedTraining, type SharedByRuns } from '../planned/planned-runs.js';
import { configuredSeriesOptions, type ConfiguredSeriesOptions } from '../planned/series-options.js';
import { runInProcess } from '../planned/train-in-process.js';
import { checkCounts, remarkPlugins, trainPlanned, type PlannedControl } from '../planned/train-planned.js';
import { planHalving, trainsOn, type HalvingOptions } from './halving.js';
import { checkSpace, drawSettings, type SearchSpace, settingsIn } from './search-space.js';

/** What is searched, on what. */
export interface TuneOptions extends ConfiguredSeriesOptions {
  space: SearchSpace;
  /** Trials, a run folder each, `trial-001` and so on; fewer where the space has no more settings. Default 20. */
  trials?: number;
  /** Random seed of the settings; that of the configuration unless given. */
  seed?: number;
  /** Successive halving. Default false: each trial is trained for all epochs. */
  halving?: boolean | HalvingOptions;
  /** Evaluates the best trial on the test split at the end, where there is one. Default true. */
  test?: boolean;
}

const known: readonly (keyof TuneOptions)[] = [
  ...configuredSeriesOptions,
  'space',
  'trials',
  'seed',
  'halving',
  'test',
];

/**
 * Searches the settings of a configuration at random: trains a run with each of some, a process each, and names the one with the highest
 * macro AUROC on validation. The test split is evaluated once, at the end, for that one. The same seed draws the same settings; killed
 * and started again it continues, and leaves the same bytes.
 *
 * @throws {InputError} if a setting is none of the configuration, a folder holds another run, or another process writes to it.
 * @throws {Error} if a run fails, unless its numbers became NaN: that is the result of its settings.
 *
 * @see Bergstra, Bengio 2012, JMLR 13:281 (random search); Jamieson, Talwalkar 2016, arXiv:1502.07943 (successive halving).
 *
 * @example
 * const config = resolveConfig({ preset: 'linear', epochs: 6 });
 * const { best } = await tune({ data, config, space: { learningRate: { from: 1e-4, to: 1e-2 } }, trials: 8, out: 'runs/search' });
 * console.log(best.settings.learningRate, best.validation);
 */
export async function tune(
  options: TuneOptions,
): Promise<SearchSummary & { best: NonNullable<SearchSummary['best']> }> {
  const where = 'experiments/tune';
  refuseUnknownOptions(where, options, known);
  const { config, space, out, trials = 20, jobs = availableParallelism(), signal, checkpointWhen } = options;
  checkCounts(where, { trials, jobs });
  const search = planSearch(options, trials);
  const progress = progressOf(options);
  remarkPlugins(progress);
  if (settingsIn(space) < trials)
    progress.remark(`the space has ${settingsIn(space)} settings: each is tried once, instead of ${trials} trials`);
  return withResources(async (resources) => {
    const lock = lockFolder(out, 'tune');
    resources.defer(() => lock.release());
    await climb(search, options, { jobs, progress, signal, checkpointWhen });
    const [first] = rankTrials(search.trials);
    const { folder, validation, bestEpoch, error } = first.rungs.at(-1)!;
    if (error !== undefined)
      throw new Error(
        `no trial of the search came to its end: the numbers of all became NaN (trial ${first.trial}: ${error})`,
      );
    const best = { trial: first.trial, settings: first.settings, folder, validation, bestEpoch };
    const summary = { ...summaryOf(options, search), best };
    write(out, 'best.json', search.configOf(first, epochsOf(first)));
    const tested = await testBest(options, best.folder, progress);
    const result = { ...summary, ...tested };
    write(out, 'trials.json', result);
    return result;
  });

  function epochsOf({ rungs }: Trial): number {
    return rungs.at(-1)?.epochs ?? config.epochs;
  }
}

/** The trials of a search, and how they are trained. */
interface Search {
  trials: Trial[];
  halving: SearchSummary['halving'];
  rungs: readonly number[];
  configOf: (trial: Trial, epochs: number) => Config;
}

function planSearch(
  { config, space, seed = config.seed, halving: wanted = false }: TuneOptions,
  count: number,
): Search {
  checkSpace(space);
  if (config.validation !== 'split' || Object.hasOwn(space, 'validation'))
    throw new InputError(
      `expected validation split, got ${config.validation}: a search chooses by the scores on that split; leave validation out`,
    );
  if (Object.keys(space).length === 0)
    throw new InputError('expected one or more keys to search, got none; give a range or a list of values');
  if (Object.hasOwn(space, 'seed'))
    throw new InputError(
      'expected a space without seed, got it: the best seed is luck; train the best settings with several',
    );
  if (wanted !== false && Object.hasOwn(space, 'epochs'))
    throw new InputError('expected a space without epochs to halve, got it: the rungs are numbers of epochs');
  const halving = wanted === false ? null : planHalving(config.epochs, wanted === true ? {} : wanted);
  const trials = drawSettings(space, count, seed).map((settings, i): Trial => ({ trial: i + 1, settings, rungs: [] }));
  const configOf = ({ trial, settings }: Trial, epochs: number): Config =>
    makeConfig({
      layers: [config, ...(halving ? [{ epochs }] : []), settings],
      place: `the settings of trial ${trial} (${JSON.stringify(settings)})`,
    });
  const rungs = halving?.rungs ?? [config.epochs];
  // Wrong settings are refused before anything is trained.
  for (const trial of trials) for (const epochs of rungs) configOf(trial, epochs);
  return { trials, halving, rungs, configOf };
}

function sharedOf(options: TuneOptions): SharedByRuns {
  const { data, out, encoder, features, trainFraction, from, engine, stallSeconds, config } = options;
  const { splitSeed = config.seed } = options;
  return {
    ...{ data, out, encoder, features, trainFraction, from, engine, stallSeconds, splitSeed },
    series: 'search',
    split: 'val',
  };
}

/** Trains the trials rung by rung; those that are left out have fewer rungs in the end. */
async function climb(
  { trials, halving, rungs, configOf }: Search,
  options: TuneOptions,
  control: PlannedControl,
): Promise<void> {
  const shared = sharedOf(options);
  const { trainCount } = options;
  let alive = trials;
  for (const [i, epochs] of rungs.entries()) {
    if (i > 0) alive = survivors(alive, halving!.reduction);
    const runs = alive.map((trial): PlannedTraining => {
      const config = configOf(trial, epochs);
      return { folder: folderOf(trial, halving && !trainsOn(config) ? epochs : undefined), config, trainCount };
    });
    const failures = await trainPlanned(runs, { ...shared, trainsOn: halving !== null }, control);
    const broken = [...failures].filter(([, { isNonFinite }]) => !isNonFinite);
    if (broken.length > 0)
      throw new Error(
        `${broken.length} of ${runs.length} runs failed; start the search again to resume\n${broken.map(([folder, { message }]) => `${folder}: ${message}`).join('\n')}`,
      );
    alive.forEach((trial, at) => {
      const { folder, config } = runs[at];
      const error = failures.get(folder)?.message;
      trial.rungs.push({ ...rungOf(shared.out, folder, config.epochs), ...(error !== undefined && { error }) });
    });
  }
}

/** The folder of a trial. @param epochs of a rung that has a run of its own. */
function folderOf({ trial }: Trial, epochs?: number): string {
  const name = `trial-${String(trial).padStart(3, '0')}`;
  return epochs === undefined ? name : `${name}/epochs-${String(epochs).padStart(4, '0')}`;
}

function rungOf(out: string, folder: string, epochs: number): TrialRung {
  // A run that was trained on has more.
  const { epoch, validation } = bestEpochOf(readHistory(join(out, folder)).epochs.slice(0, epochs));
  return { epochs, folder, validation, bestEpoch: epoch };
}

function summaryOf(
  { data, config, space, seed = config.seed }: TuneOptions,
  { trials, halving }: Search,
): SearchSummary {
  return { data: data.path, split: 'val', seed, space, halving, trials, best: null, test: null, remarks: [] };
}

/** Evaluates the best trial on the test split, which nothing has used before. */
async function testBest(
  { data, out, encoder, features, engine = 'auto', signal, test = true }: TuneOptions,
  folder: string,
  progress: Progress,
): Promise<Pick<SearchSummary, 'test' | 'remarks'>> {
  if (!test) return { test: null, remarks: [] };
  if (!data.dataset.samples.some(({ split }) => split === 'test'))
    return { test: null, remarks: ['the data have no test split: the score on validation, which chose, is too good'] };
  const run = join(out, folder);
  const target = evaluationFolder(run, { data: data.dataset.name, split: 'test' });
  const bar = progress.start('evaluating', 1);
  try {
    const failure = await runInProcess(
      {
        evaluation: {
          ...{ engine, encoder, features, run, split: 'test', out: target, series: 'search' },
          ...{
            path: data.path,
            options: data.options,
            plugins: pluginFiles(),
            table: hashesOf(tableIdentity(data.dataset)),
          },
        },
      },
      { signal },
    );
    if (failure) throw new Error(`the best run could not be evaluated on test: ${failure.message}`);
    bar.update(1);
  } finally {
    bar.stop();
  }
  const { macro, identity } = parseEvaluation(readEvaluationFile(target), join(target, 'evaluation.json'));
  const place = evaluationFolder(folder, { data: data.dataset.name, split: 'test' });
  return {
    test: { folder: place, auroc: macro.auroc, aurocCi: macro.aurocCi, ...(identity && { identity }) },
    remarks: [],
  };
}

function write(out: string, name: string, content: unknown): void {
  writeFileAtomic(join(out, name), `${JSON.stringify(content, null, 2)}\n`);
}
