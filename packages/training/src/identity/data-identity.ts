import type { Annotations, Dataset } from '@cxr-align/datasets';
import type { LoadedData } from '../inputs/load-inputs.js';
import { differingRows, rowDigests, rowDigestsOfNumbers, TextHash, type RowDigests } from './row-digests.js';

/** The parts of a table, as errors call them. */
const tableParts = ['names', 'patients', 'studies', 'splits', 'ages, sexes and views', 'labels'] as const;
type TablePart = (typeof tableParts)[number];

/** What a data set is, by its content as it was read, wherever it lies: a row for each image of its table. */
export interface TableIdentity {
  name: string;
  images: number;
  labels: readonly string[];
  parts: Record<TablePart, RowDigests>;
}

/** The same with what the inputs of a model were made from. */
export interface DataIdentity extends TableIdentity {
  /** Contents of the image files, of those that were read. */
  contents: RowDigests;
  /** Features of the images, where a frozen encoder made them. */
  features?: RowDigests;
}

/** The identity of a table. */
export function tableIdentity({ name, samples, annotations }: Dataset): TableIdentity {
  const { labels, notLabelled } = annotations;
  const of = (textOf: (row: number) => string): RowDigests => rowDigests(samples.length, textOf);
  return {
    name,
    images: samples.length,
    labels,
    parts: {
      names: of((row) => samples[row].id),
      patients: of((row) => samples[row].patient),
      studies: of((row) => samples[row].study),
      splits: of((row) => samples[row].split),
      'ages, sexes and views': of((row) => JSON.stringify([samples[row].age, samples[row].sex, samples[row].view])),
      labels: rowDigestsOfNumbers(samples.length, [annotations.values, ...(notLabelled ? [notLabelled] : [])]),
    },
  };
}

/** The identity of a data set with what of it was loaded. */
export function dataIdentity(table: Dataset, { dataset, contentOf, featuresOf }: LoadedData): DataIdentity {
  const loaded = new Map(dataset.samples.map(({ id }, row) => [id, row]));
  const of = (textOf: (sample: number) => string): RowDigests =>
    rowDigests(table.samples.length, (row) => {
      const sample = loaded.get(table.samples[row].id);
      return sample === undefined ? undefined : textOf(sample) || undefined;
    });
  return { ...tableIdentity(table), contents: of(contentOf), ...(featuresOf && { features: of(featuresOf) }) };
}

/** The hash of what an evaluation was made on: names, patients, labels and contents of its images. */
export function hashOfSamples({ dataset, contentOf }: LoadedData, samples: readonly number[]): string {
  const hash = new TextHash();
  for (const label of dataset.annotations.labels) hash.add(label);
  for (const row of samples) {
    const { id, patient, study } = dataset.samples[row];
    for (const text of [id, patient, study, cellsOf(dataset.annotations, row), contentOf(row)]) hash.add(text);
  }
  return hash.digest();
}

/** What the table has for an image. */
function cellsOf({ labels, values, notLabelled }: Annotations, row: number): string {
  const [start, end] = [row * labels.length, (row + 1) * labels.length];
  const cells = values.subarray(start, end).join();
  return notLabelled ? `${cells};${notLabelled.subarray(start, end).join()}` : cells;
}

/**
 * How a table differs from an earlier one, a text for each part that does.
 *
 * @param nameOf the name of the image of a row.
 */
export function tableDifferences(then: TableIdentity, now: TableIdentity, nameOf: (row: number) => string): string[] {
  if (then.images !== now.images) return [`${now.images} images instead of ${then.images}`];
  const labels =
    JSON.stringify(then.labels) === JSON.stringify(now.labels)
      ? []
      : [`the labels ${now.labels.join(', ')} instead of ${then.labels.join(', ')}`];
  const rows = tableParts.flatMap((part) => rowDifferences(part, then.parts[part], now.parts[part], nameOf));
  // Cells of other labels cannot be the same.
  return [...labels, ...(labels.length > 0 ? rows.filter((text) => !text.startsWith('labels')) : rows)];
}

/** How data differ from earlier ones. */
export function dataDifferences(then: DataIdentity, now: DataIdentity, nameOf: (row: number) => string): string[] {
  const table = tableDifferences(then, now, nameOf);
  if (then.images !== now.images) return table;
  return [
    ...table,
    ...rowDifferences('contents', then.contents, now.contents, nameOf),
    ...(then.features && now.features ? rowDifferences('features', then.features, now.features, nameOf) : []),
  ];
}

/** How a difference ends that lies in which images are known. */
export const ofOtherImages = ' of other images';

function rowDifferences(part: string, then: RowDigests, now: RowDigests, nameOf: (row: number) => string): string[] {
  if (then.sha256 === now.sha256) return [];
  const rows = differingRows(then, now);
  // Which rows are known differs, as where an image could not be read.
  if (rows.length === 0) return [`${part}${ofOtherImages}`];
  return [
    `other ${part} of ${rows.length} ${rows.length === 1 ? 'image' : 'images'} (the first is ${nameOf(rows[0])})`,
  ];
}
