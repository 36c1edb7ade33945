import { selectSplit, type Dataset, type Split } from '@cxr-align/datasets';
import { frozenTexts, modelTypes, type FrozenTexts } from '@cxr-align/classifier';
import { InputError } from '@cxr-align/files';
import type { LabelGraph } from '@cxr-align/label-graph';
import type { Config } from '../config/config-schema.js';
import { loadedImageRemarks } from '../inputs/checks/loaded-images.js';
import { trainingSource } from '../inputs/input-source.js';
import { loadInputs, type LoadedData } from '../inputs/load-inputs.js';
import { chooseSplit, samplesIn, trainingDataset } from '../inputs/prepare-data.js';
import { holdOut } from '../labels/hold-out.js';
import { graphFor, graphRemarks } from '../labels/label-graph-choice.js';
import { knowledgeOf, type LabelKnowledge } from '../labels/label-knowledge.js';
import { needsTeacher, trainingTargets, truthOf } from '../labels/targets.js';
import { planTasks, type TaskPlan } from '../loop/objective.js';
import type { Progress } from '../progress.js';
import type { Resources } from '../resources.js';
import { teacherEstimates } from '../teacher.js';
import { loadArchive, wantsArchive, type LoadedArchive } from './load-archive.js';
import type { TrainOptions } from './train-options.js';

/** All that a training is made from: inputs, targets, labels and their priors. */
export interface PreparedTraining {
  /** The data set with all its labels. */
  loaded: LoadedData;
  /** The same without the labels that are held out. */
  dataset: Dataset;
  /** The trained labels. */
  graph: LabelGraph;
  /** The labels of the data set, in its order. */
  wholeGraph: LabelGraph;
  /** The trained labels, then those that are held out; undefined where none is. */
  zeroShot?: LabelGraph;
  knowledge: LabelKnowledge;
  plan: TaskPlan;
  texts?: FrozenTexts;
  /** Images without labels that are trained on, too. */
  archive?: LoadedArchive;
  /** Samples that are trained on with their labels. */
  training: number[];
  /** Samples that choose the epoch, thresholds, calibration and ensemble weights; none where nothing chooses. */
  validation: number[];
  /** [samples, labels] row by row: 1, 0, in between, NaN where unknown. */
  targets: Float32Array;
  /** The same for scoring: 1, 0, NaN. */
  truth: Float32Array;
  /** Annotations that closing the labels under the graph changed; null where that was not wanted. */
  propagatedAnnotations: number | null;
  /** The split that is evaluated at the end. */
  split: Split;
  remarks: string[];
}

/** Reads images or features and decides what is trained on them. */
export async function prepareTraining(
  options: TrainOptions,
  resources: Resources,
  progress: Progress,
): Promise<PreparedTraining> {
  const { config } = options;
  const { maxBad } = options.data.options;
  const opened = trainingDataset(options.data, {
    ...options,
    seed: config.seed,
    drawsValidation: config.validation === 'split',
  });
  const split = chooseSplit(options.split, opened, progress);
  const wholeGraph = graphFor(config.graph, opened.dataset);
  const { dataset: trained, graph, zeroShot } = holdOut(opened.dataset, wholeGraph, config.holdOut);
  const knowledge = knowledgeOf(graph, config, selectSplit(trained, 'train').annotations.values);
  const plan = planTasks(config, knowledge);
  const texts = modelTypes.get(config.model).usesPrompts ? await frozenTexts(config, zeroShot ?? graph) : undefined;
  const source = await trainingSource(config, opened.dataset, { ...options, maxBad }, progress);
  const loaded = await loadInputs(opened, source, { maxBad, progress });
  resources.own(loaded.inputs);
  const { dataset } = holdOut(loaded.dataset, wholeGraph, config.holdOut);
  const estimates = needsTeacher(config)
    ? await teacherEstimates(config, { ...options, maxBad }, { ...loaded, dataset }, progress)
    : undefined;
  const validation = config.validation === 'split' ? samplesIn(dataset, 'val') : [];
  const { values: targets, propagatedAnnotations, remarks } = trainingTargets(config, dataset, graph, estimates);
  const { training, withoutLabels } = labelledTraining(dataset);
  const archive = wantsArchive(options)
    ? await loadArchive(options, { loaded, source, wholeGraph, graph, withoutLabels }, resources, progress)
    : undefined;
  if (archive && training.length === 0)
    throw new InputError('expected training images that have a label, beside those without, got none; add labels', {
      file: options.data.path,
    });
  return {
    archive,
    loaded,
    dataset,
    graph,
    wholeGraph,
    zeroShot,
    knowledge,
    plan,
    texts,
    // Images without any label are of no use but in an archive.
    training: archive ? training : samplesIn(dataset, 'train'),
    validation,
    targets,
    truth: truthOf(dataset, config, graph),
    propagatedAnnotations,
    split,
    remarks: [
      ...loaded.remarks,
      ...(await loadedImageRemarks(loaded, source, progress)),
      ...graphRemarks(config.graph, opened.dataset),
      ...remarks,
      ...(archive?.remarks ?? []),
      ...(validation.length === 0 ? [unvalidated(config)] : []),
    ],
  };
}

/** What it means that no images choose anything. */
function unvalidated({ model, validation, epochs, weightAveraging }: Config): string {
  if (modelTypes.get(model).isFitted)
    return `${validation === 'split' ? 'no image of the validation split is left' : 'no validation split is used'}: thresholds are 0.5, probabilities are not calibrated`;
  const weights = weightAveraging > 0 ? 'the averaged weights' : 'the weights';
  return `${validation === 'split' ? 'no image of the validation split is left' : 'no validation split is used'}: ${weights} of the last epoch (${epochs}) are kept, thresholds are 0.5, probabilities are not calibrated, ensemble weights are not fitted`;
}

/** The training images that have a label in the table, and the names of those whose cells are all blank. */
function labelledTraining(dataset: Dataset): { training: number[]; withoutLabels: Set<string> } {
  const { labels, values } = dataset.annotations;
  const isLabelled = (row: number): boolean =>
    values.subarray(row * labels.length, (row + 1) * labels.length).some((value) => !Number.isNaN(value));
  const rows = samplesIn(dataset, 'train');
  return {
    training: rows.filter(isLabelled),
    withoutLabels: new Set(rows.filter((row) => !isLabelled(row)).map((row) => dataset.samples[row].id)),
  };
}
