import { join } from 'node:path';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import { selectSamples, type Split } from '@cxr-align/datasets';
import { mapProbabilities, violationRate, type LabelGraph } from '@cxr-align/label-graph';
import { Parameters } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import { rankingDraws } from './bootstrap-threads.js';
import { calibratedProbabilities, toldProbabilities } from './calibrated.js';
import { evaluate } from './evaluation.js';
import type { Evaluation } from './evaluation-schema.js';
import { probabilitiesOf, type Predictions } from './predictions.js';
import { sampleGroups } from './fairness.js';
import { graphAgreement } from './graph-agreement.js';
import { ancestorIndices } from './label-knowledge.js';
import { dataGraph, evaluatedLabels, type EvaluatedLabels } from './label-mapping.js';
import { againstMetadata } from './metadata-baseline.js';
import { buildModel, type Model } from './model.js';
import { loadData, openDataset, samplesIn, type DataOptions, type LoadedData } from './prepare-data.js';
import { writePredictions } from './predictions-file.js';
import type { Progress } from './progress.js';
import { readModel, type StoredModel } from './run-folder.js';
import { byStudy, type Views } from './study-predictions.js';
import { truthOf } from './targets.js';
import { predictImages, type ImagePredictions } from './predict-images.js';

/** A stored model, ready to predict. */
export interface LoadedModel {
  model: Model;
  stored: StoredModel;
  dispose: () => void;
}

/** Builds the model of a run and puts its weights in. */
export function loadModel(run: string): LoadedModel {
  const stored = readModel(run);
  const tensors = new Map(stored.tensors);
  const texts = tensors.get('texts');
  tensors.delete('texts');
  const parameters = new Parameters(stored.config.seed);
  const textTensor = texts && tf.tensor3d(Float32Array.from(texts.data), texts.shape as [number, number, number]);
  const model = buildModel(stored.config, parameters, {
    size: stored.size,
    labels: stored.graph.labels.length,
    texts: textTensor,
  });
  parameters.load(tensors);
  return {
    model,
    stored,
    dispose: () => {
      parameters.dispose();
      textTensor?.dispose();
    },
  };
}

/** Evaluates a model on one split and writes `evaluation.json` and `predictions.parquet`. */
export async function evaluateSplit({
  model,
  stored,
  data,
  split,
  progress,
  out,
  graph = stored.graph,
  threads = 1,
  views = 'image',
}: {
  model: Model;
  stored: StoredModel;
  data: LoadedData;
  split: Split;
  progress: Progress;
  out: string;
  /** The data's label graph, in the data's label order; the model's unless given. */
  graph?: LabelGraph;
  /** Threads of the bootstrap. Default 1. */
  threads?: number;
  /** Scores images on their own, or those of a study together. Default `image`. */
  views?: Views;
}): Promise<{ evaluation: Evaluation; predictions: Predictions; cosines: ImagePredictions['cosines'] }> {
  const { dataset, images } = data;
  const { config } = stored;
  const { graph: evaluated, crosswalk, columns, mapping } = evaluatedLabels(stored.graph, graph);
  const samples = samplesIn(dataset, split);
  const bar = progress.start(`evaluating on ${split}`, samples.length);
  const { logits, cosines } = await predictImages(model, images, samples, stored.scale, {
    onImages: (done) => bar.update(done),
  });
  bar.stop();
  const inLabels = (told: Float32Array): Float32Array => mapProbabilities(told, stored.graph.labels, crosswalk).values;
  const truth = truthOf(dataset, config, graph);
  const scored = byStudy(
    {
      samples: samples.map((sample) => dataset.samples[sample]),
      targets: Float32Array.from(
        samples.flatMap((sample) => columns.map(({ data: column }) => truth[sample * graph.labels.length + column])),
      ),
      probabilities: inLabels(calibratedProbabilities(logits, stored.calibrations)),
      uncalibrated: inLabels(probabilitiesOf(logits)),
    },
    columns.length,
    views,
  );
  const raw = scored.probabilities;
  const predictions: Predictions = {
    labels: evaluated.labels,
    samples: scored.samples,
    targets: scored.targets,
    probabilities: toldProbabilities(config, evaluated, raw),
  };
  const agreement = (kind: Float32Array | undefined) => (kind ? graphAgreement(kind, stored.graph, config.seed) : null);
  // What was fitted for one label of the model, on images, says nothing of one that is told by several, or of studies.
  const hasSets = views === 'image' && !(mapping && config.coherentPredictions);
  const evaluation = evaluate(predictions, {
    data: dataset.name,
    split,
    thresholds: columns.map(({ model: from }) => smallestDefined(from.map((column) => stored.thresholds[column]))),
    draws: config.bootstrap,
    bootstrapped: await rankingDraws(predictions, config.bootstrap, threads),
    ancestors: ancestorIndices(evaluated),
    ...(!mapping && stored.prevalence && { prevalence: inColumns(stored.prevalence, columns) }),
    groups: sampleGroups(scored.samples, config.fairness),
    conformal: columns.map(({ model: [label, ...others] }) =>
      hasSets && others.length === 0 ? stored.calibrations[label].conformal : null,
    ),
    calibration: config.calibration,
    uncalibrated: scored.uncalibrated,
    views,
    hierarchyViolations: violationRate(raw, evaluated),
    labelViolations: violationRate(predictions.targets, evaluated),
    graphAgreement: { images: agreement(cosines.images), prompts: agreement(cosines.prompts) },
    mapping,
    metadataBaseline:
      stored.metadata && !mapping
        ? againstMetadata(
            predictions,
            { ...stored.metadata, coefficients: inColumns(stored.metadata.coefficients, columns) },
            scored.samples,
            config.bootstrap,
          )
        : null,
  });
  writePredictions(out, predictions);
  writeFileAtomic(join(out, 'evaluation.json'), `${JSON.stringify(evaluation, null, 2)}\n`);
  return { evaluation, predictions, cosines };
}

