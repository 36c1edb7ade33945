import { join } from 'node:path';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import {
  type Comparison,
  compare as compareModels,
  comparisonTable,
  evaluationSchema,
  pairPredictions,
  verdict,
} from '@cxr-align/evaluation';
import { readEvaluationFile, readPredictions } from '@cxr-align/training';
import { type ComparedModel, comparisonReport } from '@cxr-align/run-report';
import { type Command, commonFlags, printResult, progress } from './command.js';
import { comparisonFolder, modelNames } from '../usage/model-names.js';
import { outputFolder } from '../usage/output-path.js';

const flags = {
  ...commonFlags,
  out: {
    type: 'string',
    describe: 'Folder for comparison.json and report.html; beside the first run unless given',
    coerce: outputFolder('out'),
  },
  png: { type: 'boolean', default: false, describe: 'Also write the figures of the report as PNG files' },
  resamples: { type: 'number', default: 2000, describe: 'Bootstrap resamples of patients' },
} as const;

interface Flags {
  json: boolean;
  runs: string[];
  out?: string;
  png: boolean;
  resamples: number;
}

/** `cxr-align compare`: the first run against each other one, on the same samples. */
export const compare: Command = {
  builder: (yargs) =>
    yargs
      .positional('runs', {
        type: 'string',
        array: true,
        describe: 'Two or more folders; the others are compared with the first',
      })
      .options(flags),
  handler: async (given) => {
    const { json, runs, resamples, png, out = comparisonFolder(runs) } = given as unknown as Flags;
    if (runs.length < 2) throw new InputError(`expected two or more runs, got ${runs.length}`);
    if (!Number.isInteger(resamples) || resamples < 1)
      throw new InputError(`expected --resamples to be a whole number of 1 or more, got ${resamples}`);
    const names = modelNames(runs);
    const models: ComparedModel[] = [];
    for (const [i, run] of runs.entries())
      models.push({
        name: names[i],
        predictions: await readPredictions(run, (text) => progress.remark(text)),
        evaluation: readEvaluation(run),
      });
    const comparisons = await compareAll(models, { resamples, out, png });
    printResult(json, comparisons.length === 1 ? comparisons[0] : comparisons, () =>
      [
        ...comparisons.map((comparison) => `${comparisonTable(comparison)}\n${verdict(comparison)}`),
        '',
        `report: ${out}/report.html`,
      ].join('\n'),
    );
  },
};

/**
 * Compares the first model with each other one on the samples and labels that all have.
 *
 * @param out folder of `comparison.json` and the report; nothing is written unless given.
 */
export async function compareAll(
  models: readonly ComparedModel[],
  { resamples, out, png }: { resamples: number; out?: string; png: boolean },
): Promise<Comparison[]> {
  const { models: paired, remarks } = pairPredictions(models);
  remarks.forEach((line) => progress.remark(line));
  const comparisons = models.slice(1).map(({ name }, i) => {
    const comparison = compareModels(paired[0], paired[i + 1], { names: [models[0].name, name], resamples });
    return { ...comparison, method: [comparison.method, ...remarks].join('; ') };
  });
  if (out === undefined) return comparisons;
  writeFileAtomic(
    join(out, 'comparison.json'),
    `${JSON.stringify(comparisons.length === 1 ? comparisons[0] : comparisons, null, 2)}\n`,
  );
  const reported = models.map((model, i) => ({ ...model, predictions: paired[i] }));
  await comparisonReport(out, comparisons, reported, { png });
  return comparisons;
}

/** The evaluation beside the predictions; null if there is none of this format. */
function readEvaluation(run: string): ComparedModel['evaluation'] {
  return evaluationSchema.safeParse(readEvaluationFile(run)).data ?? null;
}
