import { join } from 'node:path';
import { modelTypes } from '@cxr-align/classifier';
import { FeatureStore, selectSamples, type Dataset } from '@cxr-align/datasets';
import { InputError, sha256 } from '@cxr-align/files';
import type { LabelGraph } from '@cxr-align/label-graph';
import type { Config } from '../config/config-schema.js';
import { featureSource } from '../inputs/input-source.js';
import { loadInputs, type InputSource, type LoadedData } from '../inputs/load-inputs.js';
import { trainingDataset, type OpenedDataset } from '../inputs/prepare-data.js';
import { holdOut } from '../labels/hold-out.js';
import { truthOf } from '../labels/targets.js';
import type { Progress } from '../progress.js';
import type { Resources } from '../resources.js';
import type { TrainOptions } from './train-options.js';
import type { Archive } from '../loop/unlabelled/archive.js';

/** Images without labels, and where they are from. */
export interface LoadedArchive extends Archive {
  /** What it is, as `config.json` has it. */
  description: { split: string | null; path: string | null; images: number; leftOut: number };
  /** Hash of the names, contents and features of its images. */
  sha256: string;
  remarks: string[];
}

/** What an archive is loaded beside. */
export interface ArchiveContext {
  loaded: LoadedData;
  source: InputSource;
  wholeGraph: LabelGraph;
  /** The trained labels. */
  graph: LabelGraph;
  /** Names of the training images whose cells in the table are all blank. */
  withoutLabels: ReadonlySet<string>;
}

/** Whether images without labels are wanted. @throws {InputError} if two kinds of them are, or none that count. */
export function wantsArchive({ config, unlabelled }: Pick<TrainOptions, 'config' | 'unlabelled'>): boolean {
  const { split, weight } = config.unlabelled;
  if (split !== 'none' && unlabelled)
    throw new InputError(
      `expected images without labels of the data's own split (unlabelled.split=${split}) or of other data, got both; leave one out`,
    );
  const isFitted = modelTypes.get(config.model).isFitted === true;
  if (isFitted && unlabelled)
    throw new InputError(
      `expected no other images without labels with model ${config.model}, which takes no pseudo-labels, got ${unlabelled.path}; leave them out`,
    );
  const isWanted = !isFitted && (split !== 'none' || unlabelled !== undefined);
  if (isWanted && weight === 0)
    throw new InputError(
      'expected unlabelled.weight above 0 with images without labels, got 0; leave them out instead',
    );
  return isWanted;
}

/**
 * Loads the images without labels that a training was given: those of a split, or of other data. Of patients that are evaluated none
 * is taken, unless their split itself is named.
 *
 * @throws {InputError} if none is left, or their features are not those of the training.
 */
export async function loadArchive(
  options: TrainOptions,
  context: ArchiveContext,
  resources: Resources,
  progress: Progress,
): Promise<LoadedArchive> {
  const { config, unlabelled } = options;
  const { split } = config.unlabelled;
  const { loaded } = context;
  const chosen = unlabelled ?? splitArchive(options, context);
  const source = await archiveSource(options, context, chosen, progress);
  const inputs = await loadInputs({ ...chosen, remarks: [] }, source, {
    maxBad: options.data.options.maxBad,
    progress,
  });
  resources.own(inputs.inputs);
  const evaluated = evaluatedImages(loaded, split);
  const all = [...inputs.dataset.samples.keys()];
  const samples = all.filter((sample) => {
    const { patient } = inputs.dataset.samples[sample];
    return !evaluated.patients.has(patient) && !evaluated.contents.has(inputs.contentOf(sample));
  });
  const leftOut = all.length - samples.length;
  const place = unlabelled ? unlabelled.path : `the split ${split}`;
  if (samples.length === 0)
    throw new InputError(
      `expected images without labels in ${place} whose patients are not evaluated, got ${all.length === 0 ? 'no image' : `${leftOut} of evaluated patients`}; name other images`,
    );
  return {
    inputs: inputs.inputs,
    samples,
    ...(!unlabelled && { truth: truthIn(inputs.dataset, context, config) }),
    description: {
      split: unlabelled ? null : split,
      path: unlabelled?.path ?? null,
      images: samples.length,
      leftOut,
    },
    sha256: sha256(
      JSON.stringify(
        samples.map((sample) => [
          inputs.dataset.samples[sample].id,
          inputs.contentOf(sample),
          inputs.featuresOf?.(sample) ?? '',
        ]),
      ),
    ),
    remarks: [
      ...archiveRemarks({
        place,
        images: samples.length,
        leftOut,
        split: unlabelled ? 'none' : split,
        blank: samples.filter((sample) => context.withoutLabels.has(inputs.dataset.samples[sample].id)).length,
      }),
      ...inputs.remarks,
      ...viewRemarks(source),
    ],
  };
}

