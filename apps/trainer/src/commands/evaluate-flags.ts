import { InputError } from '@cxr-align/files';
import { type Views, viewRules } from '@cxr-align/evaluation';
import { each, type JoinedEncoders } from '../usage/joined-encoders.js';
import { outputFolder } from '../usage/output-path.js';
import { commonFlags, dataFlags, encoderFlags, engineFlags, type DataFlags, type startEngineOf } from './command.js';

/** The flags of `cxr-align evaluate`. */
export const flags = {
  ...commonFlags,
  ...engineFlags,
  ...dataFlags,
  encoder: { ...encoderFlags.encoder, ...each, describe: `${encoderFlags.encoder.describe}; repeat with --features` },
  features: {
    ...encoderFlags.features,
    ...each,
    describe: `${encoderFlags.features.describe}; repeat to join the features of several encoders`,
  },
  data: { ...dataFlags.data, demandOption: false },
  run: { type: 'string', describe: 'Run folder' },
  graph: { type: 'string', describe: 'Label graph of the data set, if its labels differ from those of the run' },
  split: {
    type: 'string',
    describe: 'Split to evaluate: train, val or test; test unless given, val if there is no test split',
  },
  out: {
    type: 'string',
    describe: 'Output folder; with --run evaluations/DATA-SPLIT under the run unless given, for what train wrote stays',
    coerce: outputFolder('out'),
  },
  'zero-shot': {
    type: 'boolean',
    default: false,
    describe:
      'With --run: evaluate labels that it was not trained on, by their prompts; without: evaluate the dual encoder --encoder and --text-encoder',
  },
  'text-encoder': {
    type: 'string',
    describe: 'With --zero-shot, text encoder: built-in, use-lite or a folder (ONNX); that of the run unless given',
  },
  scores: {
    type: 'string',
    describe:
      'Scores of other programs: a table (CSV, TSV, Parquet) with sample, patient and, for each label, y:LABEL and p:LABEL, or LABEL_true and LABEL_prob; or .npy [samples, labels]',
  },
  targets: {
    type: 'string',
    describe: 'Targets by sample in a table, or .npy beside scores in .npy: 1, 0, and -1, NaN or blank for unknown',
  },
  labels: { type: 'string', describe: 'JSON list of the label names; with .npy in the order of its columns' },
  samples: { type: 'string', describe: 'Names of the samples of .npy scores: .npy, a table, or .txt with one a line' },
  patients: { type: 'string', describe: 'Patient of each sample: .npy, a table, or .txt with one a line' },
  thresholds: {
    type: 'string',
    describe: 'JSON object from label to threshold, on the scale of the scores; probability 0.5 unless given',
  },
  prevalence: {
    type: 'string',
    array: true,
    describe:
      'Share of images with a label where the model will be used, for predictive values: LABEL=SHARE or a JSON file; repeat for more; that of these images unless given',
  },
  'films-per-day': {
    type: 'number',
    describe: 'Images a day where the model will be used, for the false alarms a day of each label',
  },
  'scores-are': {
    choices: ['auto', 'logits', 'probabilities'] as const,
    default: 'auto' as const,
    describe: 'Scale of the scores; auto: logits if any score is outside [0, 1]',
  },
  views: {
    choices: viewRules,
    default: 'image' as const,
    describe: 'With --run: score each image, or aggregate the images of each study',
  },
  'test-views': {
    type: 'number',
    default: 1,
    describe:
      'With --run: test-time augmentation, average the logits of so many views of each image (stored ones of features)',
  },
  'label-shift': {
    type: 'boolean',
    default: false,
    describe: 'With --run: adjust probabilities to the prevalence of this data set, estimated without its labels',
  },
  localise: {
    type: 'boolean',
    default: false,
    describe: 'With --run: evaluate localisation maps against boxes: pointing game, overlap, share inside',
  },
  boxes: {
    type: 'string',
    describe: 'Table of boxes: image, label, x, y, w, h; those of the data set, else boxes.csv in --data, unless given',
  },
  'error-thumbnails': {
    type: 'number',
    default: 0,
    describe: 'With --run: number of images with the largest errors shown in the report; they are patient data',
  },
  png: { type: 'boolean', default: false, describe: 'Also write the figures of the report as PNG files' },
  groups: {
    type: 'string',
    describe: 'CSV with a header and one row for each sample: attributes for the subgroup audit',
  },
  resamples: {
    type: 'number',
    describe:
      'Bootstrap resamples of patients, 0 = no intervals; 1000 unless given, with --run as many as its configuration has (bootstrap)',
  },
  'bootstrap-threads': { type: 'number', default: 1, describe: 'Threads of the bootstrap' },
  schema: { type: 'boolean', default: false, describe: 'Print the JSON schema of evaluation.json' },
} as const;

