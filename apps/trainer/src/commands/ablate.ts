import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineName } from '@cxr-align/engine';
import { InputError } from '@cxr-align/files';
import { ablate as runAblation, planAblation, runFolder } from '@cxr-align/experiments';
import { openDataset, readEvaluatedRun } from '@cxr-align/training';
import { ablationText, forecastText } from '@cxr-align/evaluation';
import { ablationReport, runReport } from '@cxr-align/run-report';
import {
  commonFlags,
  dataFlags,
  engineFlags,
  openOptions,
  printResult,
  stderrEvents,
  type Command,
  type DataFlags,
} from './command.js';
import { configAssignments, configFlagOptions } from '../usage/config-flags.js';
import { outputFolder } from '../usage/output-path.js';
import { startAgain, stoppable } from '../usage/stopping.js';

const flags = {
  ...commonFlags,
  engine: engineFlags.engine,
  ...dataFlags,
  ...configFlagOptions(),
  out: {
    type: 'string',
    demandOption: true,
    describe: 'Folder for the runs, summary.json and report.html',
    coerce: outputFolder('out'),
  },
  features: { type: 'string', describe: 'Feature store of all runs' },
  grid: {
    type: 'string',
    describe:
      'JSON or YAML file with base, configurations, baseline and trainCounts; the method by its parts unless given',
  },
  split: {
    type: 'string',
    describe: 'Split to compare the runs on; val unless given, so that the test split stays unseen',
  },
  seeds: { type: 'number', default: 3, describe: 'Runs of each configuration, one for each random seed from 0' },
  'train-counts': {
    type: 'string',
    describe: 'Sizes of the training set, comma-separated, such as 16,32,64,all; those of the grid unless given',
  },
  forecast: {
    type: 'number',
    describe: 'Forecast how many labels this AUROC needs, from 3 or more sizes of the training set',
  },
  set: { type: 'string', array: true, describe: 'Set a key of all configurations, key=value; repeat for more' },
  jobs: { type: 'number', describe: 'Runs at a time, each in a process; as many as processors unless given' },
  png: { type: 'boolean', default: false, describe: 'Also write the figure of the report as a PNG file' },
  resamples: { type: 'number', default: 2000, describe: 'Bootstrap resamples of patients' },
} as const;

interface Flags extends DataFlags {
  json: boolean;
  engine: EngineName | 'auto';
  data: string;
  out: string;
  features?: string;
  grid?: string;
  split?: string;
  seeds: number;
  set?: string[];
  trainCounts?: string;
  forecast?: number;
  jobs?: number;
  png: boolean;
  resamples: number;
}

/** `cxr-align ablate`: trains a grid of configurations, seeds and training-set sizes, and compares them with a baseline. */
export const ablate: Command = {
  builder: (yargs) =>
    yargs
      .options(flags)
      .example(
        '$0 ablate --data data/phantom --out runs/ablation',
        "the method's configurations and weightings, 3 seeds",
      ),
  handler: async (given) => {
    const args = given as unknown as Flags;
    const { data, out, seeds, resamples, jobs, engine, features, split } = args;
    if (!Number.isInteger(seeds) || seeds < 1)
      throw new InputError(`expected --seeds to be a whole number of 1 or more, got ${seeds}`);
    const frozen = features === undefined ? [] : ['encoder.kind=frozen'];
    const set = [...(args.set ?? []), ...configAssignments(given), ...frozen];
    const plan = planAblation({ file: args.grid, seeds, set, trainCounts: trainCountsOf(args.trainCounts) });
    const opened = await openDataset(data, openOptions(args), { on: stderrEvents() });
    const summary = await stoppable(
      ({ signal, checkpointWhen }) =>
        runAblation({
          plan,
          data: opened,
          features,
          split,
          out,
          engine,
          ...(jobs !== undefined && { jobs }),
          resamples,
          ...(args.forecast !== undefined && { forecast: args.forecast }),
          on: stderrEvents(),
          signal,
          checkpointWhen,
        }),
      startAgain,
    );
    for (const run of plan.runs) {
      const folder = join(out, runFolder(run));
      if (!existsSync(join(folder, 'report.html'))) await runReport(folder, await readEvaluatedRun(folder));
    }
    await ablationReport(out, summary, { png: args.png });
    printResult(args.json, summary, () =>
      [
        ablationText(summary),
        ...(summary.forecast ? [forecastText(summary.forecast)] : []),
        `report: ${join(out, 'report.html')}`,
      ].join('\n'),
    );
  },
};

/** The sizes that --train-counts names; `all` is null. */
function trainCountsOf(text: string | undefined): (number | null)[] | undefined {
  return text?.split(',').map((one) => {
    const word = one.trim();
    if (word !== 'all' && !/^[1-9]\d*$/.test(word))
      throw new InputError(`expected --train-counts such as 16,32,64,all, got ${text}`);
    return word === 'all' ? null : Number(word);
  });
}
