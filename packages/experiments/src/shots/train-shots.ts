import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseEvaluation, summarizeShots, type ShotRun, type ShotSummary } from '@cxr-align/evaluation';
import { InputError, lockFolder, writeFileAtomic } from '@cxr-align/files';
import {
  checkConfig,
  chooseSplit,
  progressOf,
  readEvaluationFile,
  readPredictions,
  readTrainingData,
  refuseUnknownOptions,
  silentProgress,
  withResources,
  type Config,
  type OpenedDataset,
} from '@cxr-align/training';
import type { PlannedTraining } from '../planned/planned-runs.js';
import { configuredSeriesOptions, type ConfiguredSeriesOptions } from '../planned/series-options.js';
import { planShots, shotDataset, withSplits, writeShotPlan, type ShotPlan } from '../planned/shot-plan.js';
import { checkCounts, remarkPlugins, trainAll } from '../planned/train-planned.js';

/** What is trained on few images of each label, and how often. */
export interface TrainShotsOptions extends Omit<ConfiguredSeriesOptions, 'trainCount' | 'trainFraction'> {
  /** Training images with, and training images without, each label. */
  shots: number;
  /** Independent draws of the training images: a run folder each, `draw-1` and so on. Default 10. */
  draws?: number;
  /** The split that is evaluated at the end; test unless given, val where there is no test. */
  split?: string;
}

const known: readonly (keyof TrainShotsOptions)[] = [
  ...configuredSeriesOptions.filter((name) => name !== 'trainCount' && name !== 'trainFraction'),
  'shots',
  'draws',
  'split',
];

/** The folder of a run among those of several draws. */
export const drawFolder = (draw: number): string => `draw-${draw}`;

/**
 * Trains one configuration by the few-shot protocol: for each label `shots` images with and as many without it are drawn from the training
 * split, each of another patient where there are enough; the images of all labels are trained on, and a label is known in its own alone.
 * There is no validation. Each of several draws is trained in a process and a run folder of its own, and evaluated on a split that chose
 * nothing; their AUROCs are put together, with intervals over draws and patients. The draws depend on the data, the label policy and the
 * seed of the configuration: models with the same seed can be compared draw by draw. The seed of training goes up by one with each.
 * Started again it continues; runs that are finished are left as they are.
 *
 * @throws {InputError} if the split is the training split, the label policy decides labels by others, a folder holds another run, or
 *   another process writes to the folder.
 * @throws {Error} if a run fails; the others are trained nevertheless.
 * @see Shakeri et al. 2024, arXiv:2409.03868; Silva-Rodríguez et al. 2025, arXiv:2506.17500: few-shot training without a validation set.
 *
 * @example
 * const { macro } = await trainShots({ data, config: resolveConfig({ preset: 'linear' }), shots: 8, draws: 5, out: 'runs/8-shot' });
 * console.log(macro.auroc.mean, macro.auroc.ci);
 */
export async function trainShots(options: TrainShotsOptions): Promise<ShotSummary> {
  const where = 'experiments/trainShots';
  refuseUnknownOptions(where, options, known);
  const { data, config, shots, draws = 10, out, jobs = availableParallelism(), signal, checkpointWhen } = options;
  checkCounts(where, { shots, draws, jobs });
  const progress = progressOf(options);
  remarkPlugins(progress);
  const splitSeed = options.splitSeed ?? config.seed;
  const split = evaluatedSplit(options, splitSeed);
  if (split === 'val')
    progress.remark(
      `${options.split === undefined ? 'no test split in the data: ' : ''}evaluated on the validation split, which chose nothing`,
    );
  const plan = planShots(data, { config, shots, draws, splitSeed });
  plan.remarks.forEach((line) => progress.remark(line));
  return withResources(async (resources) => {
    const lock = lockFolder(out, 'train');
    resources.defer(() => lock.release());
    const file = join(out, 'shots.json');
    writeShotPlan(file, plan, data.dataset);
    const runs = plan.draws.map((_, i): PlannedTraining => ({
      folder: drawFolder(i + 1),
      config: shotConfig(config, i + 1),
      shot: { file, draw: i + 1 },
    }));
    const { encoder, features, from, engine, stallSeconds } = options;
    await trainAll(
      runs,
      { data, out, encoder, features, split, from, engine, stallSeconds, splitSeed, series: 'few-shot training' },
      { jobs, progress, signal, checkpointWhen },
    );
    lock.assertHeld();
    const found = await Promise.all(plan.draws.map((_, i) => readShotRun(out, plan, data, i + 1)));
    const missing = found.flatMap(({ missing }) => missing);
    missing.forEach((line) => progress.remark(line));
    const summary = summarizeShots(
      found.map(({ run }) => run),
      {
        shots,
        seed: config.seed,
        trained: found[0].trained,
        resamples: config.bootstrap,
        remarks: [...plan.remarks, ...missing],
      },
    );
    writeFileAtomic(join(out, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
    return summary;
  });
}

/** The split that is evaluated. @throws {InputError} if that is the one that is trained on, or there is none. */
function evaluatedSplit({ data, split: wanted }: TrainShotsOptions, splitSeed: number): string {
  const split = chooseSplit(wanted, { ...data, dataset: withSplits(data, splitSeed) }, silentProgress);
  if (split === 'train') throw new InputError('expected a split that is not trained on, got train; choose test or val');
  return split;
}

/** The configuration of a draw: nothing is validated, and labels are propagated to their ancestors before they are drawn. */
function shotConfig(config: Config, draw: number): Config {
  return checkConfig(
    {
      ...config,
      seed: (config.seed + draw - 1) % 2 ** 32,
      validation: 'none',
      calibration: 'none',
      conformalAlpha: 0,
      propagateToAncestors: false,
    },
    'the configuration of the draws',
  );
}

/** A draw that is trained, and which of its images could not be read. */
interface FoundShotRun {
  run: ShotRun;
  /** Training images with and without each label. */
  trained: Record<string, { positives: number; negatives: number }>;
  missing: string[];
}

async function readShotRun(out: string, plan: ShotPlan, data: OpenedDataset, draw: number): Promise<FoundShotRun> {
  const folder = drawFolder(draw);
  const run = join(out, folder);
  const { samples } = shotDataset(data, { ...plan, keepsOthers: false }, draw);
  const training = samples.filter(({ split }) => split === 'train');
  const trained = readTrainingData(run)!.labelCounts!.train;
  const missing = Object.entries(plan.draws[draw - 1]).flatMap(([label, { positives, negatives }]) => {
    const lost = positives.length + negatives.length - trained[label].positives - trained[label].negatives;
    return lost === 0 ? [] : [`${folder}: ${lost} of the images drawn for ${label} could not be read`];
  });
  return {
    run: {
      draw,
      folder,
      images: training.length,
      patients: new Set(training.map(({ patient }) => patient)).size,
      evaluation: parseEvaluation(readEvaluationFile(run), join(run, 'evaluation.json')),
      predictions: await readPredictions(run),
    },
    trained,
    missing,
  };
}
