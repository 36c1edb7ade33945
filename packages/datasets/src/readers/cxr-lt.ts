import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { filledCell, idText, imageCell, labelCell } from '../columns/cell-values.js';
import type { Split } from '../dataset.js';
import { openTable } from '../table/open-table.js';
import type { Table } from '../table/table.js';
import { mimicRoot } from './mimic.js';
import { isIndexColumn } from '../columns/column-roles.js';
import { DatasetBuilder } from './dataset-builder.js';
import { folderOf, type DatasetReader } from './reader.js';

/** Columns of the tables that are no labels. */
const metadataColumns = [
  ...['dicom_id', 'subject_id', 'study_id', 'subj_id', 'fpath', 'path', 'split', 'PerformedProcedureStepDescription'],
  ...['ViewPosition', 'Rows', 'Columns', 'StudyDate', 'StudyTime', 'ProcedureCodeSequence_CodeMeaning'],
  ...['ViewCodeSequence_CodeMeaning', 'PatientOrientationCodeSequence_CodeMeaning'],
];

/** The split that the name of a table means. */
const splitOfName: [RegExp, Split][] = [
  [/train/i, 'train'],
  [/dev|val/i, 'val'],
  [/test/i, 'test'],
];

/**
 * CXR-LT: tables of MIMIC-CXR images (`dicom_id, subject_id, study_id, fpath`) with a column of 0 and 1 for each of its
 * long-tailed labels, a table a split: `train.csv` or `train_labeled.csv`, `development*.csv`, `test*.csv`. The images
 * are MIMIC-CXR-JPG's.
 */
export const cxrLtReader: DatasetReader = {
  format: 'cxr-lt',
  description: 'tables with dicom_id, study_id, fpath and label columns (CXR-LT)',
  detect: async (path) => {
    // A table that cannot be read is another reader's matter, as it is no reason to take the folder for this layout.
    const found = await findTables(path, (file) => openTable(file).catch(() => undefined));
    return found.length > 0
      ? `${found.map(({ table }) => basename(table.file)).join(', ')} ${found.length === 1 ? 'has' : 'have'} the columns dicom_id, fpath and labels`
      : undefined;
  },
  read: async (path, { images = folderOf(path) }) => {
    const found = await findTables(path, openTable);
    checkSplits(path, found);
    const labels = labelColumns(found[0].table);
    const builder = new DatasetBuilder(labels);
    for (const { table, split } of found) await addRows(builder, table, split, images);
    return builder.result(path, { hasOwnSplits: found.some(({ split }) => split !== 'train') });
  },
};

interface SplitTable {
  table: Table;
  split: Split;
}

async function findTables(path: string, open: (file: string) => Promise<Table | undefined>): Promise<SplitTable[]> {
  if (!existsSync(path)) return [];
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => /\.csv(\.gz)?$/.test(name) && splitOfName.some(([pattern]) => pattern.test(name)))
        .sort()
        .map((name) => join(path, name))
    : /\.csv(\.gz)?$/.test(path)
      ? [path]
      : [];
  const found: SplitTable[] = [];
  for (const file of files) {
    const table = await open(file);
    if (!table) continue;
    const { header } = table;
    if (!header.includes('dicom_id') || !header.includes('fpath') || labelColumns(table).length === 0) continue;
    found.push({ table, split: splitOfName.find(([pattern]) => pattern.test(basename(file)))?.[1] ?? 'train' });
  }
  // Tables of other tasks of the same challenge have other labels: those of the training table count.
  found.sort((a, b) => order(a.split) - order(b.split));
  const labels = found.length > 0 ? labelColumns(found[0].table) : [];
  return found.filter(({ table }) => labels.every((label) => table.header.includes(label)));
}

/** @throws {InputError} if two tables are of one split. */
function checkSplits(path: string, tables: readonly SplitTable[]): void {
  for (const split of ['train', 'val', 'test'] as const) {
    const of = tables.filter((one) => one.split === split);
    if (of.length > 1)
      throw new InputError(
        `expected one table of the split ${split}, got ${of.map(({ table }) => basename(table.file)).join(', ')}; keep one of them here`,
        { file: path },
      );
  }
}

function order(split: Split): number {
  return ['train', 'val', 'test'].indexOf(split);
}

function labelColumns({ header }: Table): string[] {
  return header.filter((name) => !isIndexColumn(name) && !metadataColumns.includes(name));
}

async function addRows(builder: DatasetBuilder, table: Table, split: Split, folder: string): Promise<void> {
  const { header } = table;
  const at = (...names: string[]): number => header.findIndex((name) => names.includes(name));
  const [dicom, subject, study, path, view] = [
    at('dicom_id'),
    at('subject_id', 'subj_id'),
    at('study_id'),
    at('fpath'),
    at('ViewPosition'),
  ];
  const places = builder.labels.map((label) => header.indexOf(label));
  const name = (place: number): string | undefined => (place < 0 ? undefined : header[place]);
  builder.useColumns(
    table,
    { sample: name(dicom), patient: name(subject), study: name(study), image: name(path), view: name(view) },
    builder.labels,
  );
  const root = mimicRoot(folder);
  const values = new Float32Array(places.length);
  await builder.addRows(table, (cells) => {
    places.forEach((place, i) => (values[i] = labelCell(cells[place], builder.labels[i])));
    const file = filledCell(cells[path], 'fpath', 'a path').replace(/^files\//, '');
    // MIMIC-CXR's paths have patient and study in them.
    const [, patient = cells[dicom]] = /p(\d{8})\//.exec(file) ?? [];
    const [, ofPath = cells[dicom]] = /\/s(\d+)\//.exec(file) ?? [];
    builder.add(
      {
        id: filledCell(cells[dicom], 'dicom_id', 'a name'),
        image: imageCell(file, 'fpath', root),
        patient: (subject < 0 ? '' : idText(cells[subject], header[subject])) || patient,
        study: (study < 0 ? '' : idText(cells[study], header[study])) || ofPath,
        split,
        view: view < 0 ? undefined : cells[view].trim() || undefined,
      },
      values,
    );
  });
}
