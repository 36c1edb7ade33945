import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { foldsText } from '@cxr-align/evaluation';
import { InputError } from '@cxr-align/files';
import { runReport } from '@cxr-align/run-report';
import { crossValidate } from '@cxr-align/experiments';
import { openDataset, type Config } from '@cxr-align/training';
import { startAgain, stoppable } from '../usage/stopping.js';
import { openOptions, printResult, stderrEvents } from './command.js';
import { evaluationText } from './evaluation-text.js';
import type { SeedsFlags } from './train-seeds.js';

/** The flags of `train` that a cross-validation takes. */
export interface FoldsFlags extends Omit<SeedsFlags, 'seeds' | 'resume'> {
  folds: number;
  repeats?: number;
}

/** Cross-validates one configuration, and prints the evaluation of the out-of-fold predictions. */
export async function trainInFolds(
  out: string,
  { config, encoder, ...args }: FoldsFlags & { config: Config; encoder?: string },
): Promise<void> {
  const { features, trainCount, trainFraction, splitSeed, from, engine, jobs, folds, repeats } = args;
  if (args.overwrite)
    throw new InputError('expected --folds without --overwrite, got both; remove the folder, or use another one');
  if (args.split !== undefined)
    throw new InputError(
      `expected --folds without --split, got ${args.split}: the images of all folds are evaluated; evaluate the run on a split afterwards`,
    );
  const data = await openDataset(args.data!, openOptions(args), { on: stderrEvents() });
  const result = await stoppable(
    ({ signal, checkpointWhen }) =>
      crossValidate({
        ...{ data, config, folds, out, encoder, features, trainCount, trainFraction, splitSeed, from },
        ...{ engine, signal, checkpointWhen },
        ...(repeats !== undefined && { repeats }),
        ...(jobs !== undefined && { jobs }),
        on: stderrEvents(),
      }),
    startAgain,
  );
  if (result.isNew || args.png || !existsSync(join(out, 'report.html')))
    await runReport(out, result, { png: args.png, errorThumbnails: config.errorThumbnails });
  const { evaluation } = result;
  printResult(args.json, { run: out, evaluation }, () =>
    [evaluationText(evaluation), '', ...foldsText(evaluation), `report: ${join(out, 'report.html')}`].join('\n'),
  );
}
