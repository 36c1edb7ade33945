import { join } from 'node:path';
import { AnnotationError } from '../annotation-error.js';
import { filledCell, isBlank, readSplit } from '../columns/cell-values.js';
import { openTable } from '../table/open-table.js';
import { DatasetBuilder } from './dataset-builder.js';
import { indexImages } from './images.js';
import { columnPlaces, columnsReason, columnText, fileIn, folderOf, type DatasetReader } from './reader.js';
import { isTbx11kRelease, readTbx11kRelease } from './tbx11k-release.js';

const columns = ['fname', 'image_type', 'tb_type'];

/**
 * TBX11K as Kaggle has it ("simplified"): `data.csv` with a row for each box, `image_type` and `tb_type`. The labels are
 * the exclusive types of images and, below tuberculosis, its types. Or the original release: see {@link readTbx11kRelease}.
 */
export const tbx11kReader: DatasetReader = {
  format: 'tbx11k',
  description: 'data.csv with fname, image_type, tb_type, or imgs/ and lists/ (TBX11K)',
  detect: async (path) =>
    isTbx11kRelease(path)
      ? 'it has imgs/health, imgs/sick, imgs/tb and their lists or annotations'
      : columnsReason(fileIn(path, /^data\.csv$/), columns),
  read: async (path, { images = folderOf(path) }) => {
    if (isTbx11kRelease(path)) return readTbx11kRelease(path);
    const table = await openTable(join(path, 'data.csv'));
    const [nameAt, typeAt, tbAt] = columnPlaces(table, columns);
    const source = columnText(table, 'source');
    const found = new Map<string, { row: number; words: Set<string>; type: string; split: 'train' | 'val' | 'test' }>();
    const collect = new DatasetBuilder([]);
    await collect.addRows(table, (cells, row) => {
      const name = filledCell(cells[nameAt], 'fname', 'a file name');
      const type = filledCell(cells[typeAt], 'image_type', 'a type');
      const known = found.get(name) ?? {
        row,
        words: new Set([type]),
        type,
        split: readSplit(source(cells)) ?? 'train',
      };
      if (known.type !== type)
        throw new AnnotationError('image_type', `one type for each image, ${known.type} as before`, type);
      if (!isBlank(cells[tbAt])) known.words.add(cells[tbAt].trim());
      found.set(name, known);
    });
    const labels = [...new Set([...found.values()].flatMap(({ words }) => [...words]))].sort();
    const builder = new DatasetBuilder(labels);
    collect.badRows.forEach((row) => builder.reject(row));
    builder.useColumns(table, {
      image: 'fname',
      type: 'image_type',
      'type of tuberculosis': 'tb_type',
      split: 'source',
    });
    const index = await indexImages(images);
    for (const [name, { row, words, split }] of found)
      builder.attempt({ file: table.file, row }, () =>
        builder.add(
          { id: name, image: index.path(name, 'fname'), patient: name, study: name, split },
          labels.map((label) => Number(words.has(label))),
        ),
      );
    builder.remarks.push(
      'warning: the table names no patients, so every image counts as a patient of its own',
      ...index.remarks(),
    );
    return builder.result(path, { hasOwnSplits: builder.samples.some(({ split }) => split !== 'train') });
  },
};