export interface Flags extends DataFlags, JoinedEncoders {
  json: boolean;
  engine: Parameters<typeof startEngineOf>[0]['engine'];
  threads?: number;
  data?: string;
  run?: string;
  graph?: string;
  split?: string;
  out?: string;
  localise: boolean;
  boxes?: string;
  zeroShot: boolean;
  textEncoder?: string;
  scores?: string;
  targets?: string;
  labels?: string;
  patients?: string;
  samples?: string;
  thresholds?: string;
  prevalence?: string[];
  filmsPerDay?: number;
  scoresAre: 'auto' | 'logits' | 'probabilities';
  groups?: string;
  resamples?: number;
  bootstrapThreads: number;
  views: Views;
  testViews: number;
  labelShift: boolean;
  errorThumbnails: number;
  png: boolean;
  schema: boolean;
}

/** @throws {InputError} if a number is none that its flag takes. */
export function checkNumbers({ bootstrapThreads, resamples, errorThumbnails, filmsPerDay, testViews }: Flags): void {
  if (!Number.isInteger(testViews) || testViews < 1)
    throw new InputError(`expected --test-views to be a whole number of 1 or more, got ${testViews}`);
  if (!Number.isInteger(bootstrapThreads) || bootstrapThreads < 1)
    throw new InputError(`expected --bootstrap-threads to be a whole number of 1 or more, got ${bootstrapThreads}`);
  if (resamples !== undefined && (!Number.isInteger(resamples) || resamples < 0))
    throw new InputError(`expected --resamples to be a whole number of 0 or more, got ${resamples}`);
  if (!Number.isInteger(errorThumbnails) || errorThumbnails < 0)
    throw new InputError(`expected --error-thumbnails to be a whole number of 0 or more, got ${errorThumbnails}`);
  if (filmsPerDay !== undefined && !(filmsPerDay > 0))
    throw new InputError(`expected --films-per-day to be a number above 0, got ${filmsPerDay}`);
}

/** @throws {InputError} if a flag was given that scores of another program alone have, so that none is ignored. */
export function refuseScoreFlags({ targets, labels, patients, samples, groups, thresholds, scoresAre }: Flags): void {
  const given = Object.entries({ targets, labels, patients, samples, groups, thresholds }).flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag}`],
  );
  if (scoresAre !== 'auto') given.push('--scores-are');
  if (given.length > 0)
    throw new InputError(
      `expected ${given.join(', ')} with --scores, got ${given.length > 1 ? 'them' : 'it'} without${thresholds === undefined ? '' : '; the thresholds of a run are changed by: cxr-align thresholds --run RUN --label NAME=THRESHOLD'}`,
    );
}

/** The given flags that need a run. */
export function needingRun({
  views,
  testViews,
  labelShift,
  localise,
  errorThumbnails,
}: Flags): Record<string, boolean> {
  return {
    '--views': views !== 'image',
    '--test-views': testViews !== 1,
    '--label-shift': labelShift,
    '--localise': localise,
    '--error-thumbnails': errorThumbnails > 0,
  };
}

/** @throws {InputError} if a flag was given that needs a run or its images. */
export function refuseRunFlags(args: Flags): void {
  const { run, data, encoder, features, graph, zeroShot, textEncoder, boxes } = args;
  refuseFlags('--scores', {
    '--run': run !== undefined,
    '--encoder': encoder !== undefined,
    '--features': features !== undefined,
    '--graph': graph !== undefined && data === undefined,
    '--zero-shot': zeroShot,
    '--text-encoder': textEncoder !== undefined,
    '--boxes': boxes !== undefined,
    ...needingRun(args),
  });
}

/** @throws {InputError} if one of some flags was given. */
export function refuseFlags(beside: string, flags: Readonly<Record<string, boolean>>): void {
  const given = Object.entries(flags).flatMap(([flag, isGiven]) => (isGiven ? [flag] : []));
  if (given.length > 0)
    throw new InputError(`expected ${beside} alone or --run with its data, got ${beside} and ${given.join(', ')}`);
}
