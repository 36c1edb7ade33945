import { basename } from 'node:path';
import { buildModel, ModelTexts, nonFinite, tunedModel, type Model } from '@cxr-align/classifier';
import { macroAuroc } from '@cxr-align/evaluation';
import type { Engine } from '@cxr-align/engine';
import { InputError, type FolderLock } from '@cxr-align/files';
import { createStepCapture, Parameters } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import type { Config } from '../config/config-schema.js';
import { JsonLines } from '../json-lines.js';
import { badStepText, NonFiniteError } from '../loop/bad-step.js';
import { type Checkpoint, newestCheckpoint, removeOlder, writeCheckpoint } from '../loop/checkpoint.js';
import { restoreSnapshot, takeSnapshot } from '../loop/snapshot.js';
import { Objective, type LabelCounts } from '../loop/objective.js';
import { ensembleLogits } from '../loop/ensemble-logits.js';
import type { EpochRecord, GradientRecord } from '../loop/records.js';
import { TrainingLoop } from '../loop/training.js';
import { countLabels, logOddsOf } from '../loop/training-set.js';
import type { Progress } from '../progress.js';
import type { Resources } from '../resources.js';
import { breathe } from '../stop-signals.js';
import { gradientsFile, historyFile } from '../run-folder.js';
import { watched } from '../watchdog.js';
import { CaptureRemarks } from './capture-remarks.js';
import type { PreparedTraining } from './prepare-training.js';
import { startFrom, type StartModel, type StartRecord } from './start-weights.js';
import type { TrainOptions } from './train-options.js';
import { tuneEncoder } from './tuned-encoder.js';

/** A model under training, with its loss and its loop. */
export interface Session {
  config: Config;
  prepared: PreparedTraining;
  parameters: Parameters;
  model: Model;
  counts: LabelCounts;
  loop: TrainingLoop;
  /** What it starts from, where that is no random weights. */
  start?: StartRecord;
}

/** Builds the model and its objective; all tensors belong to `resources`. @param from a model whose weights it starts from. */
export async function openSession(
  config: Config,
  prepared: PreparedTraining,
  {
    resources,
    progress,
    from,
  }: { resources: Resources; progress: Progress; from?: StartModel & Pick<StartRecord, 'optimistic'> },
): Promise<Session> {
  const { graph, texts, training, targets, knowledge, plan, loaded } = prepared;
  const { inputs, dataset } = loaded;
  const labels = graph.labels.length;
  const parameters = resources.own(new Parameters(config.seed));
  const modelTexts = texts && resources.own(new ModelTexts(texts, labels));
  const built = buildModel(config, parameters, { input: inputs.description, labels, texts: modelTexts });
  const model = loaded.encoder
    ? tunedModel(built, tuneEncoder(loaded.encoder, { config, parameters, progress }))
    : built;
  if (inputs.statistics) model.features?.standardize(inputs.statistics(training));
  const start = from && {
    ...(await startFrom(from, { config, labels: graph.labels, parameters })),
    optimistic: from.optimistic,
  };
  const counts = countLabels(targets, training, labels);
  model.logitOffset?.assign(logOddsOf(counts, config.logitAdjustment));
  const objective = resources.own(new Objective(config, plan.tasks, knowledge, counts));
  const names = { sample: (sample: number) => dataset.samples[sample].id, labels: graph.labels };
  const watch = <T>(batch: Promise<T>, samples: readonly number[]): Promise<T> =>
    watched(batch, {
      what: `a training batch${inputs.description.kind === 'features' && !loaded.encoder ? ', which a thread reads from the feature store' : ''}`,
      waitingFor: () => samples.map(names.sample),
      progress,
    });
  const loop = resources.own(
    new TrainingLoop(config, model, parameters, objective, {
      inputs,
      training,
      targets,
      labels,
      archive: prepared.archive,
      names,
      watch,
    }),
  );
  return { config, prepared, parameters, model, counts, loop, start };
}

/** Numbers that the optimiser may change between the frozen texts and the prompts. */
export function promptParameters(parameters: Parameters): number {
  return parameters
    .trainable()
    .filter(({ name }) => name.startsWith('prompts/'))
    .reduce((sum, { variable }) => sum + variable.size, 0);
}

/**
 * Puts a checkpoint of a run back, and writes its histories anew from it.
 *
 * @throws {InputError} if it is of another configuration or other data.
 */
export function resumeSession(run: string, identity: string, checkpoint: Checkpoint, session: Session): void {
  if (checkpoint.identity !== identity) {
    throw new InputError(
      'expected a checkpoint of the same configuration and data, got one of another; train without resume, or use another folder',
      { file: run },
    );
  }
  const { parameters, loop } = session;
  restore(checkpoint, parameters, loop);
  writeHistories(run, loop);
  removeOlder(run, basename(checkpoint.file));
}

/** @throws {InputError} if the arrays or numbers of the checkpoint are of another model. */
function restore(checkpoint: Checkpoint, parameters: Parameters, loop: TrainingLoop): void {
  try {
    restoreSnapshot(checkpoint, parameters, loop);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(
      `expected a checkpoint of the model that the run's configuration describes, got another (${error.message}); overwrite the run`,
      { file: checkpoint.file },
    );
  }
}

/** `history.jsonl` and, where gradients are recorded, `gradients.jsonl`, as the loop knows them. */
function writeHistories(run: string, { history, gradients }: TrainingLoop): void {
  new JsonLines<EpochRecord>(historyFile(run)).write(history);
  new JsonLines<GradientRecord>(gradientsFile(run)).write(gradients);
}

