import { EventEmitter } from 'node:events';
import { type Progress, pluginsWithoutFile, tableIdentity } from '@cxr-align/training';
import {
  dataOfRun,
  isFinished,
  refuseOtherImages,
  taskOf,
  waitForTrainings,
  type PlannedTraining,
  type SharedByRuns,
} from './planned-runs.js';
import { runInProcess, type TrainFailure } from './train-in-process.js';

/** How trainings are run. */
export interface PlannedControl {
  /** Trainings at a time, a process each. */
  jobs: number;
  progress: Progress;
  signal?: AbortSignal;
  /** Called five times a second; returns whether all trainings that run write a checkpoint now. */
  checkpointWhen?: () => boolean;
}

const askedEveryMs = 200;

/**
 * Trains every run that is not finished yet, one process each; an unfinished one is resumed from its checkpoint. Trainings that an
 * earlier, killed process left behind end by themselves, and are waited for.
 *
 * @returns by folder why runs failed.
 * @throws {InputError} if a folder holds another run, or the data change while the runs are trained.
 */
export async function trainPlanned(
  runs: readonly PlannedTraining[],
  shared: SharedByRuns,
  control: PlannedControl,
): Promise<Map<string, TrainFailure>> {
  const { data, out } = shared;
  const { progress, signal } = control;
  await waitForTrainings(runs, shared, progress, signal);
  const table = tableIdentity(data.dataset);
  const open = runs.filter((run) => {
    const own = dataOfRun(run, data);
    return !isFinished(run, own === data ? table : tableIdentity(own.dataset), { ...shared, data: own });
  });
  const failures = new Map<string, TrainFailure>();
  const bar = progress.start('training', runs.length);
  let done = runs.length - open.length;
  bar.update(done);
  const queue = [...open];
  const others = new AbortController();
  const stopped = AbortSignal.any([others.signal, ...(signal ? [signal] : [])]);
  const { requests, release } = checkpointRequests(control);
  const trainNext = async (): Promise<void> => {
    for (let run = queue.shift(); run; run = queue.shift()) {
      const { folder } = run;
      const failure = await runInProcess(
        { task: taskOf(run, table, shared) },
        {
          signal: stopped,
          requests,
          onCheckpoint: ({ step, steps, file }) =>
            progress.remark(`${folder}: checkpoint after step ${step} of ${steps}: ${file}`),
        },
      );
      if (failure !== undefined) failures.set(folder, failure);
      bar.update(++done, folder);
    }
  };
  try {
    await allOrNone(Array.from({ length: Math.min(control.jobs, queue.length) }, trainNext), (error) =>
      others.abort(error),
    );
  } finally {
    release();
    bar.stop();
  }
  refuseOtherImages(
    runs.filter(({ folder }) => !failures.has(folder)),
    out,
    data,
  );
  return failures;
}

/** The same where every run is needed. @throws {Error} if a run fails; the others are trained nevertheless. */
export async function trainAll(
  runs: readonly PlannedTraining[],
  shared: SharedByRuns,
  control: PlannedControl,
): Promise<void> {
  const failures = await trainPlanned(runs, shared, control);
  if (failures.size > 0)
    throw new Error(
      `${failures.size} of ${runs.length} runs failed; start the ${shared.series} again to resume\n${[...failures].map(([folder, { message }]) => `${folder}: ${message}`).join('\n')}`,
    );
}

/** Names the plug-ins that processes cannot load. */
export function remarkPlugins(progress: Progress): void {
  const unknown = pluginsWithoutFile();
  if (unknown.length > 0)
    progress.remark(
      `the training processes cannot load the plug-ins ${unknown.join(', ')}, which have no file; load them by loadPlugin`,
    );
}

/** @throws {RangeError} if a number is no whole number of 1 or more. */
export function checkCounts(where: string, counts: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counts))
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(`${where}: expected ${name} to be a whole number of 1 or more, got ${value}`);
}

function checkpointRequests({ checkpointWhen, jobs }: PlannedControl): { requests: EventEmitter; release: () => void } {
  const requests = new EventEmitter().setMaxListeners(jobs + 1);
  const timer = checkpointWhen && setInterval(() => checkpointWhen() && requests.emit('checkpoint'), askedEveryMs);
  return { requests, release: () => clearInterval(timer) };
}

/** Waits for all, also where one fails, which stops the others: no process is left behind. @throws the first error. */
async function allOrNone(works: readonly Promise<void>[], stop: (error: unknown) => void): Promise<void> {
  let first: { error: unknown } | undefined;
  await Promise.all(
    works.map((work) =>
      work.catch((error: unknown) => {
        first ??= { error };
        stop(error);
      }),
    ),
  );
  if (first) throw first.error;
}
