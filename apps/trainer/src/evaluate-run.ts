import { join } from 'node:path';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import { selectSamples, type Split } from '@cxr-align/datasets';
import { violationRate } from '@cxr-align/label-graph';
import { Parameters } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import { evaluate, probabilitiesOf, type Evaluation, type Predictions } from './evaluation.js';
import { buildModel, type Model } from './model.js';
import { loadData, openDataset, samplesIn, targetsOf, type DataOptions, type LoadedData } from './prepare-data.js';
import { writePredictions } from './predictions-file.js';
import type { Progress } from './progress.js';
import { readModel, type StoredModel } from './run-folder.js';
import { predictLogits } from './training.js';

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
}: {
  model: Model;
  stored: StoredModel;
  data: LoadedData;
  split: Split;
  progress: Progress;
  out: string;
}): Promise<{ evaluation: Evaluation; predictions: Predictions }> {
  const { dataset, images } = data;
  const { labels } = dataset;
  const samples = samplesIn(dataset, split);
  const bar = progress.start(`evaluating on ${split}`, samples.length);
  const logits = await predictLogits(model, images, samples, stored.scale, { onImages: (done) => bar.update(done) });
  bar.stop();
  const targets = targetsOf(dataset, stored.config.labelPolicy);
  const predictions: Predictions = {
    labels,
    samples: samples.map((sample) => dataset.samples[sample]),
    targets: Float32Array.from(
      samples.flatMap((sample) => [...targets.subarray(sample * labels.length, (sample + 1) * labels.length)]),
    ),
    probabilities: probabilitiesOf(logits),
  };
  const evaluation = evaluate(predictions, {
    data: dataset.name,
    split,
    thresholds: stored.thresholds,
    draws: stored.config.bootstrap,
    hierarchyViolations: violationRate(predictions.probabilities, stored.graph),
  });
  writePredictions(out, predictions);
  writeFileAtomic(join(out, 'evaluation.json'), `${JSON.stringify(evaluation, null, 2)}\n`);
  return { evaluation, predictions };
}

/** What `evaluate --run` is asked for. */
export interface EvaluateRequest extends DataOptions {
  run: string;
  split?: string;
  out?: string;
}

/** Evaluates a trained run on a data set with the same labels. */
export async function evaluateRun(request: EvaluateRequest, progress: Progress): Promise<Evaluation> {
  const { model, stored, dispose } = loadModel(request.run);
  const opened = openDataset(request);
  const { labels } = opened.dataset;
  const wanted = stored.graph.labels;
  if (labels.join('|') !== wanted.join('|')) {
    const missing = wanted.filter((label) => !labels.includes(label));
    const strange = labels.filter((label) => !wanted.includes(label));
    const faults = [
      missing.length > 0 && `without ${missing.join(', ')}`,
      strange.length > 0 && `with ${strange.join(', ')}`,
    ].filter(Boolean);
    throw new InputError(
      `expected the labels that the run was trained on (${wanted.join(', ')}), got them ${faults.join(' and ') || 'in another order'}`,
      { file: request.path },
    );
  }
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
  const { evaluation } = await evaluateSplit({ model, stored, data, split, progress, out: request.out ?? request.run });
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
