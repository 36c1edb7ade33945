import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError, resolveInside } from '@cxr-align/files';
import type { Split } from '../dataset.js';
import { readAge, readLabelCell, readSex } from '../cells.js';
import { columnOf, readHeader, readTable, type Table } from '../table.js';
import { DatasetBuilder, type DatasetReader } from './reader.js';

const fixedColumns = ['Path', 'Sex', 'Age', 'Frontal/Lateral', 'AP/PA'];

/** The tables of a CheXpert folder and the split that each is. */
const tables: [file: string, split: Split][] = [
  ['train.csv', 'train'],
  ['valid.csv', 'val'],
  ['test.csv', 'test'],
];

/** CheXpert: `Path, Sex, Age, Frontal/Lateral, AP/PA` and the labels, one table a split; or one such table. */
export const chexpertReader: DatasetReader = {
  format: 'chexpert',
  recognize: (path) => {
    const file = tableFiles(path)[0]?.file;
    if (!file) return undefined;
    const header = readHeader(file);
    return fixedColumns.every((column) => header.includes(column))
      ? `${basename(file)} has the columns ${fixedColumns.join(', ')}`
      : undefined;
  },
  read: (path) => {
    const files = tableFiles(path);
    const parts = files.map(({ file, split }) => ({ table: readTable(file), split }));
    const labels = labelColumns(parts[0].table);
    const builder = new DatasetBuilder(labels);
    for (const { table, split } of parts)
      addRows(builder, table, split, statSync(path).isDirectory() ? path : dirname(path));
    return builder.result(basename(path), { hasOwnSplits: parts.some(({ split }) => split !== 'train') });
  },
};

function tableFiles(path: string): { file: string; split: Split }[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return /\.(csv|tsv)(\.gz)?$/.test(path) ? [{ file: path, split: 'train' }] : [];
  return tables.flatMap(([name, split]) =>
    [name, `${name}.gz`]
      .map((file) => ({ file: join(path, file), split }))
      .filter(({ file }) => existsSync(file))
      .slice(0, 1),
  );
}

function labelColumns({ file, header }: Table): string[] {
  const labels = header.filter((name) => !fixedColumns.includes(name) && name !== '');
  if (labels.length === 0)
    throw new InputError(`expected label columns after ${fixedColumns.join(', ')}, got none`, { file, row: 1 });
  return labels;
}

function addRows(builder: DatasetBuilder, table: Table, split: Split, folder: string): void {
  const { file, header, rows } = table;
  const places = builder.labels.map((label) => {
    const place = header.indexOf(label);
    if (place < 0)
      throw new InputError(`expected the column ${JSON.stringify(label)} of the first table, got none`, {
        file,
        row: 1,
      });
    return place;
  });
  const [pathAt, sexAt, ageAt, sideAt, viewAt] = fixedColumns.map((column) => columnOf(header, [column.toLowerCase()]));
  const [first] = rows();
  const root = imageRoot(folder, first?.cells[pathAt]);
  const values = new Float32Array(places.length);
  for (const { line, cells } of rows((row) => builder.reject(row))) {
    const place = { file, row: line };
    const id = cells[pathAt].trim();
    let wrong = -1;
    for (let i = 0; i < places.length; i++) {
      const value = readLabelCell(cells[places[i]]);
      if (value === undefined) wrong = wrong < 0 ? i : wrong;
      else values[i] = value;
    }
    const age = readAge(cells[ageAt]);
    if (wrong >= 0) {
      builder.reject({
        ...place,
        column: builder.labels[wrong],
        expected: '1, 0, -1 or blank',
        got: JSON.stringify(cells[places[wrong]]),
      });
    } else if (age === undefined) {
      builder.reject({ ...place, column: 'Age', expected: 'years from 0 to 120', got: JSON.stringify(cells[ageAt]) });
    } else if (id === '') {
      builder.reject({ ...place, column: 'Path', expected: 'a path', got: 'a blank' });
    } else {
      const patient = /patient\w+/i.exec(id)?.[0] ?? id;
      const study = /study\w+/i.exec(id)?.[0] ?? id;
      builder.add(
        {
          id,
          image: resolveInside(root.folder, root.strip(id), place),
          patient,
          study: `${patient}/${study}`,
          split,
          sex: readSex(cells[sexAt]),
          ...(Number.isNaN(age) ? {} : { age }),
          view: cells[viewAt].trim() || cells[sideAt].trim() || undefined,
        },
        values,
      );
    }
  }
}

/**
 * Where paths start: CheXpert's own begin with the name of the data folder (`CheXpert-v1.0-small/train/…`), whatever
 * the folder is called here.
 */
function imageRoot(folder: string, firstPath: string | undefined): { folder: string; strip: (path: string) => string } {
  const keep = { folder, strip: (path: string) => path };
  if (!firstPath || existsSync(join(folder, firstPath))) return keep;
  const [first] = firstPath.split('/');
  return first !== 'images' && firstPath.includes('/')
    ? { folder, strip: (path) => path.slice(path.indexOf('/') + 1) }
    : keep;
}
