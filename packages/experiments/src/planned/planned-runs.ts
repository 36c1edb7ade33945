import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { EngineName } from '@cxr-align/engine';
import { folderWriter, InputError, readJson, removeDeadLock } from '@cxr-align/files';
import {
  type Config,
  type OpenedDataset,
  type Progress,
  type RunIdentity,
  type TableIdentity,
  codeDifferences,
  differingRows,
  hasCheckpoint,
  identityInTable,
  isRunWhole,
  pluginFiles,
  readIdentity,
  startIdentity,
  tableDifferences,
} from '@cxr-align/training';
import { foldDataset, readFoldsOf, type FoldOfRun } from './fold-plan.js';
import { readShotPlan, shotDataset, shotRows, type ShotOfRun } from './shot-plan.js';
import type { TrainTask } from './train-in-process.js';

/** One training among several. */
export interface PlannedTraining {
  /** Its run folder, in the folder of all. */
  folder: string;
  config: Config;
  trainCount?: number;
  /** The fold that it is evaluated on, where it is one of a cross-validation; counted from 1. */
  fold?: FoldOfRun;
  /** The draw that it is trained on, where it is one of a few-shot series. */
  shot?: ShotOfRun;
}

/** The data set of a training: that of all, or as one of its folds or draws is trained. */
export function dataOfRun({ fold, shot }: Pick<PlannedTraining, 'fold' | 'shot'>, data: OpenedDataset): OpenedDataset {
  if (shot) return { ...data, dataset: shotDataset(data, readShotPlan(shot.file), shot.draw) };
  if (!fold) return data;
  const foldOf = readFoldsOf(fold.file, fold.repeat);
  return { ...data, dataset: foldDataset(data.dataset, foldOf, fold.fold) };
}

/** What all trainings share. */
export interface SharedByRuns {
  /** What they are together: an ablation, a search. */
  series: string;
  data: OpenedDataset;
  /** Folder of the run folders. */
  out: string;
  encoder?: string;
  features?: string;
  trainFraction?: number;
  splitSeed: number;
  split?: string;
  /** Run whose weights they start from. */
  from?: string;
  engine?: EngineName | 'auto';
  stallSeconds?: number;
  /** Whether a run of another length is trained on, and one that is longer is finished. Default false. */
  trainsOn?: boolean;
}

/** A planned run as a training that a process can be sent. */
export function taskOf(
  { folder: name, config, trainCount, fold, shot }: PlannedTraining,
  table: TableIdentity,
  shared: SharedByRuns,
): TrainTask {
  const {
    series,
    data,
    out,
    engine = 'auto',
    encoder,
    features,
    trainFraction,
    splitSeed,
    split,
    from,
    stallSeconds,
  } = shared;
  const folder = join(out, name);
  return {
    series,
    engine,
    plugins: pluginFiles(),
    path: data.path,
    options: data.options,
    table: hashesOf(table),
    out: folder,
    config,
    encoder,
    features,
    split,
    splitSeed,
    from,
    stallSeconds,
    trainCount,
    trainFraction,
    ...(fold && { fold, keepsBranches: true }),
    ...(shot && { shot }),
    ...(hasCheckpoint(folder) ? { resume: true } : { overwrite: true }),
  };
}

/** The hash of each part of a table, for a process that reads it again. */
export function hashesOf({ images, labels, parts }: TableIdentity): Record<string, string> {
  const hashes = Object.entries(parts).map(([part, { sha256 }]) => [part, sha256]);
  return { images: String(images), 'label names': labels.join(), ...Object.fromEntries(hashes) };
}

/**
 * Whether a folder holds the run, finished.
 *
 * @throws {InputError} if it holds a run, finished or not, of another configuration or on other data.
 */
export function isFinished(run: PlannedTraining, table: TableIdentity, shared: SharedByRuns): boolean {
  const folder = join(shared.out, run.folder);
  const isEnded = existsSync(join(folder, 'evaluation.json'));
  if (!isEnded && !hasCheckpoint(folder)) return false;
  const found = readJson(join(folder, 'config.json')) as DescribedRun;
  const isLonger = checkSameRun(found, run, { folder, shared });
  const then = readIdentity(folder);
  if (then) refuseOtherOrigin(then, table, { folder, shared });
  if (isLonger) return true;
  return isEnded && isRunWhole(folder) && found.config.epochs === run.config.epochs;
}

/** What `config.json` has of a run. */
interface DescribedRun {
  config: Config;
  data: {
    features?: string | null;
    split?: string | null;
    trainCount?: number | null;
    trainFraction?: number | null;
    splitSeed?: number;
  };
}

/** Where a planned run lies, and what it shares with the others. */
interface PlaceOfRun {
  folder: string;
  shared: SharedByRuns;
}

/**
 * Checks that a folder holds what was planned.
 *
 * @returns whether it is trained longer than was planned, where that may be.
 */
