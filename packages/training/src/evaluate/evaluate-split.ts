import type { Dataset, Sample, Split } from '@cxr-align/datasets';
import { mapProbabilities, violationRate, type LabelGraph } from '@cxr-align/label-graph';
import { rankingResamples } from './bootstrap-threads.js';
import {
  type EvaluatedLabels,
  type EvaluationIdentity,
  type Predictions,
  type Views,
  compareWithMetadata,
  byStudy,
  calibratedLogits,
  calibratedProbabilities,
  correctForPrevalence,
  evaluate,
  evaluatedLabels,
  graphAgreement,
  placeInGraph,
  probabilitiesOf,
  sampleGroups,
  scoreZeroShot,
  decisionProbabilities,
  definedThreshold,
} from '@cxr-align/evaluation';
import type { EvaluatedModel } from './evaluated-model.js';
import { hashOfSamples } from '../identity/data-identity.js';
import { ancestorIndices } from '../labels/label-knowledge.js';
import {
  type BoxTable,
  evaluateLocalisation,
  type LocalisationRequest,
  type ZeroShotLabels,
  type Model,
  type StoredModel,
  predictImages,
  predictedLabels,
  refuseNonFiniteLogits,
  thresholdOrigins,
  type ThresholdOrigin,
} from '@cxr-align/classifier';
import { type Config } from '../config/config.js';
import { type LoadedData } from '../inputs/load-inputs.js';
import { samplesIn } from '../inputs/prepare-data.js';
import type { Progress } from '../progress.js';
import { breathe } from '../stop-signals.js';
import { truthOf } from '../labels/targets.js';

/** A model that is evaluated, and the labels that it scores by their prompts alone. */
export interface ScoredModel {
  model: Model;
  stored: StoredModel<Config>;
  zeroShot?: ZeroShotLabels;
}

/** How a split is evaluated. */
export interface SplitOptions {
  split: Split;
  /** The data's label graph, in the data's label order; the model's unless given. */
  graph?: LabelGraph;
  /** Bootstrap resamples by patient; as many as the configuration has unless given. */
  resamples?: number;
  /** Threads of the bootstrap. Default 1. */
  threads?: number;
  /** Scores images on their own, or those of a study together. Default `image`. */
  views?: Views;
  /** Views of each image whose logits are averaged. Default 1. */
  testViews?: number;
  /** Corrects probabilities for the prevalence of these images, which they estimate themselves. Default false. */
  labelShift?: boolean;
  /** By label the share of images with it where the model will be used. Default: that of these images. */
  prevalenceInUse?: Readonly<Record<string, number>>;
  /** Images a day where the model will be used. */
  filmsPerDay?: number;
  /** What to mind in reading the scores. */
  remarks?: string[];
  /** Where findings are: how well maps of the model show it. */
  boxes?: BoxTable;
  /** Hash of the weights that maps are made by. */
  weights?: string;
  /** The model, the code and the engine. */
  identity: Omit<EvaluationIdentity, 'data'>;
  progress: Progress;
}

