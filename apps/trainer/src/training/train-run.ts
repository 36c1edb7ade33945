import { join } from 'node:path';
import { selectSplit } from '@cxr-align/datasets';
import type { Engine } from '@cxr-align/engine';
import { sha256, writeFileAtomic } from '@cxr-align/files';
import type { LabelGraph } from '@cxr-align/label-graph';
import { Parameters, repeatedWork } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import { fitOnValidation } from '../evaluation/calibrated.js';
import { hasCheckpoint, readBest, restoreCheckpoint, writeBest, writeCheckpoint } from './checkpoint.js';
import type { Config } from '../config/config.js';
import type { Evaluation } from '../evaluation/evaluation-schema.js';
import { macroAuroc } from '../evaluation/predictions.js';
import { evaluateSplit } from '../evaluation/evaluate-run.js';
import { JsonLines } from '../json-lines.js';
import { countEdges } from '../labels/graph-agreement.js';
import { graphFor, graphRemarks, knowledgeOf } from '../labels/label-knowledge.js';
import { fitMetadataBaseline } from '../evaluation/metadata-baseline.js';
import { buildModel } from '../model/build-model.js';
import { ModelTexts } from '../model/model-texts.js';
import { Objective, planTasks } from './objective.js';
import { trainingSource, type EncoderOptions } from '../inputs/input-source.js';
import { loadInputs, type LoadedData } from '../inputs/load-inputs.js';
import { chooseSplit, samplesIn, trainingDataset, type DataOptions } from '../inputs/prepare-data.js';
import type { Progress } from '../progress.js';
import { gradientsFile, historyFile, prepareFolder, writeModel, type StoredModel } from '../run-folder.js';
import { largestErrors } from '../report/largest-errors.js';
import { runReport } from '../report/run-report.js';
import { frozenTexts } from '../prompts/texts.js';
import { needsTeacher, trainingTargets, truthOf } from './targets.js';
import { teacherEstimates } from './teacher.js';
import { trainingData } from './training-data.js';
import { countLabels } from './training-set.js';
import { stackedLogits, stackingRemark } from './stacked-logits.js';
import { predictLogits } from '../model/predict-images.js';
import { holdOut } from '../evaluation/zero-shot.js';
import { TrainingLoop, type EpochRecord, type GradientRecord } from './training.js';

/** What `train` is asked for. */
export interface TrainRequest extends DataOptions, EncoderOptions {
  config: Config;
  trainCount?: number;
  trainFraction?: number;
  /** Draws the splits that are missing; the seed of the configuration unless given. */
  splitSeed?: number;
  /** Writes the figures of the report as PNG files, too. */
  png?: boolean;
  resume?: boolean;
  /** The split that is evaluated at the end: test unless given, val where there is no test. */
  split?: string;
}

/** What came out of a run. */
export interface TrainResult {
  run: string;
  evaluation: Evaluation;
  bestEpoch: number;
  validation: number | null;
  parameters: number;
  /** Of these, those that turn the frozen texts into prompts. */
  promptParameters: number;
  seconds: number;
  /** Share of the steps' time in which they waited for their batch. */
  dataWaitShare: number;
}

