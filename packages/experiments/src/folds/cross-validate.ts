import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { InputError, lockFolder } from '@cxr-align/files';
import {
  checkConfig,
  foldsFile,
  progressOf,
  refuseUnknownOptions,
  Run,
  withResources,
  type Config,
} from '@cxr-align/training';
import type { PlannedTraining } from '../planned/planned-runs.js';
import { configuredSeriesOptions, type ConfiguredSeriesOptions } from '../planned/series-options.js';
import { checkCounts, remarkPlugins, trainAll } from '../planned/train-planned.js';
import { finishFolds, type FinishedFolds } from './finish-folds.js';
import { foldFolder, placesOf, planFolds, writeFoldPlan, type FoldPlan } from '../planned/fold-plan.js';

/** What is cross-validated, and how. */
export interface CrossValidateOptions extends ConfiguredSeriesOptions {
  /** Folds, of whole patients: 2 or more. Default 5. */
  folds?: number;
  /** Times that the folds are drawn and trained. Default 1. */
  repeats?: number;
}

/** A cross-validation: a run whose model is the ensemble of its folds, evaluated on out-of-fold predictions. */
export type CrossValidatedRun = Run & FinishedFolds;

const known: readonly (keyof CrossValidateOptions)[] = [...configuredSeriesOptions, 'folds', 'repeats'];

/**
 * Cross-validates a configuration by patient: the images of the training and validation splits are divided into folds, one model is
 * trained without each fold, and predicts it. No labelled image is spent on validation: ensemble weights, calibration, thresholds and
 * prediction sets are fitted on out-of-fold predictions, for the evaluation itself on those of the other folds. The test split stays
 * apart. `out` becomes a run folder whose model is the ensemble of all folds (mean of their logits), with a run folder for each fold in
 * it. Started again it continues; folds that are finished are left as they are.
 *
 * @throws {InputError} if there are fewer patients than folds, the configuration needs a validation split (`patience`) or zero-shot
 *   labels (`holdOut`), a folder holds another run, or another process writes to the folder.
 * @throws {Error} if a fold fails; the others are trained nevertheless.
 * @see Stone 1974, doi:10.1111/j.2517-6161.1974.tb00994.x.
 *
 * @example
 * const { evaluation } = await crossValidate({ data, config: resolveConfig({ preset: 'linear' }), folds: 5, out: 'runs/folds' });
 * console.log(evaluation.macro.auroc, evaluation.macro.aurocCi);
 */
export async function crossValidate(options: CrossValidateOptions): Promise<CrossValidatedRun> {
  const where = 'experiments/crossValidate';
  refuseUnknownOptions(where, options, known);
  const { data, config, out, folds = 5, repeats = 1, jobs = availableParallelism(), signal, checkpointWhen } = options;
  checkCounts(where, { jobs, repeats });
  const progress = progressOf(options);
  remarkPlugins(progress);
  const plan = planFolds(data, { folds, repeats, seed: options.splitSeed ?? config.seed });
  plan.remarks.forEach((line) => progress.remark(line));
  const runs = foldRuns('', plan, { out, config, trainCount: options.trainCount });
  return withResources(async (resources) => {
    const lock = lockFolder(out, 'train');
    resources.defer(() => lock.release());
    writeFoldPlan(out, plan, data.dataset);
    const { encoder, features, trainFraction, from, engine, stallSeconds } = options;
    if (encoder !== undefined && features === undefined)
      progress.remark(
        'each fold extracts features of its own: extract them once, and give the store, to save that time',
      );
    const shared = { data, out, encoder, features, trainFraction, from, engine, stallSeconds, splitSeed: plan.seed };
    await trainAll(
      runs,
      { ...shared, split: 'test', series: 'cross-validation' },
      { jobs, progress, signal, checkpointWhen },
    );
    lock.assertHeld();
    const finished = await finishFolds({ out, data, config: foldsConfig(config), plan }, progress);
    return Object.assign(new Run(out, data), finished);
  });
}

/**
 * The trainings of all folds.
 *
 * @param folder of the cross-validation in the folder of the series; empty where it is that.
 * @throws {InputError} if the configuration cannot be trained in folds.
 */
export function foldRuns(
  folder: string,
  plan: FoldPlan,
  { out, config, trainCount }: { out: string; config: Config; trainCount?: number },
): PlannedTraining[] {
  if (config.holdOut.length > 0)
    throw new InputError(
      `expected no labels that are held out (${config.holdOut.join(', ')}) in a cross-validation, which evaluates trained labels; set holdOut to []`,
    );
  if (config.encoder.tune !== 'none')
    throw new InputError(
      `expected encoder.tune none in a cross-validation, whose models take the features of one encoder, got ${config.encoder.tune}; tune it in a single run`,
    );
  const untuned = checkConfig(
    { ...config, validation: 'none', calibration: 'none', conformalAlpha: 0 },
    'the configuration of the folds',
  );
  return placesOf(plan).map((place) => ({
    folder: join(folder, foldFolder(place)),
    config: { ...untuned, seed: (untuned.seed + place.repeat - 1) % 2 ** 32 },
    trainCount,
    fold: { ...place, file: foldsFile(join(out, folder)) },
  }));
}

/** The configuration of a cross-validation as its model keeps it. */
export function foldsConfig(config: Config): Config {
  return { ...config, validation: 'folds' };
}
