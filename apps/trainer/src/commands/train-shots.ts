import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { shotText } from '@cxr-align/evaluation';
import { trainShots } from '@cxr-align/experiments';
import { InputError } from '@cxr-align/files';
import { runReport } from '@cxr-align/run-report';
import { openDataset, readEvaluatedRun, type Config } from '@cxr-align/training';
import { startAgain, stoppable } from '../usage/stopping.js';
import { openOptions, printResult, stderrEvents } from './command.js';
import type { SeedsFlags } from './train-seeds.js';

/** The flags of `train` that a few-shot training takes. */
export interface ShotsFlags extends Omit<SeedsFlags, 'seeds' | 'resume'> {
  shots: number;
  draws?: number;
}

/** Trains one configuration on several draws of few images of each label, and prints the mean and spread. */
export async function trainWithShots(
  out: string,
  { config, encoder, ...args }: ShotsFlags & { config: Config; encoder?: string },
): Promise<void> {
  const { features, splitSeed, split, from, engine, jobs, shots, draws } = args;
  if (args.overwrite)
    throw new InputError('expected --shots without --overwrite, got both; remove the folder, or use another one');
  if ((args.trainCount ?? args.trainFraction) !== undefined)
    throw new InputError('expected --shots, --train-count or --train-fraction, got two of them');
  const data = await openDataset(args.data!, openOptions(args), { on: stderrEvents() });
  const summary = await stoppable(
    ({ signal, checkpointWhen }) =>
      trainShots({
        ...{ data, config, shots, out, encoder, features, splitSeed, split, from },
        ...{ engine, signal, checkpointWhen },
        ...(draws !== undefined && { draws }),
        ...(jobs !== undefined && { jobs }),
        on: stderrEvents(),
      }),
    startAgain,
  );
  for (const { folder } of summary.draws) {
    const run = join(out, folder);
    if (args.png || !existsSync(join(run, 'report.html')))
      await runReport(run, await readEvaluatedRun(run), { png: args.png });
  }
  printResult(args.json, { run: out, ...summary }, () => shotText(summary));
}