/** Trains one model, evaluates it and writes the run folder. */
export async function trainRun(request: TrainRequest, engine: Engine, progress: Progress): Promise<TrainResult> {
  const began = Date.now();
  const { out: run, config } = request;
  const opened = await trainingDataset({ ...request, seed: config.seed });
  const split = chooseSplit(request.split, opened.dataset, progress, request.path);
  const whole = graphFor(config.graph, opened.dataset);
  const { dataset: trained, graph, zeroShot } = holdOut(opened.dataset, whole, config.holdOut);
  const knowledge = knowledgeOf(graph, config, selectSplit(trained, 'train').cells);
  const plan = planTasks(config, knowledge);
  const texts = config.model === 'aligned' ? await frozenTexts(config, zeroShot ?? graph) : undefined;
  prepareFolder(run, request.resume ?? false);
  const source = await trainingSource(config, opened.dataset, request, progress);
  const loaded = await loadInputs(opened, source, { maxBad: request.maxBad, progress });
  const { inputs } = loaded;
  const data = { ...loaded, dataset: holdOut(loaded.dataset, whole, config.holdOut).dataset };
  const training = samplesIn(data.dataset, 'train');
  const estimates = needsTeacher(config) ? await teacherEstimates(config, request, data, progress) : undefined;
  const { values: targets, ...labelled } = trainingTargets(config, data.dataset, graph, estimates);
  const remarks = [...data.remarks, ...graphRemarks(config.graph, opened.dataset), ...labelled.remarks];
  [...remarks, ...plan.dropped.map(({ task, reason }) => `the ${task} loss is left out: ${reason}`)].forEach((line) =>
    progress.say(line),
  );

  const parameters = new Parameters(config.seed);
  const modelTexts = texts && new ModelTexts(texts, graph.labels.length);
  const model = buildModel(config, parameters, {
    input: inputs.description,
    labels: graph.labels.length,
    texts: modelTexts,
  });
  if (inputs.statistics) model.features?.standardize(inputs.statistics(training));
  const counts = countLabels(targets, training, graph.labels.length);
  const objective = new Objective(config, plan.tasks, knowledge, counts);
  const loop = new TrainingLoop(config, model, parameters, objective, {
    inputs,
    training,
    targets,
    labels: graph.labels.length,
  });
  progress.say(
    `${config.model}: ${parameters.count()} parameters${modelTexts ? `, ${promptParameters(parameters)} of them of the prompts` : ''}, losses ${plan.tasks.join(', ')}, engine ${engine.name} (${engine.description})`,
  );
  const configHash = sha256(
    JSON.stringify([
      config,
      request.path,
      request.trainCount,
      request.trainFraction,
      request.splitSeed,
      inputs.description,
      whole.toDefinition(),
    ]),
  );
  const history = new JsonLines<EpochRecord>(historyFile(run));
  const gradients = new JsonLines<GradientRecord>(gradientsFile(run));
  if (request.resume && hasCheckpoint(run)) {
    restoreCheckpoint(run, configHash, parameters, loop);
    history.keep(({ epoch }) => epoch <= loop.epoch);
    gradients.keep(({ step }) => step <= loop.epoch * loop.stepsPerEpoch);
    progress.say(`going on after epoch ${loop.epoch} of ${config.epochs}`);
  }
  writeFileAtomic(
    join(run, 'config.json'),
    `${JSON.stringify(describeRun(request, engine, data, graph, labelled.closedCells), null, 2)}\n`,
  );

  const validation = samplesIn(data.dataset, 'val');
  const truth = truthOf(data.dataset, config, graph);
  const validationTruth = rowsOf(truth, validation, graph.labels.length);
  const isStacked = config.encoder.stacking === 'validation';
  const work = repeatedWork();
  const bar = progress.start('training', loop.totalSteps);
  bar.update(loop.epoch * (loop.totalSteps / config.epochs));
  let note = '';
  await loop.run({
    onStep: (step, total, loss) => {
      guardMemory(engine);
      bar.update(step, `loss ${loss.toFixed(3)}${note}`);
      if (step === total) bar.stop();
    },
    onGradients: (record) => gradients.append(record),
    validate: async () =>
      macroAuroc(
        await stackedLogits(model, inputs, validation, { truth: isStacked ? validationTruth : undefined, work }),
        validation,
        truth,
        graph.labels.length,
      ),
    onEpoch: async (record, isBest) => {
      if (isBest) {
        loop.average.swap();
        writeBest(run, await parameters.values());
        loop.average.swap();
      }
      await writeCheckpoint(run, configHash, parameters, loop);
      history.append(record);
      note = record.validation === null ? '' : `, validation AUROC ${record.validation.toFixed(3)}`;
    },
  });
  bar.stop();
  work.dispose();

  parameters.load(
    new Map([...readBest(run)].map(([name, { shape, data: values }]) => [name, { shape, data: values }])),
  );
  const heard = await stackingRemark(model, isStacked);
  if (heard) progress.say(heard);
  const validationLogits = await predictLogits(model, inputs, validation);
  const stored: StoredModel = {
    weights: await parameters.values(),
    texts,
    target: { shape: [graph.labels.length, graph.labels.length], data: knowledge.similarity },
    config,
    input: inputs.description,
    graph,
    zeroShot,
    ...fitOnValidation(config, graph, validationTruth, validationLogits),
    prevalence: counts.positives.map((count) => count / Math.max(1, training.length)),
    metadata: fitMetadataBaseline(
      training.map((sample) => data.dataset.samples[sample]),
      rowsOf(targets, training, graph.labels.length),
      graph.labels.length,
    ),
  };
  writeModel(run, stored);
  const asked = zeroShot && texts && { graph: zeroShot, texts: new ModelTexts(texts) };
  // Labels that were held out are scored, too.
  const evaluated = await evaluateSplit({
    model,
    stored,
    asked,
    data: loaded,
    split,
    progress,
    out: run,
    graph: whole,
  });
  asked?.texts.dispose();
  const { evaluation, predictions } = evaluated;
  await runReport(
    run,
    {
      ...evaluated,
      run,
      stored,
      edges: { counts: countEdges(truth, graph), of: 'all splits' },
      remarks: [...remarks, ...(heard ? [heard] : [])],
      worst: await largestErrors(predictions, data, split, config.errorThumbnails),
    },
    { png: request.png },
  );
  loop.dispose();
  await inputs.dispose();
  objective.dispose();
  parameters.dispose();
  modelTexts?.dispose();
  return {
    run,
    evaluation,
    bestEpoch: loop.bestEpoch,
    validation: Number.isFinite(loop.best) ? loop.best : null,
    parameters: parameters.count(),
    promptParameters: promptParameters(parameters),
    seconds: (Date.now() - began) / 1000,
    dataWaitShare: loop.steppedMs > 0 ? loop.waitedMs / loop.steppedMs : 0,
  };
}

