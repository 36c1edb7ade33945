import { basename, join, relative } from 'node:path';
import { InputError } from '@cxr-align/files';
import { columnRoles, columnsByRole, noPatientRemark, type ColumnRole } from '../columns/column-roles.js';
import { holdsSplits, surveyTable } from '../columns/column-survey.js';
import { labelCell } from '../columns/cell-values.js';
import type { Table } from '../table/table.js';
import { DatasetBuilder } from './dataset-builder.js';
import { inferLabels } from './labels-table.js';
import { findShards, type Shard } from './parquet-shards.js';
import { spreadClasses } from './parquet-classes.js';
import type { DatasetReader } from './reader.js';
import { addTableRows, type RowText } from './rows.js';

/** Roles whose column the caller may name. */
const roles = columnRoles.filter((role) => role !== 'image');

/**
 * The layout of the `datasets` library: Parquet files with a column of images (`{ bytes, path }`), `train-00000-of-00003.parquet`
 * in the folder, in `data/`, or in a folder for each split. Labels are columns of classes (ClassLabel, one or a list of them),
 * lists of names, and columns of 0, 1 and -1. Images are read from the files when they are needed.
 *
 * @see https://huggingface.co/docs/datasets/about_dataset_features
 */
export const imageParquetReader: DatasetReader = {
  format: 'hugging-face',
  description:
    'Parquet files with the images themselves (the layout of the datasets library), in the folder or in data/',
  columnRoles: roles,
  detect: async (path) => {
    const [first] = (await findShards(path)).shards;
    return first && `${basename(first.file)} has images in the column ${JSON.stringify(first.image)}`;
  },
  read: async (path, { columns }) => {
    const { root, shards, remarks } = await findShards(path);
    if (shards.length === 0)
      throw new InputError('expected Parquet files with a column of images, got none; check the path', { file: path });
    refuseSeveral(shards, root);
    const { image } = shards[0];
    const { tables, classes, remarks: classRemarks } = await spreadClasses(shards, root, { image, ...columns });
    const whole = oneTable(tables);
    const survey = await surveyTable(whole);
    const places = columnsByRole(whole, { image, ...columns }, (at) => holdsSplits(survey.columns[at]));
    const { header } = whole;
    const taken = new Set([...places.values(), ...classes.map((name) => header.indexOf(name))]);
    const labels = [...classes, ...inferLabels(whole, survey, taken, false)];
    const builder = new DatasetBuilder(labels);
    builder.remarks.push(...classRemarks, ...remarks);
    builder.useColumns(whole, Object.fromEntries([...places].map(([role, at]) => [role, header[at]])), labels);
    if (labels.length === 0) builder.remarks.push('no column of labels was found: the images have no labels');
    if (!places.has('patient')) builder.remarks.push(noPatientRemark(builder.unusedColumns()));
    const text = (role: ColumnRole): RowText | undefined => {
      const at = places.get(role);
      return at === undefined ? undefined : { name: header[at], of: (cells) => cells[at] };
    };
    const labelPlaces = labels.map((label) => header.indexOf(label));
    for (const [i, table] of tables.entries())
      await addTableRows(
        builder,
        table,
        {
          image: text('image')!,
          patient: text('patient'),
          study: text('study'),
          sex: text('sex'),
          age: text('age'),
          view: text('view'),
          split: shards[i].split ?? text('split') ?? 'train',
          labels: (cells, values) =>
            labelPlaces.forEach((at, label) => (values[label] = labelCell(cells[at], labels[label]))),
        },
        { imagePath: (name) => join(root, name) },
      );
    const splits = new Set(shards.map(({ split }) => split));
    return builder.result(path, { hasOwnSplits: places.has('split') || splits.size > 1 });
  },
};

/** @throws {InputError} if the files are of several data sets, or have other columns. */
function refuseSeveral(shards: readonly Shard[], root: string): void {
  const names = [...new Set(shards.map(({ configuration }) => configuration))];
  if (names.length > 1)
    throw new InputError(
      `expected the files of one configuration, got those of ${names.map((name) => relative(root, name) || '.').join(', ')}; pass one of these folders`,
      { file: root },
    );
  const [first, ...others] = shards;
  const odd = others.find(({ header }) => header.join('\n') !== first.header.join('\n'));
  if (odd)
    throw new InputError(
      `expected the columns of ${basename(first.file)} (${first.header.join(', ')}), got ${odd.header.join(', ')}; write the files again`,
      { file: odd.file },
    );
}

/** Tables of the same columns as one. */
function oneTable(tables: readonly Table[]): Table {
  return {
    ...tables[0],
    each: async (onRow, onBad) => {
      for (const table of tables) await table.each(onRow, onBad);
    },
  };
}
