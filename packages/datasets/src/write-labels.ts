import { dirname, join, relative, resolve, sep } from 'node:path';
import { csvCell, InputError, writeFileAtomic } from '@cxr-align/files';
import { parquetWriteBuffer, type ColumnSource } from 'hyparquet-writer';
import { stringify } from 'yaml';
import type { Dataset } from './dataset.js';
import type { Mapping } from './mapping.js';

/** How labels are written. */
export type LabelFormat = 'csv' | 'parquet';

/** Columns beside the labels, in their order. */
const columns = ['image', 'patientId', 'study', 'sex', 'age', 'view', 'split'] as const;

/** A table of labels: `sample` where images have another name, `image, patientId, study, sex, age, view, split`, then a column a label (1, 0, −1, blank, unknown). In CSV, texts that a spreadsheet would compute begin with `'`, which {@link openTable} takes off. */
export function labelsTable(
  { samples, annotations: { labels, values, notLabelled } }: Pick<Dataset, 'samples' | 'annotations'>,
  format: LabelFormat,
  imageOf?: (row: number) => string,
): Uint8Array {
  const names = imageOf ? (['sample', ...columns] as const) : columns;
  const texts = samples.map(({ id, patient, study, sex, age, view, split }, row): (string | null)[] => [
    ...(imageOf ? [id, imageOf(row)] : [id]),
    patient,
    study,
    sex ?? null,
    age === undefined ? null : String(age),
    view ?? null,
    split,
  ]);
  const cell = (row: number, label: number): number | string | null => {
    const at = row * labels.length + label;
    if (notLabelled?.[at]) return 'unknown';
    return Number.isNaN(values[at]) ? null : values[at];
  };
  if (format === 'csv') {
    const lines = texts.map((row, at) => [...row, ...labels.map((_, i) => cell(at, i))].map(csvCell).join(','));
    return new TextEncoder().encode(`${[[...names, ...labels].map(csvCell).join(','), ...lines].join('\n')}\n`);
  }
  const columnData: ColumnSource[] = names.map((name, i) =>
    name === 'age'
      ? { name, data: samples.map(({ age }) => age ?? null), type: 'DOUBLE', nullable: true }
      : { name, data: texts.map((row) => row[i]), type: 'STRING', nullable: true },
  );
  labels.forEach((name, i) => {
    const data = samples.map((_, row) => cell(row, i));
    const hasTexts = data.some((value) => typeof value === 'string');
    const isWhole = data.every((value) => value === null || Number.isInteger(value));
    columnData.push(
      hasTexts
        ? { name, data: data.map((value) => (value === null ? null : String(value))), type: 'STRING', nullable: true }
        : { name, data, type: isWhole ? 'INT32' : 'DOUBLE', nullable: true },
    );
  });
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

/**
 * Writes a data set that refers to images where they are: `labels.csv` or `labels.parquet`, and `dataset.yaml`, the mapping
 * by which it is read again.
 *
 * @throws {InputError} if an image is in memory: write it to a file first.
 */
export function writeLabels(folder: string, dataset: Dataset, format: LabelFormat = 'csv'): void {
  const paths = dataset.samples.map(({ image, id }) => {
    if (typeof image === 'string') return image;
    throw new InputError(`expected images in files, got ${id} in an archive of arrays; write them as files first`);
  });
  const root = commonFolder(paths);
  const table = `labels.${format}`;
  writeFileAtomic(
    join(folder, table),
    labelsTable(dataset, format, (row) => relative(root, paths[row]).split(sep).join('/')),
  );
  const mapping: Mapping = {
    name: dataset.name,
    table,
    images: relative(resolve(folder), root).split(sep).join('/') || '.',
    ...{
      image: 'image',
      sample: 'sample',
      patient: 'patientId',
      study: 'study',
      sex: 'sex',
      age: 'age',
      view: 'view',
      split: 'split',
    },
    labels: [...dataset.annotations.labels],
  };
  if (dataset.hierarchy) {
    mapping.graph = 'graph.yaml';
    // JSON is YAML, too.
    writeFileAtomic(join(folder, mapping.graph), dataset.hierarchy.text);
  }
  writeFileAtomic(join(folder, 'dataset.yaml'), stringify(mapping));
}

/** The deepest folder that holds all of some files. */
function commonFolder(paths: readonly string[]): string {
  if (paths.length === 0) return resolve('.');
  let root = dirname(paths[0]);
  for (const path of paths) while (!path.startsWith(root === sep ? sep : root + sep)) root = dirname(root);
  return root;
}
