import { countTexts, type AnnotationsLike, type Dataset, type Sample } from '@cxr-align/datasets';
import { determiningLabels, mapAnnotations, mapLabels, type LabelGraph } from '@cxr-align/label-graph';
import {
  clusteredProportion,
  holm,
  klDivergence,
  ksDistance,
  proportionsP,
  standardizedDifference,
  totalVariation,
} from '@cxr-align/metrics';
import { type MaybeNumber, orNull } from '@cxr-align/evaluation';
import { graphFor, refuseUnknownOptions } from '@cxr-align/training';
import { patientNumbers } from './describe-dataset.js';
import type { ImageFacts } from './image-facts.js';

/** A data set, or a split of one, that is compared. */
export interface ComparedDataset {
  dataset: Dataset;
  /** That of the data set unless given. */
  name?: string;
  /** The hierarchy of its labels; by its label names unless given. */
  graph?: LabelGraph;
  /** What `checkImages` found of its samples. */
  images?: readonly ImageFacts[] | null;
}

type Compared = Required<ComparedDataset>;

/** How often a label is present in one of the two. */
export interface ComparedShare {
  positives: number;
  /** Share of all images; uncertain and blank annotations count as not present. */
  proportion: MaybeNumber;
  interval: [MaybeNumber, MaybeNumber];
}

/** The prevalence of a label in both. */
export interface LabelShift {
  /** How the second set determines it: by a label of the same meaning, or by some that imply it (a lower bound). */
  relation: 'same' | 'narrower';
  /** The labels of the second set. */
  from: string[];
  a: ComparedShare;
  b: ComparedShare;
  /** Share in b − share in a. */
  difference: MaybeNumber;
  /** Kullback-Leibler divergence of present and not, a from b, in nats. */
  kl: MaybeNumber;
  /** Two-sided, images of a patient counted together; corrected by Holm over the labels. */
  p: MaybeNumber;
  pHolm: MaybeNumber;
}

/** A number that images have, in both. */
export interface NumberShift {
  a: { known: number; mean: MaybeNumber };
  b: { known: number; mean: MaybeNumber };
  /** Difference of the means (a − b) by the mean standard deviation. */
  standardizedDifference: MaybeNumber;
  /** Largest difference of the cumulative shares. */
  ks: MaybeNumber;
}

/** Groups that images are in, in both. */
export interface GroupShift {
  a: Record<string, number>;
  b: Record<string, number>;
  /** Half the sum of differences of shares, 0 to 1; images without the value are excluded. */
  totalVariation: MaybeNumber;
}

/** What `data compare --json` prints. */
export interface DatasetComparison {
  a: Side;
  b: Side;
  labels: Record<string, LabelShift>;
  /** Labels that only one of them determines. */
  onlyA: string[];
  onlyB: string[];
  /** Frobenius norm of the difference of the shares in which two labels are present together, over the labels of both. */
  frobenius: MaybeNumber;
  /** The same by the norm in a. */
  frobeniusRelative: MaybeNumber;
  sex: GroupShift;
  view: GroupShift;
  age: NumberShift;
  /** Width, height, mean and standard deviation of the grey values; null unless the images were checked. */
  images: Record<string, NumberShift> | null;
  /** What is in both: a model trained on one is not tested on the other with these. */
  shared: { images: number; patients: number; sameBytes: number | null };
}

/** One of the two. */
export interface Side {
  name: string;
  rows: number;
  patients: number;
  labels: string[];
}

/**
 * Compares two data sets, or two splits of one: prevalences label by label, co-occurrence, sex, age, views, images where they
 * were checked, and what is in both.
 *
 * @throws {TypeError} for an unknown option.
 */
export function compareDatasets(options: { a: ComparedDataset; b: ComparedDataset }): DatasetComparison {
  refuseUnknownOptions('curation/compareDatasets', options, ['a', 'b']);
  const [a, b] = [options.a, options.b].map(completed);
  const crosswalk = mapLabels(b.graph, a.graph);
  const mapped = mapAnnotations(b.dataset.annotations.values, b.dataset.annotations.labels, crosswalk);
  const both = a.dataset.annotations.labels.filter((label) => determiningLabels(crosswalk[label]) !== null);
  const used = new Set(both.flatMap((label) => determiningLabels(crosswalk[label])!.labels));
  const cellsA = presentOf(a.dataset.annotations, both);
  const cellsB = presentOf(mapped, both);
  const labels = shiftsOf(both, cellsA, cellsB, a, b, crosswalk);
  const matrices = [cellsA, cellsB].map((cells) => together(cells, both.length));
  const norm = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const frobenius = norm(matrices[0].map((share, i) => share - matrices[1][i]));
  const inA = new Set(a.dataset.samples.map(({ id }) => id));
  const patientsA = new Set(a.dataset.samples.map(({ patient }) => patient));
  const patientsB = new Set(b.dataset.samples.map(({ patient }) => patient));
  return {
    a: side(a),
    b: side(b),
    labels,
    onlyA: a.dataset.annotations.labels.filter((label) => !both.includes(label)),
    onlyB: b.dataset.annotations.labels.filter((label) => !used.has(label)),
    frobenius: orNull(frobenius),
    frobeniusRelative: orNull(frobenius / norm(matrices[0])),
    sex: groupShift(a, b, ({ sex }) => sex),
    view: groupShift(a, b, ({ view }) => view),
    age: numberShift(
      ...([a, b].map(({ dataset }) => dataset.samples.flatMap(({ age }) => age ?? [])) as [number[], number[]]),
    ),
    images: a.images && b.images ? imageShifts(a.images, b.images) : null,
    shared: {
      images: b.dataset.samples.filter(({ id }) => inA.has(id)).length,
      patients: [...patientsB].filter((patient) => patientsA.has(patient)).length,
      sameBytes: a.images && b.images ? sameBytes(a.images, b.images) : null,
    },
  };
}

