import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '@cxr-align/files';
import { ablate as runAblation } from '../ablation/ablate-run.js';
import { planAblation } from '../ablation/ablation-grid.js';
import { ablationCells } from '../ablation/ablation-summary.js';
import { ablationReport } from '../report/ablation-report.js';
import { commonFlags, dataFlags, engineFlags, printResult, progress, type Command, type DataFlags } from './command.js';

const flags = {
  ...commonFlags,
  engine: engineFlags.engine,
  ...dataFlags,
  out: { type: 'string', demandOption: true, describe: 'Folder for the runs, summary.json and report.html' },
  features: { type: 'string', describe: 'Feature store that all runs are trained on' },
  grid: { type: 'string', describe: 'JSON or YAML: base, configurations, baseline, trainCounts' },
  split: {
    type: 'string',
    describe: 'Split that the runs are compared on; test unless given, val where there is no test',
  },
  seeds: { type: 'number', default: 3, describe: 'Runs of each configuration' },
  set: { type: 'string', array: true, describe: 'One key of all configurations, key=value; repeat for more' },
  jobs: { type: 'number', describe: 'Runs at a time, a process each; one a processor unless given' },
  png: { type: 'boolean', default: false, describe: 'Write the figure of the report as a PNG file, too' },
  draws: { type: 'number', default: 2000, describe: 'Bootstrap draws by patient' },
} as const;

interface Flags extends DataFlags {
  json: boolean;
  engine: string;
  data: string;
  out: string;
  features?: string;
  grid?: string;
  split?: string;
  seeds: number;
  set?: string[];
  jobs?: number;
  png: boolean;
  draws: number;
}

/** The flags of the data, as they are given on to each run. */
function flagsOf({ format, images, projection, onePerStudy, maxBad, allowPatientOverlap }: DataFlags): string[] {
  return [
    ...['--format', format, '--max-bad', String(maxBad)],
    ...(images === undefined ? [] : ['--images', images]),
    ...(projection === undefined ? [] : ['--projection', projection]),
    ...(onePerStudy ? ['--one-per-study'] : []),
    ...(allowPatientOverlap ? ['--allow-patient-overlap'] : []),
  ];
}

/** `cxr-align ablate`: a grid of configurations, seeds and sizes, and what the data say of it. */
export const ablate: Command<unknown> = {
  command: 'ablate',
  describe: 'Train a grid of configurations and hold them against a baseline',
  builder: (yargs) =>
    yargs
      .options(flags)
      .example(
        '$0 ablate --data data/phantom --out runs/ablation',
        "the method's configurations and weightings, 3 seeds",
      ),
  handler: async (given) => {
    const args = given as unknown as Flags;
    const { data, out, seeds, draws, jobs = availableParallelism() } = args;
    for (const [name, value] of Object.entries({ seeds, draws, jobs })) {
      if (!Number.isInteger(value) || value < 1)
        throw new InputError(`expected --${name} to be a whole number of 1 or more, got ${value}`);
    }
    const set = [...(args.set ?? []), ...(args.features === undefined ? [] : ['encoder.kind=frozen'])];
    const plan = planAblation({ file: args.grid, seeds, set });
    const summary = await runAblation(
      {
        plan,
        data,
        features: args.features,
        split: args.split,
        out,
        jobs,
        draws,
        command: [process.execPath, fileURLToPath(new URL('./main.js', import.meta.url))],
        flags: ['--engine', args.engine, ...flagsOf(args)],
      },
      progress,
    );
    await ablationReport(out, summary, { png: args.png });
    printResult(args.json, summary, () => {
      const { header, rows } = ablationCells(summary);
      const cells = [header, ...rows.map((row) => row.map((cell) => cell ?? '–'))];
      const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
      return [
        ...cells.map((row) =>
          row
            .map((cell, i) => cell.padEnd(widths[i]))
            .join('  ')
            .trimEnd(),
        ),
        '',
        `${summary.samples} images of ${summary.patients} patients; ${summary.method}`,
        `report: ${join(out, 'report.html')}`,
      ].join('\n');
    });
  },
};
