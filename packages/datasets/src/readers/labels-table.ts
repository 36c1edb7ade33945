import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { labelCell, readLabelCell } from '../cells.js';
import { columnOf, openTable, type Table } from '../table.js';
import { columnRoles, otherColumns, type ColumnRole } from './column-roles.js';
import { DatasetBuilder, folderOf, type DatasetReader } from './reader.js';
import { addTableRows, type RowText } from './rows.js';

/**
 * A plain table: `image` (a name in the folder, or in `images/` within), then what there is of `patientId, study, sex, age, view, split`, and a column of 0, 1, −1 or
 * blank for each label. `labels.json` or `hierarchy.json` beside it says which columns are labels; without them, every
 * other column that holds nothing but these values is one.
 */
export const labelsTableReader: DatasetReader = {
  format: 'labels-csv',
  looksFor: 'labels.csv (or .tsv, .parquet) with a column "image"',
  recognize: async (path) => {
    const file = tableFile(path);
    if (!file) return undefined;
    const { header } = await openTable(file);
    const image = columnOf(header, columnRoles.image);
    return image >= 0 && !header.includes('Finding Labels')
      ? `${basename(file)} has the column ${header[image]}`
      : undefined;
  },
  read: async (path, { images = folderOf(path) }) => {
    const table = await openTable(tableFile(path)!);
    const { header } = table;
    const described = describedLabels(folderOf(path));
    const labels = described?.labels ?? (await inferLabels(table));
    const builder = new DatasetBuilder(labels);
    const places = labels.map((label) => labelPlace(table, label));
    const text = (role: ColumnRole | 'unspecified'): RowText | undefined => {
      const at = columnOf(header, role === 'unspecified' ? [role] : columnRoles[role]);
      return at < 0 ? undefined : { name: header[at], of: (cells) => cells[at] };
    };
    const split = text('split');
    const image = text('image')!;
    const hasFolder = existsSync(join(images, 'images'));
    await addTableRows(
      builder,
      table,
      {
        image: {
          name: image.name,
          of: (cells) => (hasFolder ? image.of(cells).replace(/^\s*images\//, '') : image.of(cells)),
        },
        sample: image,
        patient: text('patient'),
        study: text('study'),
        sex: text('sex'),
        age: text('age'),
        view: text('view'),
        split: split ?? 'train',
        unspecified: text('unspecified'),
        labels: (cells, values) => places.forEach((at, i) => (values[i] = labelCell(cells[at], labels[i]))),
      },
      { folder: hasFolder ? join(images, 'images') : images, parents: described?.parents },
    );
    return builder.result(path, { hierarchy: described?.hierarchy, hasOwnSplits: split !== undefined });
  },
};

const fileNames = ['labels.csv', 'labels.csv.gz', 'labels.tsv', 'labels.tsv.gz', 'labels.parquet'];

function tableFile(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  if (!statSync(path).isDirectory()) return /\.(csv|tsv)(\.gz)?$|\.parquet$/.test(path) ? path : undefined;
  return fileNames.map((name) => join(path, name)).find((file) => existsSync(file));
}

function labelPlace({ file, header }: Table, label: string): number {
  const place = header.indexOf(label);
  if (place < 0)
    throw new InputError(
      `expected a column ${JSON.stringify(label)}, got none; the labels come from the file beside the table`,
      { file, row: 1 },
    );
  return place;
}

interface DescribedLabels {
  labels: string[];
  parents: Map<string, string>;
  hierarchy?: { file: string; text: string };
}

/** The labels that a file beside the table names. */
function describedLabels(folder: string): DescribedLabels | undefined {
  for (const name of ['hierarchy.json', 'labels.json']) {
    const file = join(folder, name);
    if (!existsSync(file)) continue;
    const text = readFileSync(file, 'utf8');
    let content: { nodes?: string[]; parent?: Record<string, string | null> } | string[];
    try {
      content = JSON.parse(text);
    } catch (error) {
      throw new InputError(`expected JSON, got ${(error as Error).message}`, { file });
    }
    const labels = Array.isArray(content) ? content : content.nodes;
    if (!Array.isArray(labels) || labels.length === 0 || labels.some((label) => typeof label !== 'string')) {
      throw new InputError('expected a list of label names, or an object with "nodes"', { file });
    }
    const parent = Array.isArray(content) ? {} : (content.parent ?? {});
    const parents = new Map(
      Object.entries(parent).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
    return { labels, parents, ...(!Array.isArray(content) && { hierarchy: { file, text } }) };
  }
  return undefined;
}

async function inferLabels(table: Table): Promise<string[]> {
  const { file, header } = table;
  const candidates = [...header.keys()].filter(
    (at) => header[at] !== '' && !otherColumns.includes(header[at].toLowerCase()),
  );
  const areLabels = new Set(candidates);
  const areSaid = new Set<number>();
  await table.each((cells) => {
    for (const at of areLabels) {
      const value = readLabelCell(cells[at]);
      if (value === undefined) areLabels.delete(at);
      else if (value === 0 || value === 1) areSaid.add(at);
    }
  });
  const labels = candidates.filter((at) => areLabels.has(at) && areSaid.has(at)).map((at) => header[at]);
  if (labels.length === 0) {
    throw new InputError(
      'expected at least one column of 0 and 1, got none; name the label columns in a labels.json beside the table',
      { file },
    );
  }
  return labels;
}
