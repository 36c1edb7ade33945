import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  dualEncoderHash,
  explainedProbabilities,
  openDualEncoder,
  type DualEncoderExplainer,
  type DualEncoderFolders,
} from '@cxr-align/classifier';
import { selectSamples } from '@cxr-align/datasets';
import { evaluate, sampleGroups, type Evaluation, type Predictions } from '@cxr-align/evaluation';
import type { LabelGraph } from '@cxr-align/label-graph';
import { checkConfig } from '../config/config.js';
import { progressOf, type RunControl } from '../events.js';
import { featureSource } from '../inputs/input-source.js';
import { loadInputs, type LoadedData } from '../inputs/load-inputs.js';
import { chooseSplit, samplesIn, type OpenedDataset } from '../inputs/prepare-data.js';
import { evaluator } from './evaluation-identity.js';
import { refuseUnknownOptions } from '../known-options.js';
import { graphFor } from '../labels/label-graph-choice.js';
import { hashOfSamples } from '../identity/data-identity.js';
import { ancestorIndices } from '../labels/label-knowledge.js';
import { truthOf } from '../labels/targets.js';
import { withResources } from '../resources.js';
import { rankingResamples } from './bootstrap-threads.js';
import { refuseRunFolder } from './evaluation-folder.js';
import { writeEvaluation } from './predictions-file.js';

/** Which encoders are evaluated, on what, and how. */
export interface EvaluateDualEncoderOptions extends RunControl, DualEncoderFolders {
  data: OpenedDataset;
  /** Feature store of the image encoder; made beside the results unless given. */
  features?: string;
  /** Label graph of the data: a shipped set, a file, or `auto`. Default `auto`. */
  graph?: string;
  /** Default test; val where there is no test. */
  split?: string;
  /** Folder that `evaluation.json` and `predictions.parquet` are written to; nothing is written unless given. */
  out?: string;
  /** By label the share of images with it where the encoders will be used, for predictive values. Default: that of these images. */
  prevalenceInUse?: Readonly<Record<string, number>>;
  /** Images a day where the encoders will be used, for the alarms of a day. */
  filmsPerDay?: number;
  /** Bootstrap resamples by patient. Default 1000. */
  resamples?: number;
  /** Threads of the bootstrap. Default 1. */
  bootstrapThreads?: number;
}

const known: readonly (keyof EvaluateDualEncoderOptions)[] = [
  'data',
  'encoder',
  'textEncoder',
  'features',
  'graph',
  'split',
  'out',
  'prevalenceInUse',
  'filmsPerDay',
  'resamples',
  'bootstrapThreads',
  'on',
  'signal',
  'stallSeconds',
];

/** What came of it. */
export interface EvaluatedDualEncoder {
  /** The image encoder. */
  name: string;
  evaluation: Evaluation;
  predictions: Predictions;
}

/** Evaluates a dual encoder (CLIP-style) on a data set: nothing is trained, and nothing is fitted. */
export async function evaluateDualEncoder(options: EvaluateDualEncoderOptions): Promise<EvaluatedDualEncoder> {
  refuseUnknownOptions('training/evaluateDualEncoder', options, known);
  const { data: opened, encoder, features, out, resamples = 1000, bootstrapThreads = 1 } = options;
  const progress = progressOf(options);
  const split = chooseSplit(options.split, opened, progress);
  const chosen = {
    ...opened,
    dataset: selectSamples(opened.dataset, samplesIn(opened.dataset, split)),
    refused: opened.refused?.filter((image) => image.split === split),
  };
  const graph = graphFor(options.graph ?? 'auto', chosen.dataset);
  return withResources(async (resources) => {
    const { images, explainer } = await openDualEncoder(options, graph);
    await images.dispose();
    if (out !== undefined) refuseRunFolder(out);
    const place = out ?? mkdtempSync(join(tmpdir(), 'cxr-align-zero-shot-'));
    if (out === undefined) resources.defer(() => rmSync(place, { recursive: true, force: true }));
    const config = checkConfig({}, 'zero-shot');
    const source = await featureSource(
      chosen.dataset,
      { encoder, features, out: place, augmentation: config.augmentation, map: false },
      progress,
    );
    const data = await loadInputs(chosen, source, { maxBad: opened.options.maxBad, progress });
    resources.own(data.inputs);
    data.remarks.forEach((line) => progress.remark(line));
    const predictions: Predictions = {
      labels: graph.labels,
      samples: data.dataset.samples,
      targets: truthOf(data.dataset, config, graph),
      probabilities: await probabilitiesByPrompts(data, explainer, graph),
    };
    const dataSha256 = hashOfSamples(data, [...data.dataset.samples.keys()]);
    const model = dualEncoderHash(options);
    const evaluation = evaluate(predictions, {
      data: data.dataset.name,
      split,
      thresholds: graph.labels.map(() => 0.5),
      graph,
      prevalenceInUse: options.prevalenceInUse,
      filmsPerDay: options.filmsPerDay,
      resamples,
      bootstrap: await rankingResamples(predictions, resamples, bootstrapThreads),
      ancestors: ancestorIndices(graph),
      groups: sampleGroups(data.dataset.samples, config.fairness),
      extras: {
        dataSha256,
        identity: { ...evaluator(), model, data: dataSha256, thresholds: '0.5: nothing was fitted' },
      },
    });
    if (out !== undefined) writeEvaluation(out, { evaluation, predictions });
    return { name: images.name, evaluation, predictions };
  });
}

/** Probabilities of all images [samples, labels], by the prompts of each label's observations. */
async function probabilitiesByPrompts(
  { dataset, inputs }: LoadedData,
  explainer: DualEncoderExplainer,
  graph: LabelGraph,
): Promise<Float64Array> {
  const labels = graph.labels.length;
  const probabilities = new Float64Array(dataset.samples.length * labels);
  const all = [...dataset.samples.keys()];
  for (let start = 0; start < all.length; start += 256) {
    const { main: vectors } = inputs.batch(all.slice(start, start + 256));
    const values = (await vectors.data()) as Float32Array;
    vectors.dispose();
    explainer
      .explain(values)
      .forEach((one, i) => probabilities.set(explainedProbabilities(one, graph), (start + i) * labels));
  }
  return probabilities;
}
