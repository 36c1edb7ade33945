import type { Dataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { fitLogistic, headDefaults, rowsOf } from '@cxr-align/heads';
import { probabilitiesOf } from '@cxr-align/evaluation';
import { graphFor, progressOf, refuseUnknownOptions, type RunControl } from '@cxr-align/training';
import { annotationTargets } from '../annotation-targets.js';
import { filterDataset } from '../filter-dataset.js';
import { centredUnits } from '../near-images.js';
import { patientNumbers } from '../patient-numbers.js';
import { sampleFeatures, type SampleFeatures } from '../sample-features.js';
import { labelWorths } from './label-worth.js';
import { pickByValue, pickRepresentatives, type Picked } from './pick-images.js';
import { runProbabilities } from './run-probabilities.js';

/** What is chosen from, and how much. */
export interface ChooseNextOptions extends RunControl {
  /** A data set that has been opened or read; images with an annotation count as labelled. */
  data: { dataset: Dataset };
  /** Folder of a feature store with the images of the data set. */
  features: string;
  /** Images to choose. */
  count: number;
  /** A trained run whose probabilities tell which images it is unsure of; a logistic regression on the labelled images unless given. */
  run?: string;
  /** Folder of the run's frozen image encoder, where it is no longer where it was. */
  encoder?: string;
  /** Images of a patient that are chosen at most. Default 1. */
  perPatient?: number;
  /** Only images of this split. */
  split?: string;
  /** Label graph of the data: a shipped set, a file, or `auto`. Default `auto`. */
  graph?: string;
  /** Random seed of clusters and folds. Default 0. */
  seed?: number;
}

/** An image to label. */
export interface NextImage {
  image: string;
  patient: string;
  split: string;
  /** What it was chosen by: uncertainty × distance, or the share of the images that its cluster has. Only the order means something. */
  value: number;
  /** The model's probabilities by label; null at a cold start. */
  probabilities: Record<string, number | null> | null;
}

/** Images to label next. */
export interface NextImages {
  name: string;
  /** `representatives`: the middle of each cluster, without any model; `uncertain`: unsure, unlike what is labelled, of rare labels. */
  method: 'representatives' | 'uncertain';
  /** What the probabilities are of; null at a cold start. */
  source: string | null;
  labels: readonly string[];
  /** Images that have labels already, and are left out. */
  labelled: number;
  /** Images that were chosen from. */
  candidates: number;
  /** Images without features, which cannot be chosen: the first 100 are named. */
  missing: { count: number; images: string[] };
  remarks: string[];
  /** In the order in which they are best labelled. */
  images: NextImage[];
}

const known: readonly (keyof ChooseNextOptions)[] = [
  'data',
  'features',
  'count',
  'run',
  'encoder',
  'perPatient',
  'split',
  'graph',
  'seed',
  'on',
  'signal',
  'stallSeconds',
];

/**
 * Chooses which images to label next. Without labels and without a run, those in the middle of clusters of the features (k-means++).
 * With them, one after the other the image with the largest uncertainty × distance to the nearest labelled or chosen one, where the
 * uncertainty of rare labels counts more. Images with labels are left out.
 *
 * @throws {InputError} if the store has none of the images, or all images have labels.
 * @throws {RangeError} if `count` or `perPatient` is no whole number of 1 or more.
 * @throws {TypeError} for an unknown option.
 *
 * @example
 * const { images } = await chooseNext({ data: await openDataset('data/archive'), features: 'stores/archive', count: 64 });
 * console.log(images.map(({ image }) => image).join('\n'));
 */
export async function chooseNext(options: ChooseNextOptions): Promise<NextImages> {
  refuseUnknownOptions('curation/chooseNext', options, known);
  const { count, perPatient = 1, split, seed = 0 } = options;
  checkCount('count', count);
  checkCount('perPatient', perPatient);
  const { dataset: whole } = options.data;
  const dataset = split === undefined ? whole : filterDataset({ dataset: whole, split });
  const stored = sampleFeatures(options.features, dataset.samples);
  const isLabelled = labelledRows(dataset);
  const rows = [...stored.rows.keys()];
  const candidates = rows.filter((at) => !isLabelled[stored.rows[at]]);
  const labelled = rows.filter((at) => isLabelled[stored.rows[at]]);
  if (candidates.length === 0)
    throw new InputError(
      `expected images without labels to choose from, got labels for all ${rows.length} images that have features; add images`,
    );
  const numbers = patientNumbers(dataset.samples);
  const problem = {
    units: { columns: stored.features.columns, data: centredUnits(stored.features) },
    candidates,
    groups: stored.rows.map((row) => numbers[row]),
    count,
    perPatient,
  };
  const model = await probabilitiesFor(options, { dataset, stored, candidates, labelled });
  const bar = progressOf(options).start('choosing images', count);
  let picked: Picked[];
  try {
    picked = model.probabilities
      ? pickByValue({ ...problem, known: labelled, worth: worthOf(model.probabilities, candidates, model.positives) })
      : pickRepresentatives({ ...problem, seed });
  } finally {
    bar.stop();
  }
  const { labels } = dataset.annotations;
  const place = new Map(candidates.map((at, i) => [at, i]));
  const remarks = [...model.remarks];
  if (picked.length < count)
    remarks.push(
      `${picked.length} of ${count} images: there are no more without labels at ${perPatient} a patient (perPatient)`,
    );
  return {
    name: whole.name,
    method: model.probabilities ? 'uncertain' : 'representatives',
    source: model.source,
    labels,
    labelled: isLabelled.filter(Boolean).length,
    candidates: candidates.length,
    missing: { count: stored.missing.length, images: stored.missing.slice(0, 100) },
    remarks,
    images: picked.map(({ row, value }) => {
      const { id, patient, split: of } = dataset.samples[stored.rows[row]];
      const start = place.get(row)! * labels.length;
      const own = model.probabilities?.subarray(start, start + labels.length);
      return {
        image: id,
        patient,
        split: of,
        value,
        probabilities: own
          ? Object.fromEntries(labels.map((label, i) => [label, Number.isNaN(own[i]) ? null : own[i]]))
          : null,
      };
    }),
  };
}

/** Whether a sample has any annotation. */
function labelledRows({ samples, annotations: { labels, values } }: Dataset): boolean[] {
  const n = labels.length;
  return samples.map((_, row) => values.subarray(row * n, (row + 1) * n).some((value) => !Number.isNaN(value)));
}

interface ChosenFrom {
  dataset: Dataset;
  stored: SampleFeatures;
  /** Rows of the features. */
  candidates: readonly number[];
  labelled: readonly number[];
}

interface CandidateModel {
  /** [candidates, labels]; null without a model. */
  probabilities: Float64Array | null;
  source: string | null;
  /** Of each label, among the labelled images. */
  positives: number[];
  remarks: string[];
}

async function probabilitiesFor(
  options: ChooseNextOptions,
  { dataset, stored, candidates, labelled }: ChosenFrom,
): Promise<CandidateModel> {
  const { labels } = dataset.annotations;
  const n = labels.length;
  const targets = annotationTargets(dataset, 'u-ignore', graphFor(options.graph ?? 'auto', dataset));
  const own = Float64Array.from(
    { length: labelled.length * n },
    (_, at) => targets[stored.rows[labelled[Math.floor(at / n)]] * n + (at % n)],
  );
  const countOf = (label: number, wanted: number): number =>
    own.reduce((sum, target, at) => sum + (at % n === label && target === wanted ? 1 : 0), 0);
  const positives = labels.map((_, label) => countOf(label, 1));
  if (options.run !== undefined) {
    const samples = candidates.map((at) => dataset.samples[stored.rows[at]]);
    const { run, encoder } = options;
    const found = await runProbabilities({ run, encoder, samples, labels }, progressOf(options));
    return { ...found, source: run, positives };
  }
  if (!labels.some((_, label) => positives[label] > 0 && countOf(label, 0) > 0))
    return {
      probabilities: null,
      source: null,
      positives,
      remarks: labelled.length > 0 ? ['no label has both classes yet: images are chosen without a model'] : [],
    };
  const numbers = patientNumbers(dataset.samples);
  const bar = progressOf(options).start('fitting a model', 100);
  try {
    const head = fitLogistic(
      {
        labels,
        features: rowsOf(stored.features, labelled),
        targets: own,
        groups: labelled.map((at) => numbers[stored.rows[at]]),
        seed: options.seed ?? 0,
        onProgress: (share) => bar.update(Math.floor(100 * share)),
      },
      headDefaults,
    );
    return {
      probabilities: probabilitiesOf(head.scores({ pooled: rowsOf(stored.features, candidates) })),
      source: `logistic regression on the ${labelled.length} labelled images`,
      positives,
      // Its penalty is no concern of a person who labels.
      remarks: head.remarks.filter((line) => !line.startsWith('penalty')),
    };
  } finally {
    bar.stop();
  }
}

function worthOf(
  probabilities: Float64Array,
  candidates: readonly number[],
  positives: readonly number[],
): (row: number) => number {
  const worths = labelWorths(probabilities, positives);
  const place = new Map(candidates.map((row, at) => [row, at]));
  return (row) => worths[place.get(row)!];
}

function checkCount(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(
      `curation/chooseNext: expected ${name} as a whole number of 1 or more, got ${value}; pass one`,
    );
}
