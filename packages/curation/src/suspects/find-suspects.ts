import { selectSamples, type Dataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { graphFor, progressOf, refuseUnknownOptions, type Progress, type RunControl } from '@cxr-align/training';
import { ancestorsIn, annotationTargets } from '../annotation-targets.js';
import { filterDataset } from '../filter-dataset.js';
import { checkImages as readImages, type ImageFacts } from '../image-facts.js';
import { nearImages, type NearImages } from '../near-images.js';
import { patientNumbers } from '../patient-numbers.js';
import { sampleFeatures, type SampleFeatures } from '../sample-features.js';
import { givenProbabilities, type GivenScores } from './given-scores.js';
import { outOfFold } from './out-of-fold.js';
import { sameImages } from './same-images.js';
import { scoreAnnotations, suspectKinds, type ScoredAnnotations, type SuspectKind } from './score-annotations.js';
import { describeSuspects, type Suspect } from './suspect.js';

/** Where wrong labels are searched. */
export interface FindSuspectsOptions extends RunControl, Partial<GivenScores> {
  /** A data set that has been opened or read. */
  data: { dataset: Dataset };
  /** Folder of a feature store with the images of the data set. */
  features?: string;
  /** Label graph of the data: a shipped set, a file, or `auto`. Default `auto`. */
  graph?: string;
  /** Label policy: what uncertain and blank annotations are. Default `u-ignore`. */
  labelPolicy?: string;
  /** Only images of this split. */
  split?: string;
  /** Folds of the cross-validation. Default 5. */
  folds?: number;
  /** Similar images of other patients that each image is compared with; 0 for none. Default 10. */
  neighbours?: number;
  /** Also reads the pixels of all images, for those that are nearly the same. Default false. */
  checkImages?: boolean;
  /** Random seed of the folds. Default 0. */
  seed?: number;
}

/** What was found in a label. */
export interface SuspectsOfLabel {
  positives: number;
  negatives: number;
  /** Suspects of all kinds. */
  suspects: number;
  /** Annotations that are wrong, as confident learning estimates it from the probabilities; null where a class is missing. */
  estimatedErrors: number | null;
  /** From which probability on an image counts as confidently present, and absent; null where no image is given so. */
  thresholds: { present: number | null; absent: number | null };
}

/** Annotations that are probably wrong. */
export interface SuspectLabels {
  name: string;
  images: number;
  /** Annotations that are known, or that the label policy decides. */
  annotations: number;
  /** What the probabilities are of. */
  source: string;
  /** Images without features or scores: they are not judged, and the first 100 are named. */
  missing: { count: number; images: string[] };
  /** Suspects of each kind; one may be of several. */
  kinds: Record<SuspectKind, number>;
  /** Weight of the neighbours beside the model, 0 to 1; null without neighbours. */
  neighbourWeight: number | null;
  labels: Record<string, SuspectsOfLabel>;
  remarks: string[];
  /** The most doubtful first. */
  suspects: Suspect[];
}

/** Patients with a label from which on it is not remarked. */
const fewPatients = 10;

const known: readonly (keyof FindSuspectsOptions)[] = [
  'data',
  'features',
  'scores',
  'samples',
  'labels',
  'graph',
  'labelPolicy',
  'split',
  'folds',
  'neighbours',
  'checkImages',
  'seed',
  'on',
  'signal',
  'stallSeconds',
];

/**
 * Finds annotations that are probably wrong: by out-of-fold probabilities (confident learning), by the labels of similar images of
 * other patients, by the hierarchy (a label is present, one above it absent), and by images that are the same with different labels.
 *
 * @returns the suspects, the most doubtful first, each with its reasons, and counts.
 * @throws {InputError} if there are neither features nor scores, for labels or images that the scores lack, an unknown split or policy.
 * @throws {RangeError} for folds below 2 or neighbours that are no whole number.
 * @throws {TypeError} for an unknown option.
 *
 * @example
 * const { suspects } = await findSuspects({ data: await openDataset('data/nih'), features: 'stores/nih' });
 * for (const { image, label, reasons } of suspects.slice(0, 20)) console.log(image, label, reasons.join('; '));
 */
export async function findSuspects(options: FindSuspectsOptions): Promise<SuspectLabels> {
  refuseUnknownOptions('curation/findSuspects', options, known);
  const { graph: choice = 'auto', labelPolicy = 'u-ignore', folds = 5, neighbours = 10, split } = options;
  checkWhole('folds', folds, 2);
  checkWhole('neighbours', neighbours, 0);
  if (options.features === undefined && options.scores === undefined)
    throw new InputError('expected a feature store or out-of-fold scores, got neither; extract the features first');
  const { dataset: whole } = options.data;
  const chosen = split === undefined ? whole : filterDataset({ dataset: whole, split });
  const stored = options.features === undefined ? undefined : sampleFeatures(options.features, chosen.samples);
  // Without scores, images without features cannot be judged.
  const isNarrowed = stored !== undefined && options.scores === undefined;
  const dataset = isNarrowed ? selectSamples(chosen, stored.rows) : chosen;
  const features = isNarrowed ? { ...stored, rows: stored.rows.map((_, row) => row) } : stored;
  const graph = graphFor(choice, dataset);
  const targets = annotationTargets(dataset, labelPolicy, graph);
  const evidence = await collectEvidence(options, { dataset, targets, features, folds, neighbours });
  const { labels, values } = dataset.annotations;
  const scored = scoreAnnotations({
    labels,
    targets,
    ...evidence,
    ancestors: ancestorsIn(labels, graph),
    annotations: values,
  });
  const missing = unjudged(chosen, dataset, evidence);
  const suspects = describeSuspects({ dataset, targets, ...evidence, scored });
  return {
    name: whole.name,
    images: chosen.samples.length - missing.length,
    annotations: targets.reduce((sum, target) => sum + (Number.isNaN(target) ? 0 : 1), 0),
    source: evidence.source,
    missing: { count: missing.length, images: missing.slice(0, 100) },
    kinds: Object.fromEntries(
      suspectKinds.map((kind) => [kind, suspects.filter(({ kinds }) => kinds.includes(kind)).length]),
    ) as Record<SuspectKind, number>,
    neighbourWeight: evidence.near ? scored.neighbourWeight : null,
    labels: byLabel(labels, targets, { scored, suspects }),
    remarks: [...evidence.remarks, ...labelRemarks(dataset, targets, scored)],
    suspects,
  };
}

/** What annotations are judged by. */
interface Evidence {
  probabilities: Float64Array;
  near?: NearImages;
  duplicates: [number, number][];
  source: string;
  remarks: string[];
}

interface JudgedData {
  dataset: Dataset;
  targets: Float32Array;
  features?: SampleFeatures;
  folds: number;
  neighbours: number;
}

async function collectEvidence(options: FindSuspectsOptions, data: JudgedData): Promise<Evidence> {
  const { dataset, features, neighbours } = data;
  const { samples } = dataset;
  const progress = progressOf(options);
  const predicted = await probabilitiesOf(options, data, progress);
  const remarks = [...predicted.remarks];
  const near =
    features && neighbours > 0 ? nearSamples(features, data, { seed: options.seed ?? 0, progress }) : undefined;
  if (!near)
    remarks.push(
      `similar images were not compared: ${features ? 'no neighbours are wanted' : 'no features are given'}`,
    );
  else if (near.comparedWith < features!.rows.length)
    remarks.push(
      `similar images: each image was compared with ${near.comparedWith} of ${features!.rows.length}, drawn at random`,
    );
  const { on, signal, stallSeconds } = options;
  const facts = options.checkImages ? await readImages({ samples, on, signal, stallSeconds }) : null;
  remarks.push(...duplicateRemarks(facts, features));
  const contents = samples.map(() => '');
  features?.rows.forEach((row, at) => (contents[row] = features.contents[at]));
  return { ...predicted, near, duplicates: sameImages(contents, facts), remarks };
}

async function probabilitiesOf(
  { scores, samples, labels: names, features: folder, seed = 0 }: FindSuspectsOptions,
  { dataset, targets, features, folds }: JudgedData,
  progress: Progress,
): Promise<Pick<Evidence, 'probabilities' | 'source' | 'remarks'>> {
  if (scores !== undefined)
    return { ...(await givenProbabilities({ scores, samples, labels: names }, dataset, targets)), source: scores };
  const { labels } = dataset.annotations;
  const bar = progress.start('cross-validation', 100);
  try {
    const groups = patientNumbers(dataset.samples);
    const onProgress = (share: number): void => bar.update(Math.floor(100 * share));
    const found = outOfFold({ labels, features: features!.features, targets, groups, folds, seed, onProgress });
    return {
      probabilities: found.probabilities,
      source: `logistic regression on the features of ${folder}: ${found.folds} folds by patient, penalty ${found.penalty}`,
      remarks: found.folds < folds ? [`${found.folds} folds: there are no more patients`] : [],
    };
  } finally {
    bar.stop();
  }
}

/** Neighbours by the rows of the data set. */
function nearSamples(
  { features, rows }: SampleFeatures,
  { dataset: { samples }, neighbours: count }: JudgedData,
  { seed, progress }: { seed: number; progress: Progress },
): NearImages {
  const numbers = patientNumbers(samples);
  const bar = progress.start('comparing images', rows.length);
  try {
    const onRow = (row: number): void => void (row % 100 === 0 && bar.update(row));
    const near = nearImages(features, { groups: rows.map((row) => numbers[row]), count, seed, onRow });
    const placed = new Int32Array(samples.length * count).fill(-1);
    const similarities = new Float64Array(samples.length * count);
    rows.forEach((row, at) => {
      for (let i = 0; i < count; i++) {
        const other = near.rows[at * count + i];
        placed[row * count + i] = other < 0 ? -1 : rows[other];
        similarities[row * count + i] = near.similarities[at * count + i];
      }
    });
    return { ...near, rows: placed, similarities };
  } finally {
    bar.stop();
  }
}

function duplicateRemarks(facts: readonly ImageFacts[] | null, features: SampleFeatures | undefined): string[] {
  const unread = facts?.filter((one) => 'reason' in one).length ?? 0;
  return [
    ...(facts ? [] : ['images with nearly the same pixels were not searched (checkImages)']),
    ...(unread > 0 ? [`${unread} images cannot be read, and were not compared by their pixels`] : []),
    ...(features?.contents.every((content) => content === '') && !facts
      ? ['images of the same bytes were not searched: the feature store has no hashes of them']
      : []),
  ];
}

/** Names of the images that nothing is known of. */
function unjudged(chosen: Dataset, { samples, annotations }: Dataset, { probabilities, near }: Evidence): string[] {
  const n = annotations.labels.length;
  const judged = new Set(
    samples.flatMap(({ id }, row) =>
      probabilities.subarray(row * n, (row + 1) * n).some((value) => !Number.isNaN(value)) ||
      (near && near.rows[row * near.count] >= 0)
        ? [id]
        : [],
    ),
  );
  return chosen.samples.flatMap(({ id }) => (judged.has(id) ? [] : [id]));
}

function byLabel(
  labels: readonly string[],
  targets: Float32Array,
  { scored, suspects }: { scored: ScoredAnnotations; suspects: readonly Suspect[] },
): Record<string, SuspectsOfLabel> {
  const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
  return Object.fromEntries(
    labels.map((label, place) => {
      const { errors, thresholds } = scored.confident[place];
      const own = targets.filter((_, at) => at % labels.length === place);
      return [
        label,
        {
          positives: own.filter((target) => target === 1).length,
          negatives: own.filter((target) => target === 0).length,
          suspects: suspects.filter((one) => one.label === label).length,
          estimatedErrors: orNull(errors),
          thresholds: { present: orNull(thresholds.present), absent: orNull(thresholds.absent) },
        },
      ];
    }),
  );
}

/** Labels that one class alone, or positives of a few patients alone, say nothing of to a model. */
function labelRemarks(
  { samples, annotations: { labels } }: Dataset,
  targets: Float32Array,
  { confident }: ScoredAnnotations,
): string[] {
  const isUndefined = labels.map((_, place) => Number.isNaN(confident[place].errors));
  const oneClass = labels.filter((_, place) => isUndefined[place]);
  const few = labels.flatMap((label, place) => {
    const having = samples.filter((_, row) => targets[row * labels.length + place] === 1);
    const patients = new Set(having.map(({ patient }) => patient)).size;
    return isUndefined[place] || patients >= fewPatients ? [] : [`${label} (${patients})`];
  });
  return [
    ...(oneClass.length > 0 ? [`one class alone, which no model can judge: ${oneClass.join(', ')}`] : []),
    ...(few.length > 0
      ? [`present in fewer than ${fewPatients} patients, so that others teach little of it: ${few.join(', ')}`]
      : []),
  ];
}

function checkWhole(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new RangeError(
      `curation/findSuspects: expected ${name} as a whole number of at least ${least}, got ${value}; pass one`,
    );
}