/** The images of a split whose labels are not used: of the training split those that are not trained on. */
function splitArchive(
  { data, config, splitSeed }: TrainOptions,
  { loaded, withoutLabels }: ArchiveContext,
): OpenedDataset {
  const { split } = config.unlabelled;
  const whole = trainingDataset(data, { seed: config.seed, splitSeed });
  const trained = new Set(
    loaded.dataset.samples.flatMap((sample) =>
      sample.split === 'train' && !withoutLabels.has(sample.id) ? [sample.id] : [],
    ),
  );
  const { samples } = whole.dataset;
  const chosen = [...samples.keys()].filter((row) => samples[row].split === split && !trained.has(samples[row].id));
  if (chosen.length === 0)
    throw new InputError(
      split === 'train'
        ? 'expected training images without labels, got none: every training image is trained on with its labels; limit the labelled ones (trainCount), or name other images'
        : `expected images in the split ${split}, got none; name a split that the data has`,
      { file: data.path },
    );
  return { ...whole, dataset: selectSamples(whole.dataset, chosen), refused: [] };
}

/** Where the inputs of the archive come from: the same kind of source as those of the training. */
async function archiveSource(
  { config, encoder, features, unlabelled, unlabelledFeatures, out }: TrainOptions,
  { loaded, source }: ArchiveContext,
  { dataset }: OpenedDataset,
  progress: Progress,
): Promise<InputSource> {
  const { description } = loaded.inputs;
  if (source.kind === 'image') {
    if (description.kind !== 'image') throw new Error('training: images have features as inputs');
    return { ...source, scale: description.scale };
  }
  if (source.kind === 'tuned')
    throw new InputError(
      'expected encoder.tune none with images without labels, whose pseudo-labels train stored views, got a tuned encoder; leave one of them out, or pretrain the encoder on those images',
    );
  if (description.kind !== 'features') throw new Error('training: features have images as inputs');
  if (description.joined && unlabelled && (unlabelledFeatures !== undefined || encoder !== undefined))
    throw new InputError(
      'expected other images without labels in the stores of the data where the features of several encoders are joined, got a store or encoder of their own; extract them into the same stores',
    );
  const own = encoder === undefined ? source.store : join(out, 'unlabelled-features');
  const store = unlabelledFeatures ?? (unlabelled ? own : source.store);
  if (encoder !== undefined) {
    const { views } = new FeatureStore(source.store).index;
    const { augmentation, seed } = config;
    const map = description.grid > 1;
    await featureSource(
      dataset,
      { encoder, features: store ?? features, out, augmentation, seed, map, views },
      progress,
    );
  }
  return {
    ...source,
    store,
    expected: description,
    ...(source.images && { images: { ...source.images, scale: description.images?.scale } }),
  };
}

/** Patients and contents of the images that are evaluated, but for those of a split that is named. */
function evaluatedImages(
  { dataset, contentOf }: LoadedData,
  named: string,
): { patients: Set<string>; contents: Set<string> } {
  const rows = dataset.samples.flatMap(({ split }, row) => (split === 'train' || split === named ? [] : [row]));
  const contents = new Set(rows.map(contentOf));
  contents.delete('');
  return { patients: new Set(rows.map((row) => dataset.samples[row].patient)), contents };
}

function truthIn(dataset: Dataset, { wholeGraph, graph }: ArchiveContext, config: Config): Float32Array {
  return truthOf(holdOut(dataset, wholeGraph, config.holdOut).dataset, config, graph);
}

function archiveRemarks({
  place,
  images,
  leftOut,
  split,
  blank,
}: {
  place: string;
  images: number;
  leftOut: number;
  split: string;
  blank: number;
}): string[] {
  const ofTable = split === 'train' && blank > 0 ? ` (${blank} of them have no label in the table)` : '';
  const out = leftOut > 0 ? `; ${leftOut} images of evaluated patients are left out` : '';
  return [
    `${images} images without labels of ${place}${ofTable} are trained on with pseudo-labels${out}`,
    ...(split === 'val' || split === 'test'
      ? [
          `transductive: the images of the split ${split}, without their labels, are trained on; its scores are those of images that were seen`,
        ]
      : []),
  ];
}

/** Of a store of one view, what is trained is the view that the pseudo-labels are from. */
function viewRemarks(source: InputSource): string[] {
  if (source.kind !== 'features' || new FeatureStore(source.store).index.views > 1) return [];
  return [
    `${source.store} has one view of each image: pseudo-labels train the view that they are from, and teach little; extract 4 views (encoder.views)`,
  ];
}
