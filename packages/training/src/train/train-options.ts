import { InputError } from '@cxr-align/files';
import type { RunControl, TrainEvents } from '../events.js';
import type { Config } from '../config/config-schema.js';
import type { EncoderOptions } from '../inputs/input-source.js';
import type { OpenedDataset, TrainingSetOptions } from '../inputs/prepare-data.js';
import { refuseUnknownOptions } from '../known-options.js';

/** What is trained, on what, and where the run folder is written. */
export interface TrainOptions
  extends RunControl<TrainEvents>, Omit<EncoderOptions, 'out'>, Omit<TrainingSetOptions, 'seed' | 'drawsValidation'> {
  data: OpenedDataset;
  config: Config;
  /** The run folder. */
  out: string;
  /**
   * Other images, whose labels are not used, to train on with pseudo-labels (see `unlabelled` of the configuration, whose key
   * `unlabelled.split` names images of `data` itself). None unless given.
   */
  unlabelled?: OpenedDataset;
  /** Feature store of these; that of the data unless given, or with `encoder` one in the run folder. */
  unlabelledFeatures?: string;
  /** The split that is evaluated at the end; test unless given, val where there is no test. */
  split?: string;
  /** Run whose weights are started from: arrays of the same name, labels matched by theirs; the optimizer starts anew. Random weights unless given. */
  from?: string;
  /** Keeps the logits of each branch of the model on the evaluated split, in `branches.safetensors`. Default false. */
  keepsBranches?: boolean;
  /** Resumes a run from its newest checkpoint that is whole, and makes what is missing of a trained one. Default false. */
  resume?: boolean;
  /** Replaces a run that is in the folder, once the new one is sure to start. Default false. */
  overwrite?: boolean;
  /** Called after each step; returns whether a checkpoint is written there, besides those after each epoch. */
  checkpointWhen?: (step: number) => boolean;
  /** Ends the training at the next step, or batch of a validation, with the signal's reason, once a checkpoint is written. */
  signal?: AbortSignal;
}

const known: readonly (keyof TrainOptions)[] = [
  'data',
  'config',
  'out',
  'encoder',
  'features',
  'joined',
  'trainCount',
  'trainFraction',
  'splitSeed',
  'unlabelled',
  'unlabelledFeatures',
  'split',
  'from',
  'keepsBranches',
  'resume',
  'overwrite',
  'checkpointWhen',
  'on',
  'signal',
  'stallSeconds',
];

/** @throws {TypeError} on an unknown or missing option. @throws {RangeError} on a value out of range. */
export function checkTrainOptions(options: TrainOptions): void {
  const where = 'training/train';
  refuseUnknownOptions(where, options, known);
  for (const name of ['data', 'config', 'out'] as const)
    if (options[name] === undefined) throw new TypeError(`${where}: expected the option ${name}, got none`);
  if (options.config.validation === 'folds')
    throw new InputError(
      'expected validation split or none, got folds, which a cross-validation sets; leave it out, or train in folds',
    );
  if (options.unlabelledFeatures !== undefined && options.unlabelled === undefined)
    throw new TypeError(`${where}: expected unlabelledFeatures with unlabelled, whose images it has, got it alone`);
  const { trainCount, trainFraction, splitSeed } = options;
  if (trainCount !== undefined && trainFraction !== undefined)
    throw new TypeError(`${where}: expected trainCount or trainFraction, got both; leave one out`);
  checkNumber(
    'trainCount',
    trainCount,
    (value) => Number.isInteger(value) && value >= 1,
    'a whole number of 1 or more',
  );
  checkNumber('trainFraction', trainFraction, (value) => value > 0 && value <= 1, 'a number in (0, 1]');
  checkNumber('splitSeed', splitSeed, (value) => Number.isInteger(value) && value >= 0, 'a whole number from 0 on');

  function checkNumber(
    name: string,
    value: number | undefined,
    fits: (value: number) => boolean,
    wanted: string,
  ): void {
    if (value !== undefined && !fits(value))
      throw new RangeError(`${where}: expected ${name} to be ${wanted}, got ${value}`);
  }
}
