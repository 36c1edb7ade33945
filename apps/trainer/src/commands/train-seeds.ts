import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineName } from '@cxr-align/engine';
import { seedText } from '@cxr-align/evaluation';
import { InputError } from '@cxr-align/files';
import { runReport, seedReport } from '@cxr-align/run-report';
import { trainSeeds } from '@cxr-align/experiments';
import { openDataset, readEvaluatedRun, type Config } from '@cxr-align/training';
import { startAgain, stoppable } from '../usage/stopping.js';
import { openOptions, printResult, stderrEvents, type DataFlags } from './command.js';

/** The flags of `train` that a training with several seeds takes. */
export interface SeedsFlags extends DataFlags {
  json: boolean;
  png: boolean;
  engine: EngineName | 'auto';
  data?: string;
  seeds?: string;
  jobs?: number;
  features?: string;
  trainCount?: number;
  trainFraction?: number;
  splitSeed?: number;
  split?: string;
  from?: string;
  resume: boolean;
  overwrite: boolean;
}

/** Trains one configuration with each seed of `--seeds`, and prints the mean and spread. */
export async function trainWithSeeds(
  out: string,
  { config, encoder, ...args }: SeedsFlags & { config: Config; encoder?: string },
): Promise<void> {
  const { features, trainCount, trainFraction, splitSeed, split, from, resume, engine, jobs } = args;
  if (args.overwrite)
    throw new InputError('expected --seeds without --overwrite, got both; remove the folder, or use another one');
  const seeds = seedsOf(args.seeds!);
  const data = await openDataset(args.data!, openOptions(args), { on: stderrEvents() });
  const summary = await stoppable(
    ({ signal, checkpointWhen }) =>
      trainSeeds({
        ...{ data, config, seeds, out, encoder, features, trainCount, trainFraction, splitSeed, split, from },
        ...{ resume, engine, signal, checkpointWhen },
        ...(jobs !== undefined && { jobs }),
        on: stderrEvents(),
      }),
    startAgain,
  );
  for (const { folder } of summary.runs) {
    const run = join(out, folder);
    if (args.png || !existsSync(join(run, 'report.html')))
      await runReport(run, await readEvaluatedRun(run), { png: args.png });
  }
  await seedReport(out, summary, { png: args.png });
  printResult(args.json, summary, () => `${seedText(summary)}\nreport: ${join(out, 'report.html')}`);
}

/** The seeds of `1,2,3`. @throws {InputError} if one is no whole number from 0 on. */
function seedsOf(text: string): number[] {
  return text.split(',').map((part) => {
    if (!/^\s*\d+\s*$/.test(part))
      throw new InputError(`expected --seeds to be whole numbers with commas between them, such as 1,2,3, got ${text}`);
    return Number(part);
  });
}
