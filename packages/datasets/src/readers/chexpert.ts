import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { ageCell, filledCell, labelCell, readSex } from '../columns/cell-values.js';
import { evenRows } from '../columns/column-survey.js';
import type { Sample, Split } from '../dataset.js';
import { openTable } from '../table/open-table.js';
import type { Table } from '../table/table.js';
import { locateChexpertImages } from './chexpert-images.js';
import { isNoLabel } from '../columns/column-roles.js';
import { DatasetBuilder, Tally } from './dataset-builder.js';
import type { ImageLocator } from './image-roots.js';
import { columnPlaces, columnsReason, folderOf, type DatasetReader } from './reader.js';

const fixedColumns = ['Path', 'Sex', 'Age', 'Frontal/Lateral', 'AP/PA'];

/** The tables of a CheXpert folder and the split that each is. */
const tables: [file: string, split: Split][] = [
  ['train.csv', 'train'],
  ['valid.csv', 'val'],
  ['test.csv', 'test'],
];

/**
 * CheXpert: `Path, Sex, Age, Frontal/Lateral, AP/PA` and the labels, one table a split; or one such table. The tables lie
 * in the folder, or in one within whose name begins with CheXpert, as in the full-size release in batches.
 */
export const chexpertReader: DatasetReader = {
  format: 'chexpert',
  description: "train.csv in CheXpert's columns",
  detect: async (path) => columnsReason(tableFiles(path)[0]?.file, fixedColumns),
  read: async (path, { images = folderOf(path) }) => {
    const parts: { table: Table; split: Split }[] = [];
    for (const { file, split } of tableFiles(path)) parts.push({ table: await openTable(file), split });
    const builder = new DatasetBuilder(labelColumns(parts[0].table));
    const tallies = { sides: new Tally(), views: new Tally() };
    for (const { table, split } of parts) {
      const [, ...places] = columnPlaces(table, ['Path', ...builder.labels]);
      builder.useColumns(
        table,
        { image: 'Path', sex: 'Sex', age: 'Age', view: 'AP/PA', 'view, if blank': 'Frontal/Lateral' },
        builder.labels,
      );
      const locator = await locateChexpertImages(images, await pathsOf(table));
      await addRows(builder, table, { split, places, locator, tallies });
      builder.remarks.push(...locator.remarks());
    }
    return builder.result(path, {
      hasOwnSplits: parts.some(({ split }) => split !== 'train'),
      tableFacts: { frontalLateral: tallies.sides.counts, apPa: tallies.views.counts },
      sexNames: { F: 'Female', M: 'Male' },
    });
  },
};

function tableFiles(path: string): { file: string; split: Split }[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory())
    return /\.(csv|tsv)(\.gz)?$|\.parquet$/.test(path) ? [{ file: path, split: 'train' }] : [];
  const here = tablesIn(path);
  if (here.length > 0) return here;
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^chexpert/i.test(entry.name))
    .map(({ name }) => tablesIn(join(path, name)))
    .filter((found) => found.length > 0)
    .flatMap((found, i) => (i === 0 ? found : []));
}

function tablesIn(folder: string): { file: string; split: Split }[] {
  return tables.flatMap(([name, split]) =>
    [name, `${name}.gz`]
      .map((file) => ({ file: join(folder, file), split }))
      .filter(({ file }) => existsSync(file))
      .slice(0, 1),
  );
}

function labelColumns({ file, header }: Table): string[] {
  const labels = header.filter((name) => !fixedColumns.includes(name) && !isNoLabel(name));
  if (labels.length === 0)
    throw new InputError(
      `expected label columns after ${fixedColumns.join(', ')}, got none; is it a table of labels?`,
      { file, row: 1 },
    );
  return labels;
}

async function pathsOf(table: Table): Promise<string[]> {
  const at = table.header.indexOf('Path');
  return (await evenRows(table)).map((cells) => cells[at].trim()).filter((path) => path !== '');
}

interface RowOptions {
  split: Split;
  /** Of the labels. */
  places: readonly number[];
  locator: ImageLocator;
  tallies: { sides: Tally; views: Tally };
}

async function addRows(
  builder: DatasetBuilder,
  table: Table,
  { split, places, locator, tallies }: RowOptions,
): Promise<void> {
  const { labels } = builder;
  const [pathAt, sexAt, ageAt, sideAt, viewAt] = columnPlaces(table, fixedColumns);
  const values = new Float32Array(places.length);
  await builder.addRows(table, (cells) => {
    for (let i = 0; i < places.length; i++) values[i] = labelCell(cells[places[i]], labels[i]);
    const age = ageCell(cells[ageAt], 'Age');
    const id = filledCell(cells[pathAt], 'Path', 'a path');
    const patient = /patient\w+/i.exec(id)?.[0];
    const study = /study\w+/i.exec(id)?.[0];
    const sample: Sample = {
      id,
      image: locator.path(id, 'Path'),
      patient: patient ?? id,
      study: `${patient ?? id}/${study ?? id}`,
      split,
      sex: readSex(cells[sexAt]),
      view: cells[viewAt].trim() || cells[sideAt].trim() || undefined,
    };
    if (age !== undefined) sample.age = age;
    builder.add(sample, values);
    tallies.sides.add(cells[sideAt]);
    tallies.views.add(cells[viewAt]);
  });
}
