import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { ageCell, filledCell, imageCell, labelCell, readSex } from '../cells.js';
import type { Sample, Split } from '../dataset.js';
import { openTable, type Table } from '../table.js';
import { columnsReason, DatasetBuilder, folderOf, Tally, type DatasetReader } from './reader.js';

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
  looksFor: "train.csv in CheXpert's columns",
  recognize: async (path) => columnsReason(tableFiles(path)[0]?.file, fixedColumns),
  read: async (path, { images = folderOf(path) }) => {
    const parts: { table: Table; split: Split }[] = [];
    for (const { file, split } of tableFiles(path)) parts.push({ table: await openTable(file), split });
    const builder = new DatasetBuilder(labelColumns(parts[0].table));
    const tallies = { sides: new Tally(), views: new Tally() };
    for (const { table, split } of parts) await addRows(builder, table, { split, folder: images, tallies });
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

async function addRows(
  builder: DatasetBuilder,
  table: Table,
  { split, folder, tallies }: { split: Split; folder: string; tallies: { sides: Tally; views: Tally } },
): Promise<void> {
  const { file, header } = table;
  const { labels } = builder;
  const columnAt = (column: string): number => {
    const at = header.indexOf(column);
    if (at < 0)
      throw new InputError(`expected the column ${JSON.stringify(column)} of the first table, got none`, {
        file,
        row: 1,
      });
    return at;
  };
  const places = labels.map(columnAt);
  const [pathAt, sexAt, ageAt, sideAt, viewAt] = fixedColumns.map(columnAt);
  let root: ImageRoot | undefined;
  const values = new Float32Array(places.length);
  await builder.addRows(table, (cells) => {
    for (let i = 0; i < places.length; i++) values[i] = labelCell(cells[places[i]], labels[i]);
    const age = ageCell(cells[ageAt], 'Age');
    const id = filledCell(cells[pathAt], 'Path', 'a path');
    root ??= imageRoot(folder, id);
    const patient = /patient\w+/i.exec(id)?.[0];
    const study = /study\w+/i.exec(id)?.[0];
    const sample: Sample = {
      id,
      image: imageCell(root.strip(id), 'Path', root.folder),
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

interface ImageRoot {
  folder: string;
  strip: (path: string) => string;
}

/**
 * Where paths start: CheXpert's own begin with the name of the data folder (`CheXpert-v1.0-small/train/…`), whatever
 * the folder is called here.
 */
function imageRoot(folder: string, firstPath: string): ImageRoot {
  const keep = { folder, strip: (path: string) => path };
  if (existsSync(join(folder, firstPath))) return keep;
  const [first] = firstPath.split('/');
  return first !== 'images' && firstPath.includes('/')
    ? { folder, strip: (path) => path.slice(path.indexOf('/') + 1) }
    : keep;
}
