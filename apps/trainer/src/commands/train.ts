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
import { openOptions, printResult, progress, startEngineOf, stderrEvents, type Command } from './command.js';
import { configAssignments } from '../usage/config-flags.js';
import { evaluationText } from './evaluation-text.js';
import { type TrainArguments, trainFlags } from './train-flags.js';
import { trainInFolds } from './train-folds.js';
import { trainWithSeeds } from './train-seeds.js';
import { trainWithShots } from './train-shots.js';
import { joinedEncoders, type EncoderFlags } from '../usage/joined-encoders.js';
import { sameCommand, stoppable } from '../usage/stopping.js';

/** `cxr-align train`. */
export const train: Command = {
  builder: (yargs) =>
    yargs
      .options(trainFlags)
      .example('$0 train --data data/phantom --out runs/first', 'train the aligned model')
      .example('$0 train --data data/phantom --out runs/folds --folds 5', 'evaluate on every labelled image')
      .example('$0 train --data data/phantom --out runs/8-shot --shots 8', 'mean of ten draws of 8 + 8 images a label')
      .example('$0 train --data chexpert --out runs/few --train-count 500 --epochs 40', 'train on 500 images'),
  handler: async (given) => {
    const args = { ...(given as unknown as TrainArguments), ...joinedEncoders(given as EncoderFlags) };
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
    if (args.unlabelledFeatures !== undefined && !isOtherData(args.unlabelled))
      throw new InputError('expected --unlabelled-features with --unlabelled DIR, whose images it has, got it without');
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
  { config, encoder, control, begun, ...args }: Omit<TrainArguments, 'config'> & TrainContext,
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

/** Whether images without labels are of other data. */
function isOtherData(unlabelled: string | undefined): unlabelled is string {
  return unlabelled !== undefined && !isSplit(unlabelled);
}

/** Whether images without labels are those of a split. */
function isSplit(unlabelled: string | undefined): boolean {
  return ['train', 'val', 'test'].includes(unlabelled ?? '');
}

/** The configuration of a run that is resumed, where none is named: the flags change it. */
function formerConfig({ resume, out, preset, model, config, seeds, folds, shots }: TrainArguments): object[] {
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
