import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runReport } from '@cxr-align/run-report';
import { InputError } from '@cxr-align/files';
import { seedFolder } from '@cxr-align/experiments';
import {
  describeConfig,
  encoderFolder,
  makeConfig,
  openDataset,
  presets,
  readRunConfig,
  train as trainModel,
  type Config,
  type SignalControl,
  type TrainedRun,
} from '@cxr-align/training';
import {
  commonFlags,
  dataFlags,
  downloadFlag,
  encoderFlags,
  engineFlags,
  openOptions,
  printResult,
  progress,
  startEngineOf,
  stderrEvents,
  type Command,
  type DataFlags,
} from './command.js';
import { configAssignments, configFlagOptions } from '../usage/config-flags.js';
import { evaluationText } from './evaluation-text.js';
import { trainInFolds } from './train-folds.js';
import { trainWithSeeds } from './train-seeds.js';
import { trainWithShots } from './train-shots.js';
import { each, joinedEncoders, type EncoderFlags, type JoinedEncoders } from '../usage/joined-encoders.js';
import { outputFolder } from '../usage/output-path.js';
import { sameCommand, stoppable } from '../usage/stopping.js';

const flags = {
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

/** `cxr-align train`. */
export const train: Command = {
  builder: (yargs) =>
    yargs
      .options(flags)
      .example('$0 train --data data/phantom --out runs/first', 'train the aligned model')
      .example('$0 train --data data/phantom --out runs/folds --folds 5', 'evaluate on every labelled image')
      .example('$0 train --data data/phantom --out runs/8-shot --shots 8', 'mean of ten draws of 8 + 8 images a label')
      .example('$0 train --data chexpert --out runs/few --train-count 500 --epochs 40', 'train on 500 images'),
  handler: async (given) => {
    const args = { ...(given as unknown as ArgumentsOf), ...joinedEncoders(given as EncoderFlags) };
    if (args.helpConfig) {
      process.stdout.write(`${describeConfig()}\n`);
      return;
    }
    if (!args.data || !args.out) throw new InputError('expected --data DIR and --out RUN, got one of them or none');
    if (args.trainCount !== undefined && args.trainFraction !== undefined)
      throw new InputError('expected --train-count or --train-fraction, got both');
    checkRange(
      '--train-count',
      args.trainCount,
      (value) => Number.isInteger(value) && value >= 1,
      'a whole number of 1 or more',
    );
    checkRange('--train-fraction', args.trainFraction, (value) => value > 0 && value <= 1, 'a number in (0, 1]');
    checkRange(
      '--split-seed',
      args.splitSeed,
      (value) => Number.isInteger(value) && value >= 0,
      'a whole number from 0 on',
    );
    checkRange('--folds', args.folds, (value) => Number.isInteger(value) && value >= 2, 'a whole number of 2 or more');
    checkRange(
      '--repeats',
      args.repeats,
      (value) => Number.isInteger(value) && value >= 1,
      'a whole number of 1 or more',
    );
    for (const [name, value] of Object.entries({ shots: args.shots, draws: args.draws }))
      checkRange(`--${name}`, value, (one) => Number.isInteger(one) && one >= 1, 'a whole number of 1 or more');
    checkRange('--max-bad', args.maxBad, (value) => value >= 0 && value <= 1, 'a number in [0, 1]');
    if (args.preset !== undefined && args.model !== undefined)
      throw new InputError('expected --preset or --model, got both');
    const get = (name: string | undefined) => name && encoderFolder(name, { ...args, progress });
    const encoder = await get(args.encoder);
    const joined = await Promise.all(
      (args.joined ?? []).map(async (one) => ({ ...one, encoder: await get(one.encoder) })),
    );
    const textEncoder = await get(args.textEncoder);
    const config = makeConfig({
      preset: args.preset ?? (isPreset(args.model) ? args.model : undefined),
      layers: formerConfig(args),
      file: args.config,
      set: [...(args.set ?? []), ...configAssignments(given)],
      flags: {
        ...(args.model !== undefined && { model: args.model }),
        seed: args.seed,
        ...(textEncoder !== undefined && { prompts: { encoder: textEncoder } }),
        holdOut: args.holdOutLabel,
        ...(isSplit(args.unlabelled) && { unlabelled: { split: args.unlabelled } }),
        ...((args.encoder ?? args.features) !== undefined && { encoder: { kind: 'frozen' } }),
      },
    });
    if (config.encoder.kind === 'frozen' && args.encoder === undefined && args.features === undefined)
      throw new InputError('expected --encoder DIR or --features STORE with encoder.kind frozen, got neither');
    const { out } = args;
    const series = (['seeds', 'folds', 'shots'] as const).filter((name) => args[name] !== undefined);
    if (series.length > 1)
      throw new InputError(
        `expected one of --seeds, --folds and --shots, got ${series.map((name) => `--${name}`).join(' and ')}; with --folds, --repeats trains several times, with --shots, --draws`,
      );
    if (series.length > 0 && (joined.length > 0 || isOtherData(args.unlabelled)))
      throw new InputError(
        `expected one --features, and no --unlabelled DIR, with --${series[0]}, got ${joined.length > 0 ? 'several --features' : `--unlabelled ${args.unlabelled}`}; train each run by itself`,
      );
    if (args.repeats !== undefined && args.folds === undefined)
      throw new InputError('expected --repeats with --folds, got it alone');
    if (args.draws !== undefined && args.shots === undefined)
      throw new InputError('expected --draws with --shots, got it alone');
    if (args.seeds !== undefined) return trainWithSeeds(out, { ...args, config, encoder });
    if (args.folds !== undefined) return trainInFolds(out, { ...args, config, encoder, folds: args.folds });
    if (args.shots !== undefined) return trainWithShots(out, { ...args, config, encoder, shots: args.shots });
    if (args.jobs !== undefined) throw new InputError('expected --jobs with --seeds, --folds or --shots, got it alone');
    const begun = { isBegun: false };
    await stoppable(
      (control) => trainTo(out, { ...args, config, encoder, ...(joined.length > 0 && { joined }), control, begun }),
      () =>
        begun.isBegun
          ? `resume it: ${sameCommand({ without: ['--overwrite'], more: ['--resume'] })}`
          : `no step was taken; start it again: ${sameCommand()}`,
    );
  },
};

/** What a training is started with beside the flags. */
interface TrainContext {
  config: Config;
  control: SignalControl;
  /** Set once there is a checkpoint of it. */
  begun: { isBegun: boolean };
}

/** Trains, and writes and prints what came of it. */
async function trainTo(
  out: string,
  { config, encoder, control, begun, ...args }: Omit<ArgumentsOf, 'config'> & TrainContext,
): Promise<void> {
  await startEngineOf({ ...args, tf32: config.precision === 'tf32' });
  let isAsked = false;
  const result = await trainModel({
    data: await openDataset(args.data!, openOptions(args), { on: stderrEvents() }),
    config,
    out,
    encoder,
    features: args.features,
    joined: args.joined,
    trainCount: args.trainCount,
    trainFraction: args.trainFraction,
    splitSeed: args.splitSeed,
    ...(isOtherData(args.unlabelled) && {
      unlabelled: await openDataset(args.unlabelled, {}, { on: stderrEvents() }),
    }),
    unlabelledFeatures: args.unlabelledFeatures,
    split: args.split,
    from: args.from,
    resume: args.resume,
    overwrite: args.overwrite,
    on: {
      ...stderrEvents(),
      resume: () => (begun.isBegun = true),
      checkpoint: ({ file, step, steps }) => {
        begun.isBegun = true;
        if (isAsked || control.signal.aborted) progress.remark(`checkpoint after step ${step} of ${steps}: ${file}`);
        isAsked = false;
      },
    },
    signal: control.signal,
    checkpointWhen: () => (isAsked = control.checkpointWhen()),
  });
  const { run, evaluation, bestEpoch, validation, parameters, promptParameters, seconds, dataWaitShare } = result;
  if (result.isNew || args.png || !existsSync(join(run, 'report.html')))
    await runReport(run, result, { png: args.png, errorThumbnails: config.errorThumbnails });
  printResult(
    args.json,
    { run, evaluation, bestEpoch, validation, parameters, promptParameters, seconds, dataWaitShare },
    () =>
      [
        evaluationText(evaluation),
        '',
        `${epochText(result, config)}; ${result.seconds.toFixed(0)} s; ${(100 * result.dataWaitShare).toFixed(1)} % of it waiting for data`,
        `report: ${run}/report.html`,
      ].join('\n'),
  );
}

function isPreset(name: string | undefined): boolean {
  return name !== undefined && Object.hasOwn(presets, name);
}

/** Which epoch was kept. */
function epochText({ bestEpoch, validation }: Pick<TrainedRun, 'bestEpoch' | 'validation'>, config: Config): string {
  if (bestEpoch === 0)
    return `fitted without epochs${validation === null ? '; no validation' : `, validation AUROC ${validation.toFixed(3)}`}`;
  if (config.validation === 'none') return `last epoch, ${bestEpoch}, kept; no validation`;
  return `best epoch ${bestEpoch} of ${config.epochs}, validation AUROC ${validation?.toFixed(3) ?? 'undefined'}`;
}

interface ArgumentsOf extends DataFlags, JoinedEncoders {
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

/** Whether images without labels are of other data. */
function isOtherData(unlabelled: string | undefined): unlabelled is string {
  return unlabelled !== undefined && !isSplit(unlabelled);
}

/** Whether images without labels are those of a split. */
function isSplit(unlabelled: string | undefined): boolean {
  return ['train', 'val', 'test'].includes(unlabelled ?? '');
}

/** The configuration of a run that is resumed, where none is named: the flags change it. */
function formerConfig({ resume, out, preset, model, config, seeds, folds, shots }: ArgumentsOf): object[] {
  const isNamed = preset !== undefined || model !== undefined || config !== undefined;
  if (!resume || out === undefined || isNamed || (folds ?? shots) !== undefined) return [];
  if (seeds === undefined) return [readRunConfig(out) ?? {}];
  // That of all runs is the seed of the command.
  const { seed: _, ...ofRun } = readRunConfig(join(out, seedFolder(parseInt(seeds)))) ?? ({} as Partial<Config>);
  return [ofRun];
}

function checkRange(flag: string, value: number | undefined, fits: (value: number) => boolean, expected: string): void {
  if (value !== undefined && !fits(value)) throw new InputError(`expected ${flag} to be ${expected}, got ${value}`);
}