/** Evaluates a model on one split. */
export async function evaluateSplit(
  { model, stored, zeroShot }: ScoredModel,
  data: LoadedData,
  {
    split,
    graph = (zeroShot ?? stored).graph,
    resamples = stored.config.bootstrap,
    threads = 1,
    views = 'image',
    testViews = 1,
    labelShift = false,
    prevalenceInUse,
    filmsPerDay,
    remarks,
    boxes,
    weights,
    identity,
    progress,
  }: SplitOptions,
): Promise<EvaluatedModel> {
  const { dataset, inputs } = data;
  const { config } = stored;
  const samples = samplesIn(dataset, split);
  const bar = progress.start(`evaluating on ${split}`, samples.length);
  const { logits, cosines, sourceAttention } = await predictImages(model, inputs, samples, {
    onImages: async (done) => {
      await breathe();
      bar.update(done);
    },
    zeroShot,
    views: testViews,
  }).finally(() => bar.stop());
  refuseNonFiniteLogits(logits, (zeroShot ?? stored).graph.labels, (row) => dataset.samples[samples[row]].id);
  const scored = scoreSplit({ stored, zeroShot }, { dataset, samples, logits, graph }, { views, labelShift });
  const { predictions, labels, predicted } = scored;
  const measured =
    boxes &&
    (await evaluateLocalisation({
      ...boxInputs(stored, data, graph),
      config: { ...config, bootstrap: resamples },
      ...{ model, samples, boxes, progress },
    }));
  const localisation = measured && { ...measured, weights };
  const dataSha256 = hashOfSamples(data, samples);
  const agreement = (kind: Float32Array | undefined) => (kind ? graphAgreement(kind, stored.graph, config.seed) : null);
  const evaluation = evaluate(predictions, {
    data: dataset.name,
    split,
    thresholds: thresholdsOf(scored),
    graph: labels.graph,
    resamples,
    bootstrap: await rankingResamples(predictions, resamples, threads),
    ancestors: ancestorIndices(labels.graph),
    ...(!labels.mapping && predicted.prevalence && { prevalence: inColumns(predicted.prevalence, labels.columns) }),
    groups: sampleGroups(scored.samples, config.fairness),
    conformal: conformalOf(scored, config, views),
    operating: operatingOf(scored, thresholdOrigins(stored)),
    prevalenceInUse,
    filmsPerDay,
    extras: {
      ...comparisonsOf(scored, stored, resamples),
      calibration: config.calibration,
      uncalibrated: scored.versions.uncalibrated,
      views,
      hierarchyViolations: violationRate(scored.versions.reported, labels.graph),
      labelViolations: violationRate(predictions.targets, labels.graph),
      graphAgreement: { images: agreement(cosines.images), prompts: agreement(cosines.prompts) },
      mapping: labels.mapping,
      localisation,
      dataSha256,
      identity: { ...identity, data: dataSha256 },
      remarks,
    },
  });
  return { evaluation, predictions, cosines, sourceAttention };
}

/** Versions of the probabilities of the same rows, [rows, labels] row by row. */
type Version = 'reported' | 'uncalibrated' | 'unshifted' | 'byPrompts' | 'scores';

/** What a model scores on a split, in the labels of the data. */
interface ScoredSplit {
  labels: EvaluatedLabels;
  predicted: ReturnType<typeof predictedLabels>;
  predictions: Predictions;
  /** Images, or studies. */
  samples: readonly Sample[];
  versions: Record<Version, Float64Array>;
  /** The correction for the prevalence of these images, where that was made. */
  shifted: ReturnType<typeof correctForPrevalence> | null;
}

/** Logits of images as calibrated predictions in the labels of the data, of images or of studies. */
function scoreSplit(
  { stored, zeroShot }: Pick<ScoredModel, 'stored' | 'zeroShot'>,
  {
    dataset,
    samples,
    logits,
    graph,
  }: { dataset: Dataset; samples: readonly number[]; logits: Float32Array; graph: LabelGraph },
  { views, labelShift }: { views: Views; labelShift: boolean },
): ScoredSplit {
  const { config } = stored;
  const predicted = predictedLabels(stored, zeroShot);
  const labels = evaluatedLabels(predicted.graph, graph);
  const inLabels = (values: ArrayLike<number>): Float64Array =>
    mapProbabilities(values, predicted.graph.labels, labels.crosswalk).values;
  const truth = truthOf(dataset, config, graph);
  const calibrated = calibratedProbabilities(logits, predicted.calibrations);
  const placed = zeroShot ? placeInGraph(calibrated, predicted.graph, stored.graph.labels.length) : calibrated;
  const shifted = labelShift ? correctForPrevalence(placed, { ...predicted, labels: predicted.graph.labels }) : null;
  // Log-odds keep the order of saturated logits; means of probabilities and products with them have none of their own.
  const hasScores = !zeroShot && !shifted && (views === 'image' || views === 'max');
  const rows = byStudy<Version>(
    {
      samples: samples.map((sample) => dataset.samples[sample]),
      targets: Float32Array.from(
        samples.flatMap((sample) => labels.columns.map(({ data }) => truth[sample * graph.labels.length + data])),
      ),
      probabilities: {
        reported: inLabels(shifted?.probabilities ?? placed),
        uncalibrated: inLabels(probabilitiesOf(logits)),
        unshifted: inLabels(placed),
        byPrompts: inLabels(calibrated),
        scores: inLabels(hasScores ? calibratedLogits(logits, predicted.calibrations) : placed),
      },
    },
    labels.columns.length,
    views,
  );
  const decided = (values: Float64Array): Float64Array => decisionProbabilities(config, labels.graph, values);
  const predictions: Predictions = {
    labels: labels.graph.labels,
    samples: rows.samples,
    targets: rows.targets,
    probabilities: decided(rows.probabilities.reported),
    ...(hasScores && { scores: decided(rows.probabilities.scores) }),
  };
  return { labels, predicted, predictions, samples: rows.samples, versions: rows.probabilities, shifted };
}

