import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selectSamples } from '@cxr-align/datasets';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import type { FrozenImageEncoder } from '@cxr-align/image-backbone';
import type { LabelGraph } from '@cxr-align/label-graph';
import { rankingDraws } from './bootstrap-threads.js';
import { checkConfig } from '../config/config.js';
import { evaluate } from './evaluation.js';
import type { Evaluation } from './evaluation-schema.js';
import { sampleGroups } from './fairness.js';
import { openImageEncoder } from '../inputs/image-encoders.js';
import { featureSource } from '../inputs/input-source.js';
import { ancestorIndices, graphFor } from '../labels/label-knowledge.js';
import { loadInputs } from '../inputs/load-inputs.js';
import { explainedProbabilities, PairExplainer } from '../model/observations.js';
import { chooseSplit, openDataset, samplesIn, type DataOptions } from '../inputs/prepare-data.js';
import { writePredictions } from './predictions-file.js';
import type { Predictions } from './predictions.js';
import type { Progress } from '../progress.js';
import { evaluationReport } from '../report/evaluation-report.js';
import { truthOf } from '../training/targets.js';
import { openTextEncoder } from '../prompts/text-encoders.js';
import { encodeTexts, termsOf } from '../prompts/texts.js';

/** Image and text encoder that share a space. */
export interface PairFolders {
  /** Folder of the image encoder. */
  encoder: string;
  textEncoder: string;
}

/** The observations of labels, as the text encoder of a pair reads them. */
export async function openPair(
  { encoder: folder, textEncoder }: PairFolders,
  graph: LabelGraph,
): Promise<{ images: FrozenImageEncoder; explainer: PairExplainer }> {
  const images = await openImageEncoder(folder);
  const texts = await openTextEncoder(textEncoder, graph);
  try {
    if (texts.dim !== images.dim)
      throw new InputError(
        `expected encoders that share a space, got images of ${images.dim} numbers (${images.name}) and texts of ${texts.dim} (${texts.name}); export both halves of one model, or train the alignment`,
      );
    const options = { set: 'descriptors', count: 0, seed: 0, sampling: false, mixture: [], tokens: false };
    return { images, explainer: new PairExplainer(await encodeTexts(texts, options, termsOf(graph))) };
  } finally {
    await texts.dispose?.();
  }
}

/** What `evaluate --zero-shot` without a run is asked for. */
export interface PairRequest extends DataOptions, PairFolders {
  features?: string;
  graph?: string;
  split?: string;
  out?: string;
  draws: number;
  bootstrapThreads: number;
  png?: boolean;
}

/** Evaluates a pair of encoders on a data set: nothing is trained, and nothing is fitted. */
export async function evaluatePair(request: PairRequest, progress: Progress): Promise<Evaluation> {
  const { draws, out } = request;
  const opened = await openDataset(request);
  const split = chooseSplit(request.split, opened.dataset, progress, request.path);
  const chosen = { ...opened, dataset: selectSamples(opened.dataset, samplesIn(opened.dataset, split)) };
  const graph = graphFor(request.graph ?? 'auto', chosen.dataset);
  const { images, explainer } = await openPair(request, graph);
  await images.dispose();
  const place = out ?? mkdtempSync(join(tmpdir(), 'cxr-align-zero-shot-'));
  try {
    const config = checkConfig({}, 'zero-shot');
    const { encoder, features } = request;
    const source = await featureSource(
      chosen.dataset,
      { encoder, features, out: place, augmentation: config.augmentation, map: false },
      progress,
    );
    const data = await loadInputs(chosen, source, { maxBad: request.maxBad, progress });
    data.remarks.forEach((line) => progress.say(line));
    const { samples } = data.dataset;
    const probabilities = new Float32Array(samples.length * graph.labels.length);
    const all = [...samples.keys()];
    for (let start = 0; start < all.length; start += 256) {
      const places = all.slice(start, start + 256);
      const { main: vectors } = data.inputs.batch(places);
      explainer
        .explain((await vectors.data()) as Float32Array)
        .forEach((one, i) => probabilities.set(explainedProbabilities(one, graph), (start + i) * graph.labels.length));
      vectors.dispose();
    }
    await data.inputs.dispose();
    const predictions: Predictions = {
      labels: graph.labels,
      samples,
      targets: truthOf(data.dataset, config, graph),
      probabilities,
    };
    const evaluation = evaluate(predictions, {
      data: data.dataset.name,
      split,
      thresholds: graph.labels.map(() => 0.5),
      draws,
      bootstrapped: await rankingDraws(predictions, draws, request.bootstrapThreads),
      ancestors: ancestorIndices(graph),
      groups: sampleGroups(samples, config.fairness),
    });
    if (out !== undefined) {
      writePredictions(out, predictions);
      writeFileAtomic(join(out, 'evaluation.json'), `${JSON.stringify(evaluation, null, 2)}\n`);
      const thresholds = 'Nothing was trained: probabilities are of prompts, the threshold is 0.5 for every label.';
      await evaluationReport(out, { name: images.name, evaluation, predictions, thresholds }, { png: request.png });
    }
    return evaluation;
  } finally {
    if (out === undefined) rmSync(place, { recursive: true, force: true });
  }
}
