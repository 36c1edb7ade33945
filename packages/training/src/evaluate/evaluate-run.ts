import { boxesOf, type ModelInputs, ModelTexts, openModel, openVocabulary, weightsHash } from '@cxr-align/classifier';
import { countEdges, mappingRemarks, type Views } from '@cxr-align/evaluation';
import { selectSamples } from '@cxr-align/datasets';
import { InputError, lockFolder } from '@cxr-align/files';
import { readTrainedModel } from '../config/config.js';
import { progressOf, type RunControl } from '../events.js';
import { loadedImageRemarks } from '../inputs/checks/loaded-images.js';
import { trainedSource, type EncoderOptions } from '../inputs/input-source.js';
import { loadInputs } from '../inputs/load-inputs.js';
import { chooseSplit, samplesIn, type OpenedDataset } from '../inputs/prepare-data.js';
import { refuseUnknownOptions } from '../known-options.js';
import { dataGraph } from '../labels/label-graph-choice.js';
import { truthOf } from '../labels/targets.js';
import { silentProgress } from '../progress.js';
import { withResources } from '../resources.js';
import type { EvaluatedRun } from './evaluated-model.js';
import { evaluateSplit } from './evaluate-split.js';
import { evaluationIdentity } from './evaluation-identity.js';
import { writeEvaluatedRun } from './evaluated-run-file.js';
import { evaluationFolder, refuseRunFolder } from './evaluation-folder.js';
import { trainedOn } from './trained-on.js';

/** Which run is evaluated, on what, and how. */
export interface EvaluateRunOptions extends RunControl, Omit<EncoderOptions, 'out'> {
  /** The run folder. */
  run: string;
  data: OpenedDataset;
  /** Default test; val where there is no test. */
  split?: string;
  /**
   * Folder that `evaluation.json` and `predictions.parquet` are written to, or true for one of its own under the run,
   * `evaluations/DATA-SPLIT`; nothing is written unless given. What training wrote is never replaced.
   */
  out?: string | true;
  /** Label graph of the data: a shipped set, a file, or `auto`; that of the run where the labels are the same unless given. */
  graph?: string;
  /** Bootstrap resamples by patient; 0 = no intervals. Default as many as the configuration of the run has (`bootstrap`). */
  resamples?: number;
  /** Threads of the bootstrap. Default 1. */
  bootstrapThreads?: number;
  /** Scores images on their own, or those of a study together. Default `image`. */
  views?: Views;
  /**
   * Test-time augmentation: the logits of so many views of each image are averaged, the stored ones of features, or ones that are drawn
   * of the images as `augmentation` of the run has it, never mirrored. Default 1, the image as it is.
   */
  testViews?: number;
  /** Corrects probabilities for the prevalence of these images, estimated without their labels. Default false. */
  labelShift?: boolean;
  /** By label the share of images with it where the model will be used, for predictive values. Default: that of these images. */
  prevalenceInUse?: Readonly<Record<string, number>>;
  /** Images a day where the model will be used, for the alarms of a day. */
  filmsPerDay?: number;
  /** Scores labels of the data that the run was not trained for, by their prompts. Default false. */
  zeroShot?: boolean;
  /** The text encoder of the run, if it is not where it was. */
  textEncoder?: string;
  /** Scores the maps of the run against boxes. Default false. */
  localise?: boolean;
  /** Table of the boxes; those of the data set, else `boxes.csv` in its folder, unless given. */
  boxes?: string;
}

const known: readonly (keyof EvaluateRunOptions)[] = [
  'run',
  'data',
  'split',
  'out',
  'graph',
  'resamples',
  'bootstrapThreads',
  'views',
  'testViews',
  'labelShift',
  'prevalenceInUse',
  'filmsPerDay',
  'zeroShot',
  'textEncoder',
  'localise',
  'boxes',
  'encoder',
  'features',
  'joined',
  'on',
  'signal',
  'stallSeconds',
];

/**
 * Evaluates a trained run on a data set, whose labels may be others: they are mapped through the label graphs.
 *
 * @throws {InputError} if the run or the data cannot be read, or share no label, or `out` is a run.
 */
