import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { BadCell, filledCell, numberCell, showCell } from '../cells.js';
import type { Split } from '../dataset.js';
import { columnOf, openTable, type Table } from '../table.js';
import { extensionOf, indexImages } from './images.js';
import { DatasetBuilder, type DatasetReader, type ReadData, type ReaderOptions } from './reader.js';

/** The tables of labels that the two releases have, and the split of each. */
const labelTables: [file: string, split: Split][] = [
  ['image_labels_train.csv', 'train'],
  ['image_labels_test.csv', 'test'],
];

/**
 * VinDr-CXR: `annotations/image_labels_train.csv` (a row for each image and radiologist) and `image_labels_test.csv`
 * (their consensus), or the challenge's `train.csv` (a row for each box). A finding that most radiologists see is
 * present, one that fewer see is uncertain.
 */
export const vindrReader: DatasetReader = {
  format: 'vindr-cxr',
  looksFor: 'annotations/image_labels_train.csv (VinDr-CXR)',
  recognize: async (path) => {
    const files = tableFiles(path);
    if (files.length > 0) return `${files.map(({ file }) => file.slice(path.length + 1)).join(', ')} are there`;
    return (await challengeTable(path)) ? 'train.csv has the columns image_id, class_name, rad_id, x_min' : undefined;
  },
  read: async (path, options) => {
    const challenge = tableFiles(path).length === 0 ? await challengeTable(path) : undefined;
    return challenge ? readChallenge(path, challenge, options) : readRelease(path, options);
  },
};

function tableFiles(path: string): { file: string; split: Split }[] {
  if (!existsSync(path) || !statSync(path).isDirectory()) return [];
  return labelTables.flatMap(([name, split]) =>
    [join(path, 'annotations', name), join(path, name)]
      .filter((file) => existsSync(file))
      .slice(0, 1)
      .map((file) => ({ file, split })),
  );
}

async function challengeTable(path: string): Promise<Table | undefined> {
  const file = join(path, 'train.csv');
  if (!existsSync(file)) return undefined;
  const table = await openTable(file);
  return ['image_id', 'class_name', 'rad_id', 'x_min'].every((name) => table.header.includes(name)) ? table : undefined;
}

/** What of n radiologists k saw: present if most did, uncertain if fewer, absent if none. */
function vote(seen: number, readers: number): number {
  if (seen === 0) return 0;
  return 2 * seen > readers ? 1 : -1;
}

/** The two tables write some labels differently. */
const spellings: Readonly<Record<string, string>> = { 'Other disease': 'Other diseases' };

async function readRelease(path: string, { images = path }: ReaderOptions): Promise<ReadData> {
  const files = tableFiles(path);
  const tables: { table: Table; split: Split; header: string[] }[] = [];
  for (const { file, split } of files) {
    const table = await openTable(file);
    tables.push({ table, split, header: table.header.map((name) => spellings[name] ?? name) });
  }
  const labels = tables[0].header.filter((name) => name !== '' && !/^(image_id|rad_id)$/i.test(name));
  const builder = new DatasetBuilder(labels);
  const index = await indexImages(images);
  for (const { table, split, header } of tables) {
    const places = labels.map((label) => {
      const at = header.indexOf(label);
      if (at < 0) throw new InputError(`expected the column ${JSON.stringify(label)}, got none`, { file: table.file });
      return at;
    });
    const image = columnOf(header, ['image_id']);
    const votes = new Map<string, { readers: number; seen: number[] }>();
    await builder.addRows(table, (cells) => {
      const id = filledCell(cells[image], 'image_id', 'a name');
      const values = places.map((at, i) => {
        const value = cells[at].trim() === '' ? 0 : Number(cells[at]);
        if (value !== 0 && value !== 1) throw new BadCell(labels[i], '0 or 1', showCell(cells[at]));
        return value;
      });
      const known = votes.get(id) ?? { readers: 0, seen: labels.map(() => 0) };
      known.readers++;
      values.forEach((value, i) => (known.seen[i] += value));
      votes.set(id, known);
    });
    addVotes(builder, votes, split, extended(index, votes));
    await addBoxes(builder, table.file.replace('image_labels_', 'annotations_'));
  }
  return builder.result(path, { hasOwnSplits: tables.length > 1 });
}

async function readChallenge(path: string, table: Table, { images = path }: ReaderOptions): Promise<ReadData> {
  const [image, finding, reader] = ['image_id', 'class_name', 'rad_id'].map((name) => table.header.indexOf(name));
  const found = new Map<string, { readers: Set<string>; seen: Map<string, Set<string>> }>();
  const names = new Set<string>();
  const collect = new DatasetBuilder([]);
  await collect.addRows(table, (cells) => {
    const id = filledCell(cells[image], 'image_id', 'a name');
    const label = filledCell(cells[finding], 'class_name', 'a finding');
    const known = found.get(id) ?? { readers: new Set(), seen: new Map<string, Set<string>>() };
    known.readers.add(cells[reader]);
    known.seen.set(label, (known.seen.get(label) ?? new Set()).add(cells[reader]));
    found.set(id, known);
    names.add(label);
  });
  const labels = [...names].sort();
  const builder = new DatasetBuilder(labels);
  collect.badRows.forEach((row) => builder.reject(row));
  const votes = new Map(
    [...found].map(([id, { readers, seen }]) => [
      id,
      { readers: readers.size, seen: labels.map((label) => seen.get(label)?.size ?? 0) },
    ]),
  );
  addVotes(builder, votes, 'train', extended(await indexImages(images), votes));
  await addBoxes(builder, table.file);
  return builder.result(path, { hasOwnSplits: false });
}

type Votes = ReadonlyMap<string, { readers: number; seen: number[] }>;

function extended(index: Awaited<ReturnType<typeof indexImages>>, votes: Votes): (id: string) => string {
  const extension = extensionOf(index, votes.keys(), ['.dicom', '.dcm', '.png', '.jpg']);
  return (id) => index.path(id + extension, 'image_id');
}

function addVotes(builder: DatasetBuilder, votes: Votes, split: Split, pathOf: (id: string) => string): void {
  for (const [id, { readers, seen }] of votes) {
    // Patients are not told; all images are postero-anterior.
    builder.add(
      { id, image: pathOf(id), patient: id, study: id, split, view: 'PA' },
      seen.map((count) => vote(count, readers)),
    );
  }
}

/** A row for each box of each radiologist; "No finding" has none. */
async function addBoxes(builder: DatasetBuilder, file: string): Promise<void> {
  if (!existsSync(file)) return;
  const table = await openTable(file);
  const place = (name: string): number => table.header.indexOf(name);
  const corners = ['x_min', 'y_min', 'x_max', 'y_max'];
  if (corners.some((name) => place(name) < 0)) return;
  await builder.addRows(table, (cells) => {
    const [left] = corners.map((name) => cells[place(name)].trim());
    if (left === '') return;
    const [x, y, right, bottom] = corners.map((name) => numberCell(cells[place(name)], name));
    const finding = cells[place('class_name')];
    builder.boxes.push({
      image: cells[place('image_id')],
      label: spellings[finding] ?? finding,
      x,
      y,
      w: right - x,
      h: bottom - y,
    });
  });
}
