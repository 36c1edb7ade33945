import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError, writeFileAtomic, readJson } from '@cxr-align/files';
import { evaluationSchema } from '../evaluation/evaluation-schema.js';
import { compare as compareModels, comparisonTable, type Comparison } from '../evaluation/comparison.js';
import { readPredictions } from '../evaluation/predictions-file.js';
import { comparisonReport, verdict, type ComparedModel } from '../report/comparison-report.js';
import { commonFlags, printResult, type Command } from './command.js';

const flags = {
  ...commonFlags,
  out: { type: 'string', describe: 'Folder for comparison.json and report.html; beside the first run unless given' },
  png: { type: 'boolean', default: false, describe: 'Write the figures of the report as PNG files, too' },
  draws: { type: 'number', default: 2000, describe: 'Bootstrap draws by patient' },
} as const;

interface Flags {
  json: boolean;
  runs: string[];
  out?: string;
  png: boolean;
  draws: number;
}

/** `cxr-align compare`: the first run against each other one, on the same samples. */
export const compare: Command<unknown> = {
  command: 'compare <runs..>',
  describe: 'Compare runs, or folders of evaluate, on the same samples',
  builder: (yargs) =>
    yargs.positional('runs', { type: 'string', array: true, describe: 'Two or more folders' }).options(flags),
  handler: async (given) => {
    const {
      json,
      runs,
      draws,
      png,
      out = join(runs[0], '..', `compare-${runs.map((run) => basename(run)).join('-')}`),
    } = given as unknown as Flags;
    if (runs.length < 2) throw new InputError(`expected two or more runs, got ${runs.length}`);
    if (!Number.isInteger(draws) || draws < 1)
      throw new InputError(`expected --draws to be a whole number of 1 or more, got ${draws}`);
    const models: ComparedModel[] = [];
    for (const run of runs)
      models.push({ name: basename(run), predictions: await readPredictions(run), evaluation: readEvaluation(run) });
    const comparisons: Comparison[] = models.slice(1).map((model) => compareModels(models[0], model, draws));
    writeFileAtomic(
      join(out, 'comparison.json'),
      `${JSON.stringify(comparisons.length === 1 ? comparisons[0] : comparisons, null, 2)}\n`,
    );
    await comparisonReport(out, comparisons, models, { png });
    printResult(json, comparisons.length === 1 ? comparisons[0] : comparisons, () =>
      [
        ...comparisons.map((comparison) => `${comparisonTable(comparison)}\n${verdict(comparison)}`),
        '',
        `report: ${out}/report.html`,
      ].join('\n'),
    );
  },
};

/** The evaluation beside the predictions; null where there is none that is still understood. */
function readEvaluation(run: string): ComparedModel['evaluation'] {
  const file = join(run, 'evaluation.json');
  return existsSync(file) ? (evaluationSchema.safeParse(readJson(file)).data ?? null) : null;
}
