import { presets } from '@cxr-align/training';
import { configFlagOptions } from '../usage/config-flags.js';
import { each, type JoinedEncoders } from '../usage/joined-encoders.js';
import { outputFolder } from '../usage/output-path.js';
import {
  commonFlags,
  dataFlags,
  downloadFlag,
  encoderFlags,
  engineFlags,
  type DataFlags,
  type startEngineOf,
} from './command.js';

/** The flags of `cxr-align train`. */
export const trainFlags = {
  ...commonFlags,
  ...engineFlags,
  ...dataFlags,
  encoder: { ...encoderFlags.encoder, ...each, describe: `${encoderFlags.encoder.describe}; repeat with --features` },
  features: {
    ...encoderFlags.features,
    ...each,
    describe: `${encoderFlags.features.describe}; repeat to join the features of several encoders`,
  },
  ...downloadFlag,
  data: { ...dataFlags.data, demandOption: false },
  ...configFlagOptions(),
  out: { type: 'string', describe: 'Run folder to write', coerce: outputFolder('out') },
  config: { type: 'string', describe: 'JSON or YAML file of the configuration' },
  preset: { choices: Object.keys(presets), describe: 'Configuration by name' },
  set: {
    type: 'string',
    array: true,
    describe: 'Set a key of the configuration, key=value (--help-config lists all); repeat for more',
  },
  model: {
    type: 'string',
    describe:
      'Model type: aligned, vision-only, linear, mlp (presets of that name), a head that is fitted to stored features without epochs (logistic and others, see the key model), or one of a plug-in',
  },
  seed: { type: 'number', describe: 'Random seed' },
  seeds: {
    type: 'string',
    describe:
      'Train with each of these random seeds, such as 1,2,3, and report mean and spread: a run in seed-1 and so on',
  },
  folds: {
    type: 'number',
    describe:
      'Cross-validate by patient with so many folds: no image is spent on validation, all are evaluated out of fold, and the run predicts by the ensemble of the folds',
  },
  repeats: { type: 'number', describe: 'With --folds: times that the folds are drawn and trained; 1 unless given' },
  shots: {
    type: 'number',
    describe:
      'Few-shot training: draw so many training images with each label, and as many without it, by patient; its annotations in all other images are unknown; no validation; a run for each draw in draw-1 and so on',
  },
  draws: { type: 'number', describe: 'With --shots: times that the training images are drawn; 10 unless given' },
  jobs: {
    type: 'number',
    describe: 'With --seeds, --folds or --shots: runs at a time, each in a process; as many as processors unless given',
  },
  'text-encoder': {
    type: 'string',
    describe: 'Frozen text encoder: built-in, use-lite or a folder (ONNX); short for --set prompts.encoder=',
  },
  'hold-out-label': {
    type: 'string',
    array: true,
    describe: 'Exclude this label from training and score it by its prompts alone (zero-shot); repeat for more',
  },
  'train-count': { type: 'number', describe: 'Number of training images, in whole patients' },
  'train-fraction': { type: 'number', describe: 'Share of the training images, in whole patients' },
  unlabelled: {
    type: 'string',
    describe:
      'Images without labels to train on, too: a folder, table or archive as --data takes it, or a split of the data (train: the training images that are left out or have no label; val, test)',
  },
  'unlabelled-features': {
    type: 'string',
    describe: 'Feature store of the images of --unlabelled DIR; --features unless given',
  },
  'split-seed': { type: 'number', describe: 'Random seed of missing splits; --seed unless given' },
  split: {
    type: 'string',
    describe: 'Split to evaluate after training; test unless given, val if there is no test split',
  },
  from: {
    type: 'string',
    describe: 'Run whose weights are started from, labels matched by name; the optimizer starts anew',
  },
  resume: {
    type: 'boolean',
    default: false,
    describe:
      'Resume a run from its newest checkpoint, with its configuration unless one is named; of a finished one, write what is missing, or train on with more epochs (--epochs)',
  },
  overwrite: { type: 'boolean', default: false, describe: 'Replace an existing run' },
  png: { type: 'boolean', default: false, describe: 'Also write the figures of the report as PNG files' },
  'help-config': { type: 'boolean', default: false, describe: 'Print every key of the configuration' },
} as const;

/** What they give. */
export interface TrainArguments extends DataFlags, JoinedEncoders {
  json: boolean;
  engine: Parameters<typeof startEngineOf>[0]['engine'];
  threads?: number;
  data?: string;
  textEncoder?: string;
  allowDownload: boolean;
  holdOutLabel?: string[];
  out?: string;
  config?: string;
  preset?: string;
  set?: string[];
  model?: string;
  seed?: number;
  seeds?: string;
  folds?: number;
  repeats?: number;
  shots?: number;
  draws?: number;
  jobs?: number;
  trainCount?: number;
  trainFraction?: number;
  splitSeed?: number;
  unlabelled?: string;
  unlabelledFeatures?: string;
  split?: string;
  png: boolean;
  from?: string;
  resume: boolean;
  overwrite: boolean;
  helpConfig: boolean;
}
