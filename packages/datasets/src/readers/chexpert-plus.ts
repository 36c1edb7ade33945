import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { AnnotationError, showCell } from '../annotation-error.js';
import { ageCell, filledCell, idText, labelCell, readSex, readSplit } from '../columns/cell-values.js';
import { openJsonLines } from '../table/json-lines-table.js';
import { openTable } from '../table/open-table.js';
import type { Table } from '../table/table.js';
import { DatasetBuilder } from './dataset-builder.js';
import { indexImages } from './images.js';
import { Join } from './join.js';
import { columnPlaces, columnText, fileIn, folderOf, type DatasetReader } from './reader.js';

const tableName = /^df_chexpert_plus_\d+\.csv(\.gz)?$/;
/** CheXbert's labels of the impressions, as CheXpert's own are. */
const labelFiles = ['chexbert_labels/impression_fixed.json', 'impression_fixed.json', 'labels/impression_fixed.json'];

/**
 * CheXpert Plus: `df_chexpert_plus_240401.csv` (paths, patients, sex, age, views, splits) joined by `path_to_image` with
 * CheXbert's labels of the impressions, `chexbert_labels/impression_fixed.json`; PNG or DICOM images anywhere below.
 */
export const chexpertPlusReader: DatasetReader = {
  format: 'chexpert-plus',
  description: 'df_chexpert_plus_*.csv and chexbert_labels/impression_fixed.json (CheXpert Plus)',
  detect: async (path) => {
    const file = fileIn(path, tableName);
    if (file === undefined) return undefined;
    const { header } = await openTable(file);
    return header.includes('path_to_image') ? `${file.slice(path.length + 1)} has the column path_to_image` : undefined;
  },
  read: async (path, { images = folderOf(path) }) => {
    const { file, labels, rows } = await readLabels(path);
    const builder = new DatasetBuilder(labels);
    const table = await openTable(fileIn(path, tableName)!);
    const [pathAt] = columnPlaces(table, ['path_to_image']);
    const names = ['deid_patient_id', 'sex', 'age', 'ap_pa', 'frontal_lateral', 'split'];
    const [patient, sex, age, view, side, split] = names.map((name) => columnText(table, name));
    builder.useColumns(table, {
      ...{ image: 'path_to_image', patient: 'deid_patient_id', sex: 'sex', age: 'age', view: 'ap_pa' },
      ...{ 'view, if blank': 'frontal_lateral', split: 'split' },
    });
    const index = await indexImages(images);
    const labelled = new Join(file, 'path_to_image', rows);
    await builder.addRows(table, (cells) => {
      const id = filledCell(cells[pathAt], 'path_to_image', 'a path');
      const part = readSplit(split(cells));
      if (part === undefined) throw new AnnotationError('split', 'train or valid', showCell(split(cells)));
      const values = labelled.get(id);
      if (!values) return builder.exclude('their impressions have no labels');
      const years = ageCell(age(cells), 'age');
      const person = idText(patient(cells), 'deid_patient_id') || (/patient\w+/i.exec(id)?.[0] ?? id);
      builder.add(
        {
          id,
          image: index.path(id, 'path_to_image'),
          patient: person,
          study: `${person}/${/study\w+/i.exec(id)?.[0] ?? id}`,
          split: part,
          sex: readSex(sex(cells)),
          ...(years !== undefined && { age: years }),
          view: view(cells) || side(cells) || undefined,
        },
        values,
      );
    });
    labelled.finish(builder, 'labels');
    builder.remarks.push('labels are those of CheXbert for the impressions', ...index.remarks());
    return builder.result(path, { hasOwnSplits: true });
  },
};

async function readLabels(path: string): Promise<{ file: string; labels: string[]; rows: Map<string, Float32Array> }> {
  const file = labelFiles.map((name) => join(path, name)).find((one) => existsSync(one));
  if (file === undefined)
    throw new InputError(
      'expected the labels of CheXpert Plus beside its table, got no chexbert_labels/impression_fixed.json; unpack chexbert_labels.zip here',
      { file: path },
    );
  const { header, each } = await openJsonLines(file);
  const table: Table = { file, header, each };
  const [pathAt] = columnPlaces(table, ['path_to_image']);
  const labels = header.filter((_, at) => at !== pathAt);
  const places = labels.map((label) => header.indexOf(label));
  const rows = new Map<string, Float32Array>();
  await table.each((cells) =>
    rows.set(
      cells[pathAt],
      Float32Array.from(places, (at, i) => labelCell(cells[at], labels[i])),
    ),
  );
  return { file, labels, rows };
}
