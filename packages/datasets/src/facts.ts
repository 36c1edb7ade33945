import type { Dataset, Sample, Split } from './dataset.js';
import { overlappingPatients } from './splits.js';

/** How often the annotations of a label are what. */
export interface AnnotationCounts {
  1: number;
  0: number;
  '-1': number;
  blank: number;
  /** Of labels that were not examined; only where there are some. */
  unknown?: number;
}

/** The positives of a group of images. */
export interface GroupFacts {
  rows: number;
  positives: Record<string, number>;
  /** positives / rows: uncertain and blank ones count as not positive. */
  prevalence: Record<string, number | null>;
}

/** What stands in the tables of a data set, counted. */
export interface DatasetFacts {
  rows: number;
  patients: number;
  studies: number;
  labels: readonly string[];
  counts: Record<string, AnnotationCounts>;
  /** Rows whose label "No Finding" is present; without such a label, rows in which every label is absent. */
  noFinding: number;
  /** [labels, labels]: rows in which both are present; positives on the diagonal. */
  cooccurrencePositive: number[][];
  /** How many rows have so many present (uncertain) labels. */
  positivesPerRow: Record<string, number>;
  uncertainPerRow: Record<string, number>;
  sex: Record<string, GroupFacts>;
  /** By years: 0-19, 20-39, 40-59, 60-79, 80+. */
  age: Record<string, GroupFacts>;
  view: Record<string, number>;
  ageMin: number | null;
  ageMax: number | null;
  ageMean: number | null;
  splits: Record<Split, { images: number; patients: number; studies: number; positives: Record<string, number> }>;
  patientsInSeveralSplits: number;
}

const ageGroups: [name: string, below: number][] = [
  ['0-19', 20],
  ['20-39', 40],
  ['40-59', 60],
  ['60-79', 80],
  ['80+', Infinity],
];

/** Counts what the tables of a data set hold. Nothing is NaN: what is undefined is null. */
export function datasetFacts(dataset: Dataset): DatasetFacts {
  const { samples, sexNames = { F: 'F', M: 'M' } } = dataset;
  const { labels, values, notLabelled } = dataset.annotations;
  const count = labels.length;
  const together = new Float64Array(count * count);
  const [present, uncertain] = [new Map<number, number>(), new Map<number, number>()];
  const noFinding = labels.findIndex((label) => /^(no[ _]finding|normal)$/i.test(label));
  let healthy = 0;
  const counts = labels.map((): AnnotationCounts => ({
    1: 0,
    0: 0,
    '-1': 0,
    blank: 0,
    ...(notLabelled && { unknown: 0 }),
  }));
  for (let row = 0; row < samples.length; row++) {
    const positive: number[] = [];
    let perhaps = 0;
    let absent = 0;
    for (let i = 0; i < count; i++) {
      const value = values[row * count + i];
      if (value === 1) positive.push(i);
      else if (value === -1) perhaps++;
      else if (value === 0) absent++;
      if (notLabelled?.[row * count + i]) counts[i].unknown!++;
      else counts[i][Number.isNaN(value) ? 'blank' : (value as 1 | 0 | -1)]++;
    }
    for (const i of positive) for (const j of positive) together[i * count + j]++;
    present.set(positive.length, (present.get(positive.length) ?? 0) + 1);
    uncertain.set(perhaps, (uncertain.get(perhaps) ?? 0) + 1);
    if (noFinding >= 0 ? positive.includes(noFinding) : count > 0 && absent === count) healthy++;
  }
  const ages = samples.flatMap(({ age }) => age ?? []);
  const group = (belongs: (sample: Sample) => boolean): GroupFacts => groupFacts(dataset, belongs);
  const bySex = (['F', 'M'] as const).map((sex): [string, GroupFacts] => [
    sexNames[sex],
    group((sample) => sample.sex === sex),
  ]);
  const byAge = ageGroups.map(([name, below], i): [string, GroupFacts] => [
    name,
    group(({ age }) => age !== undefined && age < below && age >= (ageGroups[i - 1]?.[1] ?? 0)),
  ]);
  const filled = (groups: [string, GroupFacts][]): Record<string, GroupFacts> =>
    Object.fromEntries(groups.filter(([, { rows }]) => rows > 0));
  return {
    rows: samples.length,
    patients: new Set(samples.map(({ patient }) => patient)).size,
    studies: studiesOf(samples),
    labels,
    counts: Object.fromEntries(labels.map((label, i) => [label, counts[i]])),
    noFinding: healthy,
    cooccurrencePositive: labels.map((_, i) => Array.from(together.subarray(i * count, (i + 1) * count))),
    positivesPerRow: inOrder(present),
    uncertainPerRow: inOrder(uncertain),
    sex: filled(bySex),
    age: filled(byAge),
    view: countTexts(samples.map(({ view }) => view ?? '(blank)')),
    ageMin: ages.length > 0 ? ages.reduce((a, b) => Math.min(a, b)) : null,
    ageMax: ages.length > 0 ? ages.reduce((a, b) => Math.max(a, b)) : null,
    ageMean: ages.length > 0 ? ages.reduce((a, b) => a + b, 0) / ages.length : null,
    splits: splitFacts(dataset),
    patientsInSeveralSplits: overlappingPatients(dataset).size,
  };
}

function studiesOf(samples: readonly Sample[]): number {
  return new Set(samples.map(({ patient, study }) => `${patient}\n${study}`)).size;
}

function positivesIn({ annotations: { labels, values } }: Dataset, rows: readonly number[]): Record<string, number> {
  return Object.fromEntries(
    labels.map((label, i) => [label, rows.filter((row) => values[row * labels.length + i] === 1).length]),
  );
}

function groupFacts(dataset: Dataset, belongs: (sample: Sample) => boolean): GroupFacts {
  const rows = dataset.samples.flatMap((sample, row) => (belongs(sample) ? [row] : []));
  const positives = positivesIn(dataset, rows);
  return {
    rows: rows.length,
    positives,
    prevalence: Object.fromEntries(
      Object.entries(positives).map(([label, n]) => [label, rows.length > 0 ? n / rows.length : null]),
    ),
  };
}

function splitFacts(dataset: Dataset): DatasetFacts['splits'] {
  const of = (split: Split): DatasetFacts['splits'][Split] => {
    const rows = dataset.samples.flatMap((sample, row) => (sample.split === split ? [row] : []));
    const samples = rows.map((row) => dataset.samples[row]);
    return {
      images: rows.length,
      patients: new Set(samples.map(({ patient }) => patient)).size,
      studies: studiesOf(samples),
      positives: positivesIn(dataset, rows),
    };
  };
  return { train: of('train'), val: of('val'), test: of('test') };
}

function inOrder(counts: ReadonlyMap<number, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => a - b));
}

/** How often each text is there, the most frequent first. */
export function countTexts(texts: Iterable<string>): Record<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}