/** Where a session is kept, and what hears of it. */
export interface EpochOptions extends Pick<TrainOptions, 'on' | 'signal' | 'checkpointWhen'> {
  run: string;
  /** What its checkpoints belong to. */
  identity: string;
  /** The folder is written to by this process alone. */
  lock: FolderLock;
  engine: Engine;
  progress: Progress;
}

/** Runs the epochs that are left: a checkpoint and a line of `history.jsonl` after each. */
export async function runEpochs(session: Session, resources: Resources, options: EpochOptions): Promise<void> {
  const { engine, on = {}, progress, signal, checkpointWhen } = options;
  const { loop } = session;
  const bar = progress.start('training', loop.totalSteps);
  resources.defer(() => bar.stop());
  bar.update(loop.step);
  let note = '';
  const remarks = new CaptureRemarks();
  try {
    await loop.run({
      onStep: async (step, total, loss) => {
        guardMemory(engine);
        await breathe();
        on.step?.({ step, total, loss });
        bar.update(step, `loss ${loss.toFixed(3)}${note}`);
        for (const line of remarks.linesOf(loop.captureReport, loop.padding)) progress.remark(line);
        if (checkpointWhen?.(step)) await keep(session, options);
      },
      onBadStep: (step) => {
        progress.remark(badStepText(step, loop.totalSteps));
        on.badStep?.(step);
      },
      validate: session.prepared.validation.length === 0 ? notValidated : validation(session, resources, signal),
      onEpoch: async (record) => {
        await keep(session, options);
        note = record.validation === null ? '' : `, validation AUROC ${record.validation.toFixed(3)}`;
        on.epoch?.(record);
      },
    });
  } catch (error) {
    if (error instanceof NonFiniteError) throw restoreLastGood(session, options, error);
    // Whoever stops a run may continue from the step that it is at.
    if (signal?.aborted && error === signal.reason && loop.isBetweenSteps) await keep(session, options);
    throw error;
  }
  bar.stop();
}

/** Puts the last good checkpoint back, for none is ever written of numbers that are not finite. @returns what to throw. */
function restoreLastGood(
  { parameters, loop, config }: Session,
  { run }: EpochOptions,
  { message, step }: NonFiniteError,
): NonFiniteError {
  const checkpoint = newestCheckpoint(run);
  if (checkpoint) {
    restoreSnapshot(checkpoint, parameters, loop);
    writeHistories(run, loop);
  }
  const kept = checkpoint
    ? `the last good checkpoint, after step ${loop.step} of ${loop.totalSteps}, is restored: ${checkpoint.file}`
    : 'there is no good checkpoint yet';
  return new NonFiniteError(
    `${message}; ${kept}; lower learningRate (now ${config.learningRate}), or correct the data if they are named`,
    step,
  );
}

/** Writes a checkpoint, then what is read from it. */
async function keep({ parameters, loop }: Session, { run, identity, lock, on }: EpochOptions): Promise<void> {
  const { step, epoch } = loop;
  const isWithin = loop.sums !== undefined || loop.unvalidated !== undefined;
  const snapshot = await takeSnapshot(parameters, loop);
  lock.assertHeld();
  const file = writeCheckpoint(run, identity, snapshot, isWithin ? step : undefined);
  writeHistories(run, loop);
  on?.checkpoint?.({ file, epoch, step, steps: loop.totalSteps });
}

/** Without validation the last epoch is the best one. */
async function notValidated(): Promise<number> {
  return NaN;
}

/** Computes the macro AUROC on validation, once the weights of the ensemble are fitted there. */
function validation(
  { config, prepared, model }: Session,
  resources: Resources,
  signal?: AbortSignal,
): () => Promise<number> {
  const { validation: samples, truth, graph, loaded } = prepared;
  const labels = graph.labels.length;
  const isFitted = config.encoder.ensembleWeights === 'validation';
  const options = {
    truth: isFitted ? rowsOf(truth, samples, labels) : undefined,
    // Predictions keep the bits that other commands compute for them.
    capture: resources.own(createStepCapture({ stepCapture: config.stepCapture === 'off' ? 'off' : 'replay' })),
    onImages: async () => {
      await breathe();
      signal?.throwIfAborted();
    },
  };
  return async () => {
    const logits = await ensembleLogits(model, loaded.inputs, samples, options);
    refuseNonFiniteValidation(logits, { samples, prepared });
    return macroAuroc(logits, samples, truth, labels);
  };
}

/** @throws {NonFiniteError} naming the label and the image. */
export function refuseNonFiniteValidation(
  logits: Float32Array,
  { samples, prepared }: { samples: readonly number[]; prepared: PreparedTraining },
): void {
  const found = nonFinite(logits);
  if (!found) return;
  const { graph, loaded } = prepared;
  const sample = samples[Math.floor(found.at / graph.labels.length)];
  throw new NonFiniteError(
    `training: on validation, ${found.count} of ${logits.length} logits are not finite, the first ${graph.labels[found.at % graph.labels.length]} of ${loaded.dataset.samples[sample].id} (${found.value})`,
  );
}

/** The rows of a matrix [samples, labels] at some samples. */
export function rowsOf(matrix: Float32Array, samples: readonly number[], labels: number): Float32Array {
  const rows = new Float32Array(samples.length * labels);
  samples.forEach((sample, i) => rows.set(matrix.subarray(sample * labels, (sample + 1) * labels), i * labels));
  return rows;
}

/** The heap of the wasm engine ends at 4 GiB, and a failed allocation there goes unnoticed. */
function guardMemory(engine: Engine): void {
  const { numBytes } = tf.memory();
  if (numBytes > engine.memoryLimitBytes)
    throw new Error(
      `training/train: tensors take ${(numBytes / 2 ** 30).toFixed(1)} GiB, more than the ${engine.name} engine can address safely; use a smaller batchSize or image.size`,
    );
}
