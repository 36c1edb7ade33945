import { selectSamples, type Dataset, type Sample, type Split } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { RandomStream } from '@cxr-align/random';

/** Which images of a data set are kept. */
export interface DataFilter {
  split?: string;
  /** Labels that must be present (absent). */
  has?: readonly string[];
  lacks?: readonly string[];
  sex?: 'F' | 'M';
  /** Years, both ends included: `18-65`, `18-`, `-65`. */
  age?: string;
  /** So many images at most, whole patients at random. */
  count?: number;
  seed: number;
}

/** Keeps the images that were asked for. @throws {InputError} if none is left, or if the question makes no sense. */
export function filterData(dataset: Dataset, filter: DataFilter): Dataset {
  const { split, has = [], lacks = [], sex, age, count } = filter;
  const { labels, cells, samples } = dataset;
  for (const label of [...has, ...lacks])
    if (!labels.includes(label)) throw new InputError(`expected a label of ${labels.join(', ')}, got ${label}`);
  if (split !== undefined && !samples.some((sample) => sample.split === (split as Split)))
    throw new InputError(
      `expected a split of ${[...new Set(samples.map((sample) => sample.split))].join(', ')}, got ${split}`,
    );
  const fitsAge = age === undefined ? () => true : ageRange(age);
  const cell = (row: number, label: string): number => cells[row * labels.length + labels.indexOf(label)];
  const fits = (sample: Sample, row: number): boolean =>
    (split === undefined || sample.split === split) &&
    (sex === undefined || sample.sex === sex) &&
    fitsAge(sample.age) &&
    has.every((label) => cell(row, label) === 1) &&
    lacks.every((label) => cell(row, label) === 0);
  let rows = samples.flatMap((sample, row) => (fits(sample, row) ? [row] : []));
  if (count !== undefined) rows = drawPatients(samples, rows, count, filter.seed);
  if (rows.length === 0) throw new InputError('expected images that fit, got none; ask for less');
  return selectSamples(dataset, rows);
}

function ageRange(text: string): (age: number | undefined) => boolean {
  const match = /^(\d*)-(\d*)$/.exec(text);
  const low = Number(match?.[1] || 0);
  const high = match?.[2] ? Number(match[2]) : Infinity;
  if (!match || (match[1] === '' && match[2] === '') || low > high)
    throw new InputError(`expected --age such as 18-65, 18- or -65, got ${text}`);
  return (age) => age !== undefined && age >= low && age <= high;
}

function drawPatients(samples: readonly Sample[], rows: readonly number[], count: number, seed: number): number[] {
  const ofPatient = new Map<string, number[]>();
  for (const row of rows) {
    const { patient } = samples[row];
    const own = ofPatient.get(patient);
    if (own) own.push(row);
    else ofPatient.set(patient, [row]);
  }
  const names = [...ofPatient.keys()].sort();
  const kept: number[] = [];
  for (const at of new RandomStream({ seed, purpose: 'filter' }).permutation(names.length)) {
    const own = ofPatient.get(names[at])!;
    if (kept.length + own.length <= count) kept.push(...own);
  }
  return kept.sort((a, b) => a - b);
}