/** Numbers that the optimiser may change between the frozen texts and the prompts. */
function promptParameters(parameters: Parameters): number {
  return parameters
    .trainable()
    .filter(({ name }) => name.startsWith('prompts/'))
    .reduce((sum, { variable }) => sum + variable.size, 0);
}

/** The rows of a matrix [samples, labels] at some samples. */
function rowsOf(matrix: Float32Array, samples: readonly number[], labels: number): Float32Array {
  const rows = new Float32Array(samples.length * labels);
  samples.forEach((sample, i) => rows.set(matrix.subarray(sample * labels, (sample + 1) * labels), i * labels));
  return rows;
}

/** The heap of the wasm engine ends at 4 GiB, and a failed allocation there goes unnoticed. */
function guardMemory(engine: Engine): void {
  const { numBytes } = tf.memory();
  if (numBytes > engine.memoryLimitBytes) {
    throw new Error(
      `trainer: tensors take ${(numBytes / 2 ** 30).toFixed(1)} GiB, more than the ${engine.name} engine can be trusted with; use a smaller batchSize or image.size`,
    );
  }
}

/** The content of `RUN/config.json`: what was asked for, on what, with what. */
function describeRun(
  { config, ...request }: TrainRequest,
  engine: Engine,
  { dataset, badRows, unreadable }: LoadedData,
  graph: LabelGraph,
  closedCells: number | null,
) {
  return {
    config,
    data: {
      path: request.path,
      features: request.features ?? null,
      ...trainingData(dataset),
      badRows: badRows.length,
      unreadableImages: unreadable.length,
      trainCount: request.trainCount ?? null,
      trainFraction: request.trainFraction ?? null,
      splitSeed: request.splitSeed ?? config.seed,
      split: request.split ?? null,
      sha256: sha256(
        JSON.stringify([dataset.samples.map(({ id, patient, split }) => [id, patient, split]), [...dataset.cells]]),
      ),
    },
    graph: { name: graph.name, source: graph.source, closedCells },
    engine: { name: engine.name, description: engine.description },
    versions: { node: process.version, tfjs: tf.version_core },
  };
}
