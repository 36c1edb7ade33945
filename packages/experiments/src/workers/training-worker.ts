import { startEngine } from '@cxr-align/engine';
import { InputError } from '@cxr-align/files';
import {
  NonFiniteError,
  type OpenedDataset,
  evaluateRun,
  loadPlugin,
  openDataset,
  stopOnSignals,
  tableIdentity,
  train,
} from '@cxr-align/training';
import { dataOfRun, hashesOf } from '../planned/planned-runs.js';
import type { EvaluateTask, FromTraining, ToTraining, TrainTask } from '../planned/train-in-process.js';

/**
 * A process that trains the run it is sent, reports how it ended, and ends with the process that started it. The keys of a terminal
 * reach it, too; the training then stops with a checkpoint. One that is requested, by its parent or by SIGUSR1, is reported.
 */
const control = stopOnSignals({ endsAtSecond: false });
const parent = process.ppid;
let isAsked = false;
process.once('disconnect', () => process.exit(1));
// Before this module was read the end of the parent went unnoticed.
const isLeft = (): boolean => !process.connected || process.ppid !== parent;
if (isLeft()) process.exit(1);
setInterval(() => isLeft() && process.exit(1), 1000).unref();
process.on('message', (message) => {
  const to = message as ToTraining;
  if ('checkpoint' in to) isAsked = true;
  else
    void ('task' in to ? trainTask(to.task) : evaluateTask(to.evaluation)).then(
      () => end({}),
      (error: unknown) =>
        end({
          failure: {
            message: error instanceof Error ? error.message : String(error),
            isNonFinite: error instanceof NonFiniteError,
          },
        }),
    );
});

/** Starts the engine and opens the data, which must be as they were. */
async function dataOf(
  { series, engine, plugins, path, table, options }: EvaluateTask | TrainTask,
  tf32 = false,
): Promise<OpenedDataset> {
  for (const file of plugins) await loadPlugin(file);
  await startEngine(engine, { tf32, ...((engine === 'wasm' || engine === 'auto') && { threads: 1 }) });
  const data = await openDataset(path, options);
  const now = hashesOf(tableIdentity(data.dataset));
  const changed = Object.keys(now).filter((part) => now[part] !== table[part]);
  if (changed.length > 0)
    throw new InputError(
      `expected the data as they were when the ${series} started, got other ${changed.join(', ')}; do not change them while it runs, and start it again`,
      { file: path },
    );
  return data;
}

async function evaluateTask(task: EvaluateTask): Promise<void> {
  const { run, split, out, encoder, features } = task;
  await evaluateRun({ run, split, out, encoder, features, data: await dataOf(task), signal: control.signal });
}

async function trainTask(given: TrainTask): Promise<void> {
  const {
    engine: _engine,
    plugins: _plugins,
    path: _path,
    options: _options,
    table: _table,
    series: _series,
    fold,
    shot,
    ...task
  } = given;
  const data = dataOfRun({ fold, shot }, await dataOf(given, given.config.precision === 'tf32'));
  let isWanted = false;
  await train({
    ...task,
    data,
    signal: control.signal,
    checkpointWhen: () => {
      isWanted = control.checkpointWhen() || isAsked;
      isAsked = false;
      return isWanted;
    },
    on: {
      checkpoint: (event) => {
        if (isWanted) process.send!({ checkpoint: event } satisfies FromTraining);
        isWanted = false;
      },
    },
  });
}

function end(ended: { failure?: { message: string; isNonFinite: boolean } }): void {
  process.send!({ ended } satisfies FromTraining, () => process.exit(0));
}