function checkSameRun(
  { config, data: found }: DescribedRun,
  run: PlannedTraining,
  { folder, shared: { series, features, split, trainFraction, splitSeed, trainsOn } }: PlaceOfRun,
): boolean {
  const fail = (message: string): never => {
    throw new InputError(`${message}; use another folder`, { file: folder });
  };
  const [wanted, got] = [features, found.features].map((store) => (store ? resolve(store) : 'images'));
  if (wanted !== got) fail(`expected a run on ${wanted}, got one on ${got}`);
  if ((split ?? null) !== (found.split ?? null))
    fail(`expected a run that is evaluated on ${split ?? 'the split by itself'}, got one on ${found.split ?? 'that'}`);
  const selection = { trainCount: run.trainCount ?? null, trainFraction: trainFraction ?? null, splitSeed };
  for (const [name, value] of Object.entries(selection)) {
    const then = found[name as keyof typeof selection];
    if (then !== undefined && then !== value) fail(`expected a run with ${name} ${value}, got one with ${then}`);
  }
  const { epochs, warmup, patience } = run.config;
  const compared = trainsOn ? { ...config, epochs, warmup, patience } : config;
  if (JSON.stringify(compared) !== JSON.stringify(run.config))
    fail(`expected the run of this ${series}, got one with another configuration`);
  return config.epochs > epochs;
}

/** @throws {InputError} if a run was made of other data, by other code, or from other weights. */
function refuseOtherOrigin(
  then: RunIdentity,
  table: TableIdentity,
  { folder, shared: { data, from } }: PlaceOfRun,
): void {
  const fail = (message: string): never => {
    throw new InputError(`${message}; use another folder`, { file: folder });
  };
  const differences = tableDifferences(then.data, table, nameIn(data));
  if (differences.length > 0) fail(`expected a run on these data, got one on others: now ${differences.join('; ')}`);
  const code = codeDifferences(then);
  if (code.length > 0) fail(`expected a run of this code, got one of another: now ${code.join('; ')}`);
  const start = from === undefined ? undefined : startIdentity(from);
  if (start?.modelSha256 !== then.from?.modelSha256)
    fail(
      `expected a run that starts from ${from === undefined ? 'random weights' : `the weights of ${from}`}, got one that does not`,
    );
}

/** @throws {InputError} if runs were trained on images of the same names with other contents. */
export function refuseOtherImages(runs: readonly PlannedTraining[], out: string, whole: OpenedDataset): void {
  const isDrawn = runs.some(({ shot }) => shot !== undefined);
  const data = isDrawn || runs.length === 0 ? whole : dataOfRun(runs[0], whole);
  const [first, ...others] = runs.map((run) => {
    const folder = join(out, run.folder);
    return { folder, identity: identityOf(run, folder, whole) };
  });
  for (const { folder, identity } of others) {
    if (!first.identity || !identity) continue;
    for (const part of ['contents', 'features'] as const) {
      const [a, b] = [first.identity.data[part], identity.data[part]];
      const rows = a && b ? differingRows(a, b) : [];
      if (rows.length > 0)
        throw new InputError(
          `expected runs on the same images, got other ${part} of ${rows.length} of them than in ${first.folder} (the first is ${nameIn(data)(rows[0])}): they were changed between the two; remove one of the folders and start again`,
          { file: folder },
        );
    }
  }
}

/** The identity of a run; of one that is trained on a draw in the whole table, since each draw has other images. */
function identityOf({ shot }: PlannedTraining, folder: string, data: OpenedDataset): RunIdentity | undefined {
  const identity = readIdentity(folder);
  if (!identity || !shot) return identity;
  return identityInTable(identity, data.dataset, shotRows(data, readShotPlan(shot.file), shot.draw));
}

function nameIn({ dataset: { samples } }: OpenedDataset): (row: number) => string {
  return (row) => samples[row]?.id ?? `row ${row + 1}`;
}

/** How long trainings whose parent was killed may take to notice that. */
const patience = 60_000;

/**
 * Waits until no other process writes to the folders of the runs.
 *
 * @throws {InputError} if one does not end.
 */
export async function waitForTrainings(
  runs: readonly PlannedTraining[],
  { out, series }: Pick<SharedByRuns, 'out' | 'series'>,
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const began = Date.now();
  const announced = new Set<string>();
  for (const run of runs) {
    const folder = join(out, run.folder);
    for (let writer = folderWriter(folder); writer; writer = folderWriter(folder)) {
      const name = `process ${writer.pid} on ${writer.host}`;
      if (Date.now() - began > patience)
        throw new InputError(
          `expected the trainings of an earlier ${series} to have ended, got one that still writes (${name}); stop it, or wait for it`,
          { file: folder },
        );
      if (!announced.has(name))
        progress.remark(`waiting for a training that is left of an earlier ${series} (${name})`);
      announced.add(name);
      await setTimeout(250, undefined, { signal });
    }
    removeDeadLock(folder);
  }
}
