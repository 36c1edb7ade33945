import { join } from 'node:path';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import { selectSamples, type Split } from '@cxr-align/datasets';
import { mapProbabilities, violationRate, type LabelGraph } from '@cxr-align/label-graph';
import { rankingDraws } from './bootstrap-threads.js';
import { calibratedProbabilities, toldProbabilities } from './calibrated.js';
import { evaluate } from './evaluation.js';
import type { EvaluatedModel } from './evaluated-model.js';
import type { Evaluation } from './evaluation-schema.js';
import { probabilitiesOf, type Predictions } from './predictions.js';
import { sampleGroups } from './fairness.js';
import { countEdges, graphAgreement } from '../labels/graph-agreement.js';
import { ancestorIndices } from '../labels/label-knowledge.js';
import { dataGraph, evaluatedLabels, mappingRemarks, type EvaluatedLabels } from '../labels/label-mapping.js';
import { correctForPrevalence } from './label-shift.js';
import { againstMetadata } from './metadata-baseline.js';
import { loadModel } from '../model/load-model.js';
import type { Model } from '../model/model.js';
import { ModelTexts } from '../model/model-texts.js';
import { boxesOf, evaluateLocalisation, type BoxTable, type LocalisationRequest } from './localise.js';
import { trainedSource, type EncoderOptions } from '../inputs/input-source.js';
import { loadInputs, type LoadedData } from '../inputs/load-inputs.js';
import { chooseSplit, openDataset, samplesIn, type DataOptions } from '../inputs/prepare-data.js';
import { writePredictions } from './predictions-file.js';
import type { Progress } from '../progress.js';
import { largestErrors } from '../report/largest-errors.js';
import { runReport } from '../report/run-report.js';
import type { StoredModel } from '../run-folder.js';
import { byStudy, type Views } from './study-predictions.js';
import { truthOf } from '../training/targets.js';
import { predictImages } from '../model/predict-images.js';
import { openVocabulary, placeInGraph, scoreZeroShot, toldLabels, type AskedLabels } from './zero-shot.js';

/** Evaluates a model on one split and writes `evaluation.json` and `predictions.parquet`. */
export async function evaluateSplit({
  model,
  stored,
  asked,
  data,
  split,
  progress,
  out,
  graph = (asked ?? stored).graph,
  threads = 1,
  views = 'image',
  labelShift = false,
  boxes,
}: {
  model: Model;
  stored: StoredModel;
  /** Labels beside the trained ones, told by their prompts alone. */
  asked?: AskedLabels;
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
  /** Corrects probabilities for the prevalence of these images, which they estimate themselves. Default false. */
  labelShift?: boolean;
  /** Where findings are: how well maps of the model show it. */
  boxes?: BoxTable;
}): Promise<EvaluatedModel> {
  const { dataset, inputs } = data;
  const { config } = stored;
  const told = toldLabels(stored, asked);
  const { graph: evaluated, crosswalk, columns, mapping } = evaluatedLabels(told.graph, graph);
  const samples = samplesIn(dataset, split);
  const bar = progress.start(`evaluating on ${split}`, samples.length);
  const { logits, cosines, sourceAttention } = await predictImages(model, inputs, samples, {
    onImages: (done) => bar.update(done),
    asked,
  });
  bar.stop();
  const inLabels = (values: Float32Array): Float32Array =>
    mapProbabilities(values, told.graph.labels, crosswalk).values;
  const truth = truthOf(dataset, config, graph);
  const calibrated = calibratedProbabilities(logits, told.calibrations);
  const placed = asked ? placeInGraph(calibrated, told.graph, stored.graph.labels.length) : calibrated;
  const shifted = labelShift ? correctForPrevalence(placed, { ...told, labels: told.graph.labels }) : null;
  const scored = byStudy(
    {
      samples: samples.map((sample) => dataset.samples[sample]),
      targets: Float32Array.from(
        samples.flatMap((sample) => columns.map(({ data: column }) => truth[sample * graph.labels.length + column])),
      ),
      probabilities: {
        told: inLabels(shifted?.probabilities ?? placed),
        uncalibrated: inLabels(probabilitiesOf(logits)),
        unshifted: inLabels(placed),
        byPrompts: inLabels(calibrated),
      },
    },
    columns.length,
    views,
  );
  const { told: raw, uncalibrated, unshifted, byPrompts } = scored.probabilities;
  const predictions: Predictions = {
    labels: evaluated.labels,
    samples: scored.samples,
    targets: scored.targets,
    probabilities: toldProbabilities(config, evaluated, raw),
  };
  const agreement = (kind: Float32Array | undefined) => (kind ? graphAgreement(kind, stored.graph, config.seed) : null);
  // What was fitted for one label of the model, on images, says nothing of one that is told by several, of studies, or of
  // probabilities that were changed since.
  const hasSets = views === 'image' && !labelShift && !(mapping && config.coherentPredictions);
  const localisation =
    boxes && (await evaluateLocalisation({ ...boxInputs(stored, data, graph), model, samples, boxes, progress }));
  const thresholds = shifted?.thresholds ?? told.thresholds;
  const isAsked = (column: number): boolean => column >= stored.graph.labels.length;
  const untrained = columns.flatMap(({ model: from }, i) => (from.every(isAsked) ? [evaluated.labels[i]] : []));
  const evaluation = evaluate(predictions, {
    data: dataset.name,
    split,
    thresholds: columns.map(({ model: from }) => smallestDefined(from.map((column) => thresholds[column]))),
    draws: config.bootstrap,
    bootstrapped: await rankingDraws(predictions, config.bootstrap, threads),
    ancestors: ancestorIndices(evaluated),
    ...(!mapping && told.prevalence && { prevalence: inColumns(told.prevalence, columns) }),
    groups: sampleGroups(scored.samples, config.fairness),
    conformal: columns.map(({ model: [label, ...others] }) =>
      hasSets && others.length === 0 ? told.calibrations[label].conformal : null,
    ),
    calibration: config.calibration,
    uncalibrated,
    ...(shifted && {
      labelShift: { labels: shifted.labels, before: toldProbabilities(config, evaluated, unshifted) },
    }),
    views,
    hierarchyViolations: violationRate(raw, evaluated),
    labelViolations: violationRate(predictions.targets, evaluated),
    graphAgreement: { images: agreement(cosines.images), prompts: agreement(cosines.prompts) },
    mapping,
    localisation,
    ...(untrained.length > 0 && {
      zeroShot: scoreZeroShot(predictions, byPrompts, { labels: untrained, graph: evaluated, draws: config.bootstrap }),
    }),
    metadataBaseline:
      told.metadata && !mapping
        ? againstMetadata(
            predictions,
            { ...told.metadata, coefficients: inColumns(told.metadata.coefficients, columns) },
            scored.samples,
            config.bootstrap,
          )
        : null,
  });
  writePredictions(out, predictions);
  writeFileAtomic(join(out, 'evaluation.json'), `${JSON.stringify(evaluation, null, 2)}\n`);
  return { evaluation, predictions, cosines, sourceAttention };
}

