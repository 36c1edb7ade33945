import { filledCell } from '../columns/cell-values.js';
import { openTable } from '../table/open-table.js';
import { DatasetBuilder } from './dataset-builder.js';
import { indexImages } from './images.js';
import { columnPlaces, fileIn, folderOf, type DatasetReader } from './reader.js';

const tableName = /^(train-rle|stage_2_train)\.csv$/;
const columns = ['ImageId', 'EncodedPixels'];

/**
 * SIIM-ACR Pneumothorax Segmentation: `train-rle.csv` or `stage_2_train.csv` with a row for each mask, -1 for none; DICOM
 * images anywhere below. An image with a mask has a pneumothorax.
 */
export const siimAcrReader: DatasetReader = {
  format: 'siim-acr',
  description: 'train-rle.csv or stage_2_train.csv with ImageId, EncodedPixels (SIIM-ACR)',
  detect: async (path) => {
    const file = fileIn(path, tableName);
    if (file === undefined) return undefined;
    const { header } = await openTable(file);
    return columns.every((name) => header.includes(name))
      ? `${file.slice(path.length + 1)} has the columns ${columns.join(', ')}`
      : undefined;
  },
  read: async (path, { images = folderOf(path) }) => {
    const table = await openTable(fileIn(path, tableName)!);
    const [imageAt, maskAt] = columnPlaces(table, columns);
    const builder = new DatasetBuilder(['Pneumothorax']);
    builder.useColumns(table, { image: 'ImageId', mask: 'EncodedPixels' });
    const found = new Map<string, { row: number; present: number }>();
    await builder.addRows(table, (cells, row) => {
      const id = filledCell(cells[imageAt], 'ImageId', 'an id');
      const present = Number(filledCell(cells[maskAt], 'EncodedPixels', 'a mask or -1') !== '-1');
      const known = found.get(id);
      found.set(id, { row: known?.row ?? row, present: Math.max(known?.present ?? 0, present) });
    });
    const index = await indexImages(images);
    for (const [id, { row, present }] of found)
      builder.attempt({ file: table.file, row }, () => {
        const name = index.has(`${id}.dcm`) || index.size === 0 ? `${id}.dcm` : id;
        builder.add({ id, image: index.path(name, 'ImageId'), patient: id, study: id, split: 'train' }, [present]);
      });
    builder.remarks.push(
      'warning: the table names no patients, so every image counts as a patient of its own',
      ...index.remarks(),
    );
    return builder.result(path, { hasOwnSplits: false });
  },
};