/** What belongs to the labels of the model, in the order of the data's, where both are the same. */
function inColumns<T>(values: readonly T[], columns: EvaluatedLabels['columns']): T[] {
  return columns.map(({ model: [column] }) => values[column]);
}

/** The threshold of a label that is told by several: that of the most easily called; NaN where none has one. */
function smallestDefined(thresholds: readonly number[]): number {
  const defined = thresholds.filter((threshold) => !Number.isNaN(threshold));
  return defined.length > 0 ? Math.min(...defined) : NaN;
}

/** What `evaluate --run` is asked for. */
export interface EvaluateRequest extends DataOptions {
  run: string;
  split?: string;
  out?: string;
  /** Label graph of the data; as for training unless given. */
  graph?: string;
  /** Threads of the bootstrap. Default 1. */
  bootstrapThreads?: number;
  /** Scores images on their own, or those of a study together. Default `image`. */
  views?: Views;
}

/** Evaluates a trained run on a data set, whose labels may be others. */
export async function evaluateRun(request: EvaluateRequest, progress: Progress): Promise<Evaluation> {
  const { model, stored, dispose } = loadModel(request.run);
  const opened = openDataset(request);
  const graph = dataGraph(request.graph, opened.dataset, stored.graph);
  const split = chooseSplit(
    request.split,
    opened.dataset.samples.map((sample) => sample.split),
    progress,
    request.path,
  );
  const keep = opened.dataset.samples.flatMap((sample, i) => (sample.split === split ? [i] : []));
  const data = await loadData(
    { ...opened, dataset: selectSamples(opened.dataset, keep) },
    { size: stored.size, fit: stored.config.image.fit },
    { maxBad: request.maxBad, progress },
  );
  data.remarks.forEach((line) => progress.say(line));
  const out = request.out ?? request.run;
  const { evaluation } = await evaluateSplit({
    model,
    stored,
    data,
    split,
    progress,
    out,
    graph,
    threads: request.bootstrapThreads,
    views: request.views,
  });
  dispose();
  return evaluation;
}

/** The split that was asked for; else test; else, said aloud, val. */
function chooseSplit(asked: string | undefined, splits: readonly Split[], progress: Progress, path: string): Split {
  const has = (split: string): boolean => splits.includes(split as Split);
  if (asked !== undefined) {
    if (!has(asked))
      throw new InputError(
        `expected a split of ${[...new Set(splits)].join(', ') || 'no rows at all'}, got ${asked}; change --split`,
        { file: path },
      );
    return asked as Split;
  }
  if (has('test')) return 'test';
  if (!has('val'))
    throw new InputError(
      'expected a test or a validation split, got neither; say --split train to evaluate on training images',
      { file: path },
    );
  progress.say('no test split in the data: evaluated on val');
  return 'val';
}
