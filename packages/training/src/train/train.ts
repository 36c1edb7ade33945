import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type FeatureInput,
  keepThresholds,
  ModelTexts,
  predictLogits,
  writeModel,
  type StoredModel,
} from '@cxr-align/classifier';
import { countEdges, fitMetadataBaseline, fitOnValidation, notFitted, type Predictions } from '@cxr-align/evaluation';
import type { Engine } from '@cxr-align/engine';
import { coverFiles, lockFolder, writeFileAtomic, type FolderLock } from '@cxr-align/files';
import type { Config } from '../config/config-schema.js';
import { activeEngine } from '../active-engine.js';
import { evaluateSplit } from '../evaluate/evaluate-split.js';
import { evaluationIdentity } from '../evaluate/evaluation-identity.js';
import { optimisticSplits } from '../evaluate/trained-on.js';
import type { EvaluatedRun } from '../evaluate/evaluated-model.js';
import { readEvaluatedRun, writeEvaluatedRun } from '../evaluate/evaluated-run-file.js';
import { writeValidation } from '../evaluate/predictions-file.js';
import { progressOf } from '../events.js';
import { hashOfIdentity, runIdentity } from '../identity/run-identity.js';
import { ensembleRemark } from '../loop/ensemble-logits.js';
import type { Progress } from '../progress.js';
import { withResources, type Resources } from '../resources.js';
import { trainedRun, type TrainedRun } from '../run.js';
import { checkRunFolder, coveredFiles, isRunWhole } from '../run-folder.js';
import { breathe } from '../stop-signals.js';
import { beginRun } from './begin-run.js';
import { describeRun } from './describe-run.js';
import { refuseLittleMemory, stepBytesOf } from './free-memory.js';
import { refusePrecision } from './precision.js';
import { prepareTraining, type PreparedTraining } from './prepare-training.js';
import {
  openSession,
  promptParameters,
  refuseNonFiniteValidation,
  rowsOf,
  runEpochs,
  type Session,
} from './session.js';
import { formerStart, readStart, startOverlap, startRemarks } from './start-weights.js';
import { checkTrainOptions, type TrainOptions } from './train-options.js';
import { unreadSettings } from './unread-settings.js';
import { tunedPrefix, writeTunedEncoder } from './tuned-encoder.js';

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
  const { prepared } = session;
  const writeDescription = (): void =>
    writeFileAtomic(join(run, 'config.json'), `${JSON.stringify(describeRun(options, engine, session), null, 2)}\n`);
  writeDescription();
  await runEpochs(session, resources, { run, identity, lock, engine, on, signal, checkpointWhen, progress });
  lock.assertHeld();
  // Once more: how the steps were computed is known now.
  writeDescription();
  const { stored, ensemble, validation } = await fitStoredModel(session, run, signal);
  if (ensemble) progress.remark(ensemble);
  keepThresholds(run, stored, progress);
  writeModel(run, stored);
  if (validation) writeValidation(run, validation);
  const evaluated = await evaluateTrained(session, stored, { run, resources, progress });
  const result: EvaluatedRun = {
    ...evaluated,
    run,
    stored,
    dataset: prepared.loaded.dataset,
    split: prepared.split,
    edges: { counts: countEdges(prepared.truth, prepared.graph), of: 'all splits' },
    remarks: [...prepared.remarks, ...(ensemble ? [ensemble] : [])],
  };
  lock.assertHeld();
  writeEvaluatedRun(run, result);
  coverFiles(run, coveredFiles);
  return result;
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

/** The weights of the best epoch, with what is fitted on validation beside them, where there is one. */
async function fitStoredModel(
  { config, prepared, parameters, model, counts, loop }: Session,
  run: string,
  signal?: AbortSignal,
): Promise<{ stored: StoredModel<Config>; ensemble?: string; validation?: Predictions }> {
  const { graph, training, validation, targets, truth, texts, zeroShot, knowledge, dataset, loaded } = prepared;
  const labels = graph.labels.length;
  parameters.load(loop.bestWeights!);
  const { decided, ...fitted } = await fitValidation();
  return {
    validation: decided,
    ensemble: await ensembleRemark(model, config.encoder.ensembleWeights === 'validation' && validation.length > 0),
    stored: {
      weights: new Map([...(await parameters.values())].filter(([name]) => !name.startsWith(tunedPrefix))),
      texts,
      target: { shape: [labels, labels], data: knowledge.similarity },
      config,
      input: loaded.encoder
        ? await writeTunedEncoder(run, loaded.encoder, loaded.inputs.description as FeatureInput)
        : loaded.inputs.description,
      graph,
      zeroShot,
      ...fitted,
      prevalence: counts.positives.map((count) => count / Math.max(1, training.length)),
      metadata: fitMetadataBaseline(
        training.map((sample) => dataset.samples[sample]),
        rowsOf(targets, training, labels),
        labels,
      ),
    },
  };

  async function fitValidation(): Promise<
    Pick<StoredModel, 'calibrations' | 'thresholds'> & { decided?: Predictions }
  > {
    if (validation.length === 0) return notFitted(graph);
    const logits = await predictLogits(model, loaded.inputs, validation, {
      onImages: async () => {
        await breathe();
        signal?.throwIfAborted();
      },
    });
    refuseNonFiniteValidation(logits, { samples: validation, prepared });
    const known = rowsOf(truth, validation, labels);
    const { decided, ...rest } = fitOnValidation(config, graph, known, logits);
    const samples = validation.map((sample) => dataset.samples[sample]);
    return { ...rest, decided: { labels: graph.labels, samples, targets: known, probabilities: decided } };
  }
}

/** Evaluates the trained model; labels that were held out are scored, too. */
async function evaluateTrained(
  { prepared, model, start }: Session,
  stored: StoredModel<Config>,
  { run, resources, progress }: Pick<RunContext, 'resources' | 'progress'> & { run: string },
) {
  const { zeroShot, texts, loaded, split, wholeGraph } = prepared;
  const zeroShotLabels = zeroShot && texts && { graph: zeroShot, texts: resources.own(new ModelTexts(texts)) };
  const optimistic = split === 'val' && prepared.validation.length === 0 ? undefined : optimisticSplits[split];
  return evaluateSplit({ model, stored, zeroShot: zeroShotLabels }, loaded, {
    split,
    graph: wholeGraph,
    remarks: [...(optimistic === undefined ? [] : [optimistic]), ...(start?.optimistic ?? [])],
    identity: evaluationIdentity(run, stored),
    progress,
  });
}