/** The threshold of each label of the data. */
function thresholdsOf({ labels, predicted, shifted }: ScoredSplit): number[] {
  const thresholds = shifted?.thresholds ?? predicted.thresholds;
  return labels.columns.map(({ model }) => smallestDefined(model.map((column) => thresholds[column])));
}

/**
 * The conformal thresholds of each label: those of a label of the model, on images. They do not apply to a label that is given by
 * several, to studies, or to probabilities that were changed since.
 */
function conformalOf({ labels, predicted, shifted }: ScoredSplit, config: Config, views: Views) {
  const hasSets = views === 'image' && !shifted && !(labels.mapping && config.enforceHierarchy);
  return labels.columns.map(({ model: [label, ...others] }) =>
    hasSets && others.length === 0 ? predicted.calibrations[label].conformal : null,
  );
}

/** The threshold that decides, then those of other rules, of each label that is given by one of the model. */
function operatingOf(scored: ScoredSplit, origins: readonly ThresholdOrigin[]) {
  const { labels, predicted, shifted } = scored;
  const deciding = thresholdsOf(scored);
  return labels.columns.map(({ model: [label, ...others] }, i) => {
    // A label that is predicted by its prompts alone has none of its own.
    const origin = origins[label];
    // Without validation 0.5 decides by rule, not for want of a fit.
    const threshold = origin?.rule === 'none' ? definedThreshold(deciding[i]) : deciding[i];
    const first = { rule: origin?.rule ?? 'none', threshold };
    if (shifted || others.length > 0) return [first];
    const more = Object.entries(predicted.calibrations[label].operating).filter(([name]) => name !== first.rule);
    return [first, ...more.map(([name, threshold]) => ({ rule: name, threshold: threshold ?? NaN }))];
  });
}

/** What the predictions are compared with: before the correction for prevalence, by prompts alone, age, sex and view alone. */
function comparisonsOf(
  { labels, predicted, predictions, samples, versions, shifted }: ScoredSplit,
  { config, graph }: StoredModel<Config>,
  resamples: number,
) {
  const { columns, mapping } = labels;
  const isZeroShot = (column: number): boolean => column >= graph.labels.length;
  const untrained = columns.flatMap(({ model }, i) => (model.every(isZeroShot) ? [labels.graph.labels[i]] : []));
  return {
    ...(shifted && {
      labelShift: {
        labels: shifted.labels,
        before: decisionProbabilities(config, labels.graph, versions.unshifted),
      },
    }),
    ...(untrained.length > 0 && {
      zeroShot: scoreZeroShot(predictions, versions.byPrompts, { labels: untrained, graph: labels.graph, resamples }),
    }),
    metadataBaseline:
      predicted.metadata && !mapping
        ? compareWithMetadata(
            predictions,
            { ...predicted.metadata, coefficients: inColumns(predicted.metadata.coefficients, columns) },
            samples,
            resamples,
          )
        : null,
  };
}

/** What maps are drawn from; the truth is of the trained labels that the data has by the same names. */
function boxInputs(
  { config, graph: trained }: StoredModel<Config>,
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

/** The threshold of a label that is given by several: the smallest of theirs; NaN where none has one. */
function smallestDefined(thresholds: readonly number[]): number {
  const defined = thresholds.filter((threshold) => !Number.isNaN(threshold));
  return defined.length > 0 ? Math.min(...defined) : NaN;
}
