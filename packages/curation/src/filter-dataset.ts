import { selectSamples, type Dataset, type Sample, type Split } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { RandomStream } from '@cxr-align/random';
import { refuseUnknownOptions } from '@cxr-align/training';

/** Which images of a data set are kept: those that meet all conditions. */
export interface FilterOptions {
  dataset: Dataset;
  split?: string;
  /** Labels that must be present (absent). */
  has?: readonly string[];
  lacks?: readonly string[];
  sex?: 'F' | 'M';
  /** Years, both ends included: `18-65`, `18-`, `-65`. */
  age?: string;
  /** At most this number of images, whole patients at random. */
  count?: number;
  /** Random seed of `count`. Default 0. */
  seed?: number;
}

const known = ['dataset', 'split', 'has', 'lacks', 'sex', 'age', 'count', 'seed'];

/**
 * Keeps some images of a data set.
 *
 * @throws {InputError} if none is left, or for an unknown label, split or range of ages.
 * @throws {RangeError} if `count` is no whole number of 1 or more.
 * @throws {TypeError} for an unknown option.
 */
export function filterDataset(options: FilterOptions): Dataset {
  refuseUnknownOptions('curation/filterDataset', options, known);
  const { dataset, split, has = [], lacks = [], sex, age, count, seed = 0 } = options;
  if (count !== undefined && (!Number.isInteger(count) || count < 1))
    throw new RangeError(`curation/filterDataset: expected count to be a whole number of 1 or more, got ${count}`);
  const {
    samples,
    annotations: { labels, values },
  } = dataset;
  for (const label of [...has, ...lacks])
    if (!labels.includes(label))
      throw new InputError(`expected a label of ${labels.join(', ')}, got ${label}; choose one of these`);
  if (split !== undefined && !samples.some((sample) => sample.split === (split as Split)))
    throw new InputError(
      `expected a split of ${[...new Set(samples.map((sample) => sample.split))].join(', ')}, got ${split}; choose one of these`,
    );
  const fitsAge = age === undefined ? () => true : ageRange(age);
  const cell = (row: number, label: string): number => values[row * labels.length + labels.indexOf(label)];
  const fits = (sample: Sample, row: number): boolean =>
    (split === undefined || sample.split === split) &&
    (sex === undefined || sample.sex === sex) &&
    fitsAge(sample.age) &&
    has.every((label) => cell(row, label) === 1) &&
    lacks.every((label) => cell(row, label) === 0);
  let rows = samples.flatMap((sample, row) => (fits(sample, row) ? [row] : []));
  if (count !== undefined) rows = drawPatients(samples, rows, count, seed);
  if (rows.length === 0) throw new InputError('expected images that meet all conditions, got none; loosen one of them');
  return selectSamples(dataset, rows);
}

function ageRange(text: string): (age: number | undefined) => boolean {
  const match = /^(\d*)-(\d*)$/.exec(text);
  const low = Number(match?.[1] || 0);
  const high = match?.[2] ? Number(match[2]) : Infinity;
  if (!match || (match[1] === '' && match[2] === '') || low > high)
    throw new InputError(`expected ages such as 18-65, 18- or -65, got ${text}; correct the range`);
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
    if (kept.length + own.length <= count) for (const row of own) kept.push(row);
  }
  return kept.sort((a, b) => a - b);
}