/** What maps are drawn from; the truth is of the trained labels that the data has by the same names. */
function boxInputs(
  { config, graph: trained }: StoredModel,
  { dataset, inputs }: LoadedData,
  graph: LabelGraph,
): Pick<LocalisationRequest, 'config' | 'graph' | 'dataset' | 'inputs' | 'truth'> {
  const truth = truthOf(dataset, config, graph);
  const columns = trained.labels.map((label) => graph.labels.indexOf(label));
  const ofTrained = Float32Array.from(
    dataset.samples.flatMap((_, row) =>
      columns.map((column) => (column < 0 ? NaN : truth[row * graph.labels.length + column])),
    ),
  );
  return { config, graph: trained, dataset, inputs, truth: ofTrained };
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
export interface EvaluateRequest extends DataOptions, Omit<EncoderOptions, 'out'> {
  run: string;
  split?: string;
  out?: string;
  /** Label graph of the data; as for training unless given. */
  graph?: string;
  /** Threads of the bootstrap. Default 1. */
  bootstrapThreads?: number;
  /** Scores images on their own, or those of a study together. Default `image`. */
  views?: Views;
  labelShift?: boolean;
  /** Asks for the labels of the data that the run was not trained for, by their prompts. */
  zeroShot?: boolean;
  /** Scores the maps of the run against boxes. */
  localise?: boolean;
  /** Their table; `boxes.csv` in the data's folder unless given. */
  boxes?: string;
  /** The text encoder of the run, if it is not where it was. */
  textEncoder?: string;
  /** Images with the largest errors that the report shows. Default 0. */
  errorThumbnails?: number;
  /** Writes the figures of the report as PNG files, too. */
  png?: boolean;
}

/** Evaluates a trained run on a data set, whose labels may be others. */
export async function evaluateRun(request: EvaluateRequest, progress: Progress): Promise<Evaluation> {
  const { model, stored, asked: heldOut, dispose } = loadModel(request.run);
  const opened = await openDataset(request);
  const graph = dataGraph(request.graph, opened.dataset, (heldOut ?? stored).graph);
  const more = request.zeroShot ? await openVocabulary(stored, graph, request.textEncoder) : undefined;
  const asked = more ? { graph: more.graph, texts: new ModelTexts(more.texts) } : heldOut;
  const split = chooseSplit(request.split, opened.dataset, progress, request.path);
  const chosen = { ...opened, dataset: selectSamples(opened.dataset, samplesIn(opened.dataset, split)) };
  const source = await trainedSource(stored, chosen.dataset, { ...request, out: request.out ?? request.run }, progress);
  const data = await loadInputs(chosen, source, { maxBad: request.maxBad, progress });
  data.remarks.forEach((line) => progress.say(line));
  if (request.labelShift && stored.config.calibration === 'none')
    progress.say(
      '--label-shift takes probabilities at their word, and this run has none calibrated: train with calibration=platt',
    );
  const { run, out = run, views = 'image', errorThumbnails = 0 } = request;
  if (errorThumbnails > 0 && views !== 'image')
    throw new InputError(`expected --views image with --error-thumbnails, got ${views}: a study is no image`);
  const evaluated = await evaluateSplit({
    model,
    stored,
    asked,
    data,
    split,
    progress,
    out,
    graph,
    threads: request.bootstrapThreads,
    views,
    labelShift: request.labelShift,
    ...(request.localise && { boxes: await boxesOf(request, opened.dataset) }),
  });
  dispose();
  if (more) asked!.texts.dispose();
  await data.inputs.dispose();
  const { predictions, evaluation } = evaluated;
  await runReport(
    out,
    {
      ...evaluated,
      run,
      stored,
      edges: { counts: countEdges(truthOf(data.dataset, stored.config, graph), graph), of: `split ${split}` },
      remarks: [...data.remarks, ...mappingRemarks(evaluation.mapping)],
      worst: await largestErrors(predictions, data, split, errorThumbnails),
    },
    { png: request.png },
  );
  return evaluation;
}