export async function evaluateRun(options: EvaluateRunOptions): Promise<EvaluatedRun & { folder?: string }> {
  refuseUnknownOptions('training/evaluateRun', options, known);
  const progress = progressOf(options);
  const { run, data: opened, views = 'image', labelShift, encoder, features, resamples } = options;
  if (resamples !== undefined && !(Number.isInteger(resamples) && resamples >= 0))
    throw new RangeError(
      `training/evaluateRun: expected resamples to be a whole number of 0 or more, got ${resamples}; try 1000`,
    );
  const { testViews = 1 } = options;
  if (!(Number.isInteger(testViews) && testViews >= 1))
    throw new RangeError(
      `training/evaluateRun: expected testViews to be a whole number of 1 or more, got ${testViews}; try 4`,
    );
  const { maxBad } = opened.options;
  return withResources(async (resources) => {
    // Before anything is written: there may be no run.
    const trained = readTrainedModel(run);
    const folder = folderOf(options, chooseSplit(options.split, opened, silentProgress));
    if (folder !== undefined) {
      const lock = lockFolder(folder, 'evaluate');
      resources.defer(() => lock.release());
      refuseRunFolder(folder);
    }
    const { model, stored, zeroShot: heldOut } = resources.own(openModel(trained));
    const graph = dataGraph(options.graph, opened.dataset, (heldOut ?? stored).graph);
    const more = options.zeroShot ? await openVocabulary(stored, graph, options.textEncoder) : undefined;
    const zeroShot = more ? { graph: more.graph, texts: resources.own(new ModelTexts(more.texts)) } : heldOut;
    const split = chooseSplit(options.split, opened, progress);
    const dataset = selectSamples(opened.dataset, samplesIn(opened.dataset, split));
    const source = await trainedSource(
      stored,
      dataset,
      { encoder, features, joined: options.joined, out: typeof options.out === 'string' ? options.out : run },
      progress,
    );
    const refused = opened.refused?.filter((image) => image.split === split);
    const data = await loadInputs({ ...opened, dataset, refused }, source, { maxBad, progress });
    resources.own(data.inputs);
    const ofViews = testViewRemarks(data.inputs, testViews, features);
    const overlap = trainedOn(run, opened.dataset, data);
    const images = await loadedImageRemarks(data, source, progress);
    [...data.remarks, ...images, ...overlap, ...ofViews].forEach((line) => progress.remark(line));
    if (labelShift && stored.config.calibration === 'none')
      progress.remark(
        'the correction for prevalence takes probabilities as calibrated, and those of this run are not: train with calibration=platt',
      );
    const boxes = options.localise
      ? await boxesOf({ boxes: options.boxes, path: opened.path }, opened.dataset)
      : undefined;
    const evaluated = await evaluateSplit({ model, stored, zeroShot }, data, {
      split,
      graph,
      resamples,
      threads: options.bootstrapThreads,
      views,
      labelShift,
      prevalenceInUse: options.prevalenceInUse,
      filmsPerDay: options.filmsPerDay,
      testViews,
      remarks: [...overlap, ...ofViews],
      boxes,
      weights: weightsHash(run),
      identity: evaluationIdentity(run, stored, { labelShift }),
      progress,
    });
    const result = {
      ...evaluated,
      run,
      stored,
      dataset: data.dataset,
      split,
      edges: { counts: countEdges(truthOf(data.dataset, stored.config, graph), graph), of: `split ${split}` },
      remarks: [...data.remarks, ...images, ...overlap, ...ofViews, ...mappingRemarks(evaluated.evaluation.mapping)],
    };
    if (folder !== undefined) writeEvaluatedRun(folder, result);
    return { ...result, ...(folder !== undefined && { folder }) };
  });
}

/** Where an evaluation is written; undefined for nowhere. */
function folderOf(
  { run, out, data: { dataset }, views = 'image', testViews = 1, labelShift, zeroShot }: EvaluateRunOptions,
  split: string,
): string | undefined {
  if (out !== true) return out;
  const variants = [
    ...(views === 'image' ? [] : [views]),
    ...(testViews > 1 ? [`views-${testViews}`] : []),
    ...(labelShift ? ['label-shift'] : []),
    ...(zeroShot ? ['zero-shot'] : []),
  ];
  return evaluationFolder(run, { data: dataset.name, split, variants });
}

/**
 * What to mind of scores that are means over views.
 *
 * @throws {InputError} if fewer views are stored.
 */
function testViewRemarks({ views: stored = Infinity }: ModelInputs, wanted: number, store?: string): string[] {
  if (wanted === 1) return [];
  if (wanted > stored)
    throw new InputError(
      `expected features of ${wanted} views of each image, got ${stored}; extract more views into another folder, or average over ${stored}`,
      { file: store },
    );
  return [
    `test-time augmentation: logits are means over ${wanted} views of each image; thresholds and calibration were fitted on one`,
  ];
}