function completed({ dataset, name = dataset.name, graph, images = null }: ComparedDataset): Compared {
  return { dataset, name, graph: graph ?? graphFor('auto', dataset), images };
}

function side({ name, dataset }: Compared): Side {
  return {
    name,
    rows: dataset.samples.length,
    patients: new Set(dataset.samples.map(({ patient }) => patient)).size,
    labels: [...dataset.annotations.labels],
  };
}

/** 1 where a label is present, else 0; [rows, wanted labels] row by row. */
function presentOf({ values, labels }: AnnotationsLike, wanted: readonly string[]): Float64Array {
  const places = wanted.map((label) => labels.indexOf(label));
  const rows = labels.length === 0 ? 0 : values.length / labels.length;
  const present = new Float64Array(rows * wanted.length);
  for (let row = 0; row < rows; row++)
    places.forEach((at, i) => (present[row * wanted.length + i] = values[row * labels.length + at] === 1 ? 1 : 0));
  return present;
}

function shiftsOf(
  labels: readonly string[],
  cellsA: Float64Array,
  cellsB: Float64Array,
  a: Compared,
  b: Compared,
  crosswalk: ReturnType<typeof mapLabels>,
): Record<string, LabelShift> {
  const [patientsA, patientsB] = [a, b].map(({ dataset }) => patientNumbers(dataset.samples));
  const column = (cells: Float64Array, i: number): Float64Array => cells.filter((_, at) => at % labels.length === i);
  const found = labels.map((label, i) => {
    const first = clusteredProportion(column(cellsA, i), patientsA);
    const second = clusteredProportion(column(cellsB, i), patientsB);
    return { label, first, second, p: proportionsP(first, second) };
  });
  const corrected = holm(found.map(({ p }) => p));
  const share = ({ count, proportion, interval }: (typeof found)[number]['first']): ComparedShare => ({
    positives: count,
    proportion: orNull(proportion),
    interval: [orNull(interval[0]), orNull(interval[1])],
  });
  return Object.fromEntries(
    found.map(({ label, first, second, p }, i) => {
      const { relation, labels: from } = determiningLabels(crosswalk[label])!;
      const counts = ({ count, size }: typeof first): [number, number] => [count, size - count];
      return [
        label,
        {
          relation,
          from,
          a: share(first),
          b: share(second),
          difference: orNull(second.proportion - first.proportion),
          kl: orNull(klDivergence(counts(first), counts(second))),
          p: orNull(p),
          pHolm: orNull(corrected[i]),
        },
      ];
    }),
  );
}

/** Shares of the rows in which two labels are present, [labels, labels] row by row. */
function together(present: Float64Array, labels: number): number[] {
  const shares = new Array<number>(labels * labels).fill(0);
  const rows = labels === 0 ? 0 : present.length / labels;
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < labels; i++) {
      if (present[row * labels + i] === 0) continue;
      for (let j = 0; j < labels; j++) shares[i * labels + j] += present[row * labels + j] / rows;
    }
  return shares;
}

function groupShift(a: Compared, b: Compared, groupOf: (sample: Sample) => string | undefined): GroupShift {
  const count = ({ dataset }: Compared): Record<string, number> =>
    countTexts(dataset.samples.flatMap((sample) => groupOf(sample) ?? []));
  const [inA, inB] = [count(a), count(b)];
  const names = [...new Set([...Object.keys(inA), ...Object.keys(inB)])];
  const of = (counts: Record<string, number>): number[] => names.map((name) => counts[name] ?? 0);
  return { a: inA, b: inB, totalVariation: orNull(totalVariation(of(inA), of(inB))) };
}

function numberShift(a: readonly number[], b: readonly number[]): NumberShift {
  const side = (values: readonly number[]): NumberShift['a'] => ({
    known: values.length,
    mean: orNull(values.reduce((sum, value) => sum + value, 0) / values.length),
  });
  return {
    a: side(a),
    b: side(b),
    standardizedDifference: orNull(standardizedDifference(a, b)),
    ks: orNull(ksDistance(a, b)),
  };
}

const imageNumbers = ['width', 'height', 'mean', 'std'] as const;

function imageShifts(a: readonly ImageFacts[], b: readonly ImageFacts[]): Record<string, NumberShift> {
  const of = (facts: readonly ImageFacts[], name: (typeof imageNumbers)[number]): number[] =>
    facts.flatMap((one) => ('reason' in one ? [] : [one[name]]));
  return Object.fromEntries(imageNumbers.map((name) => [name, numberShift(of(a, name), of(b, name))]));
}

function sameBytes(a: readonly ImageFacts[], b: readonly ImageFacts[]): number {
  const inA = new Set(a.flatMap((one) => ('reason' in one ? [] : [one.content])));
  return b.filter((one) => !('reason' in one) && inA.has(one.content)).length;
}
