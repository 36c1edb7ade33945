import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AnnotationError, showCell } from '../annotation-error.js';
import { filledCell, isBlank, numberCell, readLabelCell } from '../columns/cell-values.js';
import type { Split } from '../dataset.js';
import { openTable } from '../table/open-table.js';
import type { Table } from '../table/table.js';
import { extensionOf, indexImages, type ImageIndex } from './images.js';
import { isIndexColumn } from '../columns/column-roles.js';
import { DatasetBuilder } from './dataset-builder.js';
import { columnPlaces, type DatasetReader, type ReadData, type ReaderOptions } from './reader.js';

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
  description: 'annotations/image_labels_train.csv (VinDr-CXR)',
  detect: async (path) => {
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

const noPatients = 'warning: the tables name no patients, so every image counts as a patient of its own';

async function readRelease(path: string, { images = path }: ReaderOptions): Promise<ReadData> {
  const files = tableFiles(path);
  const tables: { table: Table; split: Split; header: string[] }[] = [];
  for (const { file, split } of files) {
    const table = await openTable(file);
    tables.push({ table, split, header: table.header.map((name) => spellings[name] ?? name) });
  }
  const labels = tables[0].header.filter((name) => !isIndexColumn(name) && !/^(image_id|rad_id)$/i.test(name));
  const builder = new DatasetBuilder(labels);
  const index = await indexImages(images);
  for (const { table, split, header } of tables) {
    const [image, ...places] = columnPlaces({ ...table, header }, ['image_id', ...labels]);
    builder.useColumns(
      table,
      { image: 'image_id', radiologist: 'rad_id' },
      table.header.filter((_, at) => places.includes(at)),
    );
    const votes: Votes = new Map();
    await builder.addRows(table, (cells, row) => {
      const id = filledCell(cells[image], 'image_id', 'a name');
      const values = places.map((at, i) => {
        const value = isBlank(cells[at]) ? 0 : readLabelCell(cells[at]);
        if (value !== 0 && value !== 1) throw new AnnotationError(labels[i], '0 or 1', showCell(cells[at]));
        return value;
      });
      const known = votes.get(id) ?? { row, readers: 0, seen: labels.map(() => 0) };
      known.readers++;
      values.forEach((value, i) => (known.seen[i] += value));
      votes.set(id, known);
    });
    addVotes(builder, votes, { file: table.file, split, index });
    await addBoxes(builder, table.file.replace('image_labels_', 'annotations_'));
  }
  builder.remarks.push(noPatients, ...index.remarks());
  return builder.result(path, { hasOwnSplits: tables.length > 1 });
}

async function readChallenge(path: string, table: Table, { images = path }: ReaderOptions): Promise<ReadData> {
  const [image, finding, reader] = ['image_id', 'class_name', 'rad_id'].map((name) => table.header.indexOf(name));
  const found = new Map<string, { row: number; readers: Set<string>; seen: Map<string, Set<string>> }>();
  const names = new Set<string>();
  const collect = new DatasetBuilder([]);
  await collect.addRows(table, (cells, row) => {
    const id = filledCell(cells[image], 'image_id', 'a name');
    const label = filledCell(cells[finding], 'class_name', 'a finding');
    const known = found.get(id) ?? { row, readers: new Set(), seen: new Map<string, Set<string>>() };
    known.readers.add(cells[reader]);
    known.seen.set(label, (known.seen.get(label) ?? new Set()).add(cells[reader]));
    found.set(id, known);
    names.add(label);
  });
  const labels = [...names].sort();
  const builder = new DatasetBuilder(labels);
  collect.badRows.forEach((row) => builder.reject(row));
  const votes: Votes = new Map(
    [...found].map(([id, { row, readers, seen }]) => [
      id,
      { row, readers: readers.size, seen: labels.map((label) => seen.get(label)?.size ?? 0) },
    ]),
  );
  const index = await indexImages(images);
  builder.useColumns(table, { image: 'image_id', findings: 'class_name', radiologist: 'rad_id' });
  addVotes(builder, votes, { file: table.file, split: 'train', index });
  await addBoxes(builder, table.file);
  builder.remarks.push(noPatients, ...index.remarks());
  return builder.result(path, { hasOwnSplits: false });
}

/** For each image its first row, the radiologists who read it, and how many of them saw each label. */
type Votes = Map<string, { row: number; readers: number; seen: number[] }>;

function addVotes(
  builder: DatasetBuilder,
  votes: Votes,
  { file, split, index }: { file: string; split: Split; index: ImageIndex },
): void {
  const isOfAdults = !builder.labels.some((label) => /bronchiolitis/i.test(label));
  const extension = extensionOf(index, votes.keys(), ['.dicom', '.dcm', '.png', '.jpg']);
  for (const [id, { row, readers, seen }] of votes)
    builder.attempt({ file, row }, () => {
      const image = index.path(id + extension, 'image_id');
      // The tables name no patients; all images of adults are postero-anterior, those of children need not be.
      builder.add(
        { id, image, patient: id, study: id, split, ...(isOfAdults && { view: 'PA' }) },
        seen.map((count) => vote(count, readers)),
      );
    });
}

/** A row for each box of each radiologist; "No finding" has none. */
async function addBoxes(builder: DatasetBuilder, file: string): Promise<void> {
  if (!existsSync(file)) return;
  const table = await openTable(file);
  const corners = ['x_min', 'y_min', 'x_max', 'y_max'];
  const [image, name, ...places] = columnPlaces(table, ['image_id', 'class_name', ...corners]);
  await builder.addRows(table, (cells) => {
    if (isBlank(cells[places[0]])) return;
    const [x, y, right, bottom] = places.map((at, i) => numberCell(cells[at], corners[i]));
    const finding = cells[name];
    builder.boxes.push({
      image: cells[image],
      label: spellings[finding] ?? finding,
      x,
      y,
      w: right - x,
      h: bottom - y,
    });
  });
}
