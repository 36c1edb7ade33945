import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { modelTypes } from '@cxr-align/classifier';
import type { Engine } from '@cxr-align/engine';
import { lockFolder, writeFileAtomic, type FolderLock } from '@cxr-align/files';
import { activeEngine } from '../active-engine.js';
import type { EvaluatedRun } from '../evaluate/evaluated-model.js';
import { readEvaluatedRun } from '../evaluate/evaluated-run-file.js';
import { progressOf } from '../events.js';
import { trainFitted } from './train-fitted.js';
import { hashOfIdentity, runIdentity } from '../identity/run-identity.js';
import type { Progress } from '../progress.js';
import { withResources, type Resources } from '../resources.js';
import { trainedRun, type TrainedRun } from '../run.js';
import { checkRunFolder, isRunWhole } from '../run-folder.js';
import { beginRun } from './begin-run.js';
import { describeRun } from './describe-run.js';
import { finishRun } from './finish-run.js';
import { refuseLittleMemory, stepBytesOf } from './free-memory.js';
import { refusePrecision } from './precision.js';
import { prepareTraining, type PreparedTraining } from './prepare-training.js';
import { openSession, promptParameters, runEpochs, type Session } from './session.js';
import { formerStart, readStart, startOverlap, startRemarks } from './start-weights.js';
import { checkTrainOptions, type TrainOptions } from './train-options.js';
import { unreadSettings } from './unread-settings.js';

/**
 * Trains one model, evaluates it, and writes the run folder: `config.json`, `history.jsonl`, `checkpoints/`, `model/`,
 * `evaluation.json` and `predictions.parquet`. The same seed gives the same bits on the same engine, also where the run is stopped or
 * killed, at whatever moment, and resumed.
 *
 * @throws {InputError} if the data do not fit the configuration, the engine cannot compute in its `precision`, or the folder holds a run (see `resume` and `overwrite`).
 * @throws the reason of `signal` if that is aborted, once a checkpoint is written. Whatever ends it, all tensors, files and threads
 *   are released.
 *
 * @example
 * await startEngine('auto');
 * const data = await openDataset('data/phantom');
 * const run = await train({ data, config: resolveConfig({ preset: 'aligned', epochs: 12 }), out: 'runs/a' });
 * console.log(run.evaluation.macro.auroc);
 */
export async function train(options: TrainOptions): Promise<TrainedRun> {
  checkTrainOptions(options);
  if (modelTypes.get(options.config.model).isFitted) return trainFitted(options);
  const began = Date.now();
  const { config, out: run } = options;
  const engine = activeEngine('training/train');
  refusePrecision(config, engine);
  const progress = progressOf(options);
  checkRunFolder(run, options);
  return withResources(async (resources) => {
    const lock = lockFolder(run, 'train');
    resources.defer(() => lock.release());
    // Once more, now that nothing else changes it.
    checkRunFolder(run, options);
    const prepared = await prepareTraining(options, resources, progress);
    const { loaded, plan } = prepared;
    const session = await openSession(config, prepared, { resources, progress, from: startOf(options, prepared) });
    const former = options.resume ? formerStart(run) : undefined;
    // Named by its path as it was at first.
    if (options.from === undefined || former?.modelSha256 === session.start?.modelSha256) session.start = former;
    prepared.remarks.push(...startRemarks(session.start));
    const { parameters, loop } = session;
    const input = loaded.inputs.description;
    const stepBytes = await stepBytesOf(loop, { engine: engine.name, input, batchSize: config.batchSize });
    refuseLittleMemory({ parameters: parameters.count(), stepBytes });
    const notUsed = [
      ...plan.dropped.map(({ task, reason }) => `the ${task} loss is left out: ${reason}`),
      ...unreadSettings(config, session.model, parameters),
    ];
    [...prepared.remarks, ...notUsed].forEach((line) => progress.remark(line));
    progress.remark(
      `${config.model}: ${parameters.count()} parameters${prepared.texts ? `, ${promptParameters(parameters)} of them of the prompts` : ''}, losses ${plan.tasks.join(', ')}, engine ${engine.name} (${engine.description})${config.precision === 'float32' ? '' : `, products of training steps in ${config.precision}`}`,
    );
    const identity = runIdentity({ ...options, start: session.start }, prepared, engine);
    beginRun(options, { identity, session, lock, progress });
    const finished = await finishedRun(session, run);
    if (finished) progress.remark('the run is finished and nothing of it is missing: there is nothing to do');
    const result =
      finished ??
      (await trainAndEvaluate(options, {
        session,
        identity: hashOfIdentity(identity),
        lock,
        engine,
        resources,
        progress,
      }));
    return trainedRun(
      { ...options.data, dataset: loaded.dataset },
      {
        ...result,
        dataset: loaded.dataset,
        isNew: !finished,
        bestEpoch: loop.bestEpoch,
        validation: Number.isFinite(loop.best) ? loop.best : null,
        parameters: parameters.count(),
        promptParameters: promptParameters(parameters),
        seconds: (Date.now() - began) / 1000,
        dataWaitShare: loop.durations.steppedMs > 0 ? loop.durations.waitedMs / loop.durations.steppedMs : 0,
      },
    );
  });
}

/** The model that a run starts from; undefined for random weights. */
function startOf({ from, data }: TrainOptions, prepared: PreparedTraining) {
  return from === undefined
    ? undefined
    : { ...readStart(from), optimistic: startOverlap(from, data.dataset, prepared) };
}

/** What a run that is trained to its end left; undefined where it is not, or where any of it is missing or damaged. */
async function finishedRun({ loop }: Session, run: string): Promise<Omit<EvaluatedRun, 'dataset'> | undefined> {
  if (!loop.isFinished || !existsSync(join(run, 'evaluation.json')) || !existsSync(join(run, 'config.json')))
    return undefined;
  // Whatever is wrong with a file, it is made again.
  return isRunWhole(run) ? readEvaluatedRun(run).catch(() => undefined) : undefined;
}

/** Runs the epochs that are left, and writes all that comes of them. */
async function trainAndEvaluate(
  options: TrainOptions,
  { session, identity, lock, engine, resources, progress }: RunContext,
): Promise<EvaluatedRun> {
  const { out: run, on, signal, checkpointWhen } = options;
  const writeDescription = (): void =>
    writeFileAtomic(join(run, 'config.json'), `${JSON.stringify(describeRun(options, engine, session), null, 2)}\n`);
  writeDescription();
  await runEpochs(session, resources, { run, identity, lock, engine, on, signal, checkpointWhen, progress });
  lock.assertHeld();
  // Once more: how the steps were computed is known now.
  writeDescription();
  session.parameters.load(session.loop.bestWeights!);
  return finishRun(session, { run, lock, resources, progress, signal, keepsBranches: options.keepsBranches });
}

/** What a training is done with. */
interface RunContext {
  session: Session;
  identity: string;
  lock: FolderLock;
  engine: Engine;
  resources: Resources;
  progress: Progress;
}
