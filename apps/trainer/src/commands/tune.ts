import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineName } from '@cxr-align/engine';
import { searchText, type SearchSummary } from '@cxr-align/evaluation';
import { InputError } from '@cxr-align/files';
import { runReport, searchReport } from '@cxr-align/run-report';
import { readSearchSpace, tune as search } from '@cxr-align/experiments';
import { makeConfig, openDataset, presets, readEvaluatedRun } from '@cxr-align/training';
import { configAssignments, configFlagOptions } from '../usage/config-flags.js';
import { outputFolder } from '../usage/output-path.js';
import { startAgain, stoppable } from '../usage/stopping.js';
import {
  commonFlags,
  dataFlags,
  encoderFlags,
  engineFlags,
  openOptions,
  printResult,
  progress,
  stderrEvents,
  type Command,
  type DataFlags,
} from './command.js';

const flags = {
  ...commonFlags,
  engine: engineFlags.engine,
  ...dataFlags,
  ...encoderFlags,
  ...configFlagOptions(),
  out: {
    type: 'string',
    demandOption: true,
    describe: 'Folder for the runs, trials.json, best.json and report.html',
    coerce: outputFolder('out'),
  },
  set: {
    type: 'string',
    array: true,
    describe:
      'Search a key of the configuration: a range, key=1e-4..1e-2 (with :log or :linear after it; log unless given where it spans more than a decade), or a list, key=dense,query; key=value sets it for all trials; repeat for more',
  },
  config: { type: 'string', describe: 'JSON or YAML file of the configuration of all trials' },
  preset: { choices: Object.keys(presets), describe: 'Configuration of all trials by name' },
  trials: { type: 'number', default: 20, describe: 'Trials, each with settings drawn at random' },
  seed: { type: 'number', describe: 'Random seed of the settings and of all trainings' },
  halving: {
    type: 'boolean',
    default: false,
    describe: 'Successive halving: train all trials for few epochs, the best third of them for more, and so on',
  },
  rungs: {
    type: 'string',
    describe: 'With --halving: epochs after which it goes on, such as 2,6,18; by thirds of --epochs unless given',
  },
  reduction: { type: 'number', describe: 'With --halving: one trial in so many goes on; 3 unless given' },
  'train-count': { type: 'number', describe: 'Number of training images, in whole patients' },
  'train-fraction': { type: 'number', describe: 'Share of the training images, in whole patients' },
  'split-seed': { type: 'number', describe: 'Random seed of missing splits; --seed unless given' },
  from: { type: 'string', describe: 'Run whose weights all trials start from' },
  test: {
    type: 'boolean',
    default: true,
    describe: 'Evaluate the best trial on the test split at the end; --no-test leaves that unseen',
  },
  jobs: { type: 'number', describe: 'Runs at a time, each in a process; as many as processors unless given' },
} as const;

interface Flags extends DataFlags {
  json: boolean;
  engine: EngineName | 'auto';
  data: string;
  out: string;
  encoder?: string;
  features?: string;
  set?: string[];
  config?: string;
  preset?: string;
  trials: number;
  seed?: number;
  halving: boolean;
  rungs?: string;
  reduction?: number;
  trainCount?: number;
  trainFraction?: number;
  splitSeed?: number;
  from?: string;
  test: boolean;
  jobs?: number;
}

/** `cxr-align tune`: a random search over settings, chosen on validation. */
export const tune: Command = {
  builder: (yargs) =>
    yargs
      .options(flags)
      .example(
        '$0 tune --data data/phantom --out runs/search --set learningRate=1e-4..1e-2 --set decoder.kind=dense,query --trials 20',
        'search learning rate and decoder',
      ),
  handler: async (given) => {
    const args = given as unknown as Flags;
    const { data, out, encoder, features, trials, seed, test, engine, jobs, from } = args;
    if (!Number.isInteger(trials) || trials < 1)
      throw new InputError(`expected --trials to be a whole number of 1 or more, got ${trials}`);
    if (!args.halving && (args.rungs !== undefined || args.reduction !== undefined))
      throw new InputError('expected --rungs and --reduction with --halving, got them alone');
    const { space, fixed } = readSearchSpace([...(args.set ?? []), ...configAssignments(given)]);
    const config = makeConfig({
      preset: args.preset,
      file: args.config,
      set: [...fixed, ...((encoder ?? features) === undefined ? [] : ['encoder.kind=frozen'])],
      flags: { seed },
    });
    const opened = await openDataset(data, openOptions(args), { on: stderrEvents() });
    const { trainCount, trainFraction, splitSeed } = args;
    const result = await stoppable(
      ({ signal, checkpointWhen }) =>
        search({
          ...{ data: opened, config, space, trials, out, encoder, features, trainCount, trainFraction, splitSeed },
          ...{ from, test, engine, signal, checkpointWhen },
          halving: args.halving && {
            ...rungsOf(args.rungs),
            ...(args.reduction !== undefined && { reduction: args.reduction }),
          },
          ...(jobs !== undefined && { jobs }),
          on: stderrEvents(),
        }),
      startAgain,
    );
    const best = join(out, result.best.folder);
    await reportTrials(out, result);
    printResult(
      args.json,
      result,
      () =>
        `${searchText(result)}\nreport: ${join(out, 'report.html')}\nrun: ${best}\nconfiguration: ${join(out, 'best.json')} (train --config)`,
    );
  },
};

/** A page of each trial that was evaluated, as far as there is none, and one of all of them. */
async function reportTrials(out: string, summary: SearchSummary): Promise<void> {
  const folders = summary.trials
    .map(({ rungs }) => rungs.at(-1)!.folder)
    .filter((folder) => existsSync(join(out, folder, 'evaluation.json')));
  const bar = progress.start('writing reports', folders.length);
  try {
    for (const [i, folder] of folders.entries()) {
      const run = join(out, folder);
      if (!existsSync(join(run, 'report.html'))) await runReport(run, await readEvaluatedRun(run));
      bar.update(i + 1);
    }
  } finally {
    bar.stop();
  }
  await searchReport(out, summary, { reported: new Set(folders) });
}

function rungsOf(text: string | undefined): { rungs?: number[] } {
  if (text === undefined) return {};
  if (!/^\d+(,\d+)+$/.test(text))
    throw new InputError(
      `expected --rungs to be numbers of epochs with commas between them, such as 2,6,18, got ${text}`,
    );
  return { rungs: text.split(',').map(Number) };
}
