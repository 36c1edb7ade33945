import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { filledCell, labelCell } from '../columns/cell-values.js';
import { evenRows } from '../columns/column-survey.js';
import type { Split } from '../dataset.js';
import { openTable } from '../table/open-table.js';
import { locateChexpertImages } from './chexpert-images.js';
import { isNoLabel } from '../columns/column-roles.js';
import { DatasetBuilder } from './dataset-builder.js';
import { columnPlaces, folderOf, type DatasetReader } from './reader.js';

const tables: [file: string, split: Split][] = [
  ['val_labels.csv', 'val'],
  ['test_labels.csv', 'test'],
];

/**
 * CheXlocalize: CheXpert's validation and test images with radiologists' labels, `val_labels.csv` and `test_labels.csv`
 * of `Path` and a column a label, in the folder or in `CheXpert/` within. Its segmentations are not read.
 */
export const chexlocalizeReader: DatasetReader = {
  format: 'chexlocalize',
  description: 'val_labels.csv or test_labels.csv with Path and labels (CheXlocalize)',
  detect: async (path) => {
    const [found] = tableFiles(path);
    if (!found) return undefined;
    const { header } = await openTable(found.file);
    return header.includes('Path') && header.includes('Cardiomegaly')
      ? `${basename(found.file)} has the columns Path, Cardiomegaly`
      : undefined;
  },
  read: async (path, { images = folderOf(path) }) => {
    const parts = [];
    for (const { file, split } of tableFiles(path)) parts.push({ table: await openTable(file), split });
    const labels = parts[0].table.header.filter((name) => name !== 'Path' && !isNoLabel(name));
    const builder = new DatasetBuilder(labels);
    for (const { table, split } of parts) {
      const [pathAt, ...places] = columnPlaces(table, ['Path', ...labels]);
      builder.useColumns(table, { image: 'Path' }, labels);
      const names = (await evenRows(table)).map((cells) => cells[pathAt].trim()).filter(Boolean);
      const inside = join(images, 'CheXpert');
      const locator = await locateChexpertImages(existsSync(inside) ? inside : images, names);
      const values = new Float32Array(labels.length);
      await builder.addRows(table, (cells) => {
        places.forEach((at, i) => (values[i] = labelCell(cells[at], labels[i])));
        const id = filledCell(cells[pathAt], 'Path', 'a path');
        const patient = /patient\w+/i.exec(id)?.[0] ?? id;
        const study = /study\w+/i.exec(id)?.[0] ?? id;
        builder.add({ id, image: locator.path(id, 'Path'), patient, study: `${patient}/${study}`, split }, values);
      });
      builder.remarks.push(...locator.remarks());
    }
    builder.remarks.push('there is no training split: the images are for validation and test');
    return builder.result(path, { hasOwnSplits: true });
  },
};

function tableFiles(path: string): { file: string; split: Split }[] {
  if (!existsSync(path) || !statSync(path).isDirectory()) return [];
  return tables.flatMap(([name, split]) =>
    [join(path, name), join(path, 'CheXpert', name)]
      .filter((file) => existsSync(file))
      .slice(0, 1)
      .map((file) => ({ file, split })),
  );
}
