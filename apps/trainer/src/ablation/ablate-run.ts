import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InputError, writeFileAtomic, readJson } from '@cxr-align/files';
import { runFolder, type AblationPlan, type PlannedRun } from './ablation-grid.js';
import { summarizeAblation, type AblationSummary, type FinishedRun } from './ablation-summary.js';
import { hasCheckpoint } from '../training/checkpoint.js';
import { readPredictions } from '../evaluation/predictions-file.js';
import type { Progress } from '../progress.js';

export interface AblateRequest {
  plan: AblationPlan;
  data: string;
  /** Feature store that all runs are trained on. */
  features?: string;
  /** Split that the runs are compared on; test unless given, val where there is no test. */
  split?: string;
  out: string;
  /** Runs at a time, a process each. */
  jobs: number;
  draws: number;
  /** The command that trains: a program and its first arguments. */
  command: readonly string[];
  /** Further flags of train. */
  flags: readonly string[];
}

/**
 * Trains every run of a plan that is not finished yet, one process each, and holds the configurations against the baseline.
 * A run that was cut off goes on from its checkpoint.
 *
 * @throws {InputError} if a folder holds a run of another configuration or on another data set.
 * @throws {Error} if a run fails; the others are trained nevertheless.
 */
export async function ablate(request: AblateRequest, progress: Progress): Promise<AblationSummary> {
  const { plan, out, jobs, draws, data } = request;
  mkdirSync(out, { recursive: true });
  const open = plan.runs.filter((run) => !isFinished(run, request));
  const failures: string[] = [];
  const bar = progress.start('training', plan.runs.length);
  let done = plan.runs.length - open.length;
  bar.update(done);
  const queue = [...open];
  await Promise.all(
    Array.from({ length: Math.min(jobs, queue.length) }, async () => {
      for (let run = queue.shift(); run; run = queue.shift()) {
        const failure = await train(run, request);
        if (failure !== undefined) failures.push(failure);
        bar.update(++done, runFolder(run));
      }
    }),
  );
  bar.stop();
  if (failures.length > 0)
    throw new Error(
      `${failures.length} of ${plan.runs.length} runs failed; call again to go on\n${failures.join('\n')}`,
    );
  const finished: FinishedRun[] = [];
  for (const run of plan.runs) finished.push({ run, predictions: await readPredictions(join(out, runFolder(run))) });
  const summary = summarizeAblation(data, plan, finished, draws);
  writeFileAtomic(join(out, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  return summary;
}

/** Whether a folder holds the run, finished. */
function isFinished(run: PlannedRun, { data, features, split, out }: AblateRequest): boolean {
  const folder = join(out, runFolder(run));
  if (!existsSync(join(folder, 'evaluation.json'))) return false;
  const found = readJson(join(folder, 'config.json')) as {
    config: unknown;
    data: { path: string; features?: string | null; split?: string | null };
  };
  if (resolve(found.data.path) !== resolve(data)) {
    throw new InputError(`expected a run on ${data}, got one on ${found.data.path}; use another --out`, {
      file: folder,
    });
  }
  const [wanted, got] = [features, found.data.features].map((folder) => (folder ? resolve(folder) : 'images'));
  if (wanted !== got)
    throw new InputError(`expected a run on ${wanted}, got one on ${got}; use another --out`, { file: folder });
  if ((split ?? null) !== (found.data.split ?? null))
    throw new InputError(
      `expected a run that is evaluated on ${split ?? 'the split by itself'}, got one on ${found.data.split ?? 'that'}; use another --out`,
      { file: folder },
    );
  if (JSON.stringify(found.config) !== JSON.stringify(run.config)) {
    throw new InputError('expected the run of this grid, got one with another configuration; use another --out', {
      file: folder,
    });
  }
  return true;
}

/** Trains one run in a process of its own. Returns what went wrong. */
async function train(
  run: PlannedRun,
  { data, features, split, out, command, flags }: AblateRequest,
): Promise<string | undefined> {
  const folder = join(out, runFolder(run));
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'asked.json');
  const text = `${JSON.stringify(run.config, null, 2)}\n`;
  const isSame = existsSync(config) && readFileSync(config, 'utf8') === text;
  writeFileAtomic(config, text);
  const [program, ...first] = command;
  const args = [
    ...first,
    ...['train', '--data', data, '--out', folder, '--config', config, '--threads', '1', '--split-seed', '0'],
    ...(features === undefined ? [] : ['--features', features]),
    ...(split === undefined ? [] : ['--split', split]),
    ...(run.trainCount === null ? [] : ['--train-count', String(run.trainCount)]),
    ...(isSame && hasCheckpoint(folder) ? ['--resume'] : []),
    ...flags,
  ];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (part: Buffer) => (said = (said + part.toString()).slice(-4000)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  return code === 0 ? undefined : `${runFolder(run)}: ${said.trim().split('\n').slice(-3).join('\n')}`;
}
