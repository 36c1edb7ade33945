import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError, resolveInside } from '@cxr-align/files';
import { readAge, readLabelCell, readSex, readSplit } from '../cells.js';
import { columnOf, readHeader, readTable, type Table } from '../table.js';
import { DatasetBuilder, type DatasetReader } from './reader.js';

const imageColumns = ['image', 'image index', 'file', 'filename', 'path', 'image_path'];
const patientColumns = ['patientid', 'patient', 'patient_id', 'patient id', 'subject_id', 'subject'];
const otherColumns = [
  ...imageColumns,
  ...patientColumns,
  ...[
    'study',
    'studyid',
    'study_id',
    'sex',
    'gender',
    'age',
    'view',
    'split',
    'width',
    'height',
    'followup',
    'finding',
  ],
  ...['findinglabels', 'unspecified', 'labelsource', 'license', 'sourcefile', 'offset'],
];

/**
 * A plain table: `image`, then what there is of `patientId, study, sex, age, view, split`, and a column of 0, 1, −1 or
 * blank for each label. `labels.json` or `hierarchy.json` beside it says which columns are labels; without them, every
 * other column that holds nothing but these values is one.
 */
export const labelsTableReader: DatasetReader = {
  format: 'labels-csv',
  recognize: (path) => {
    const file = tableFile(path);
    if (!file) return undefined;
    const header = readHeader(file);
    const image = columnOf(header, imageColumns);
    return image >= 0 && !header.includes('Finding Labels')
      ? `${basename(file)} has the column ${header[image]}`
      : undefined;
  },
  read: (path) => {
    const file = tableFile(path)!;
    const folder = dirname(file);
    const table = readTable(file);
    const described = describedLabels(folder);
    const labels = described?.labels ?? inferLabels(table);
    const builder = new DatasetBuilder(labels);
    const hasSplits = addRows(builder, table, folder, described?.parents ?? new Map());
    const isDirectory = statSync(path).isDirectory();
    return builder.result(basename(isDirectory ? path : dirname(path)), {
      hierarchy: described?.hierarchy,
      hasOwnSplits: hasSplits,
    });
  },
};

function tableFile(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  if (!statSync(path).isDirectory()) return /\.(csv|tsv)(\.gz)?$/.test(path) ? path : undefined;
  return ['labels.csv', 'labels.csv.gz', 'labels.tsv'].map((name) => join(path, name)).find((file) => existsSync(file));
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

function inferLabels({ file, header, rows }: Table): string[] {
  const candidates = [...header.keys()].filter(
    (at) => header[at] !== '' && !otherColumns.includes(header[at].toLowerCase()),
  );
  const areLabels = new Set(candidates);
  const areSaid = new Set<number>();
  for (const { cells } of rows()) {
    for (const at of areLabels) {
      const value = readLabelCell(cells[at]);
      if (value === undefined) areLabels.delete(at);
      else if (value === 0 || value === 1) areSaid.add(at);
    }
  }
  const labels = candidates.filter((at) => areLabels.has(at) && areSaid.has(at)).map((at) => header[at]);
  if (labels.length === 0) {
    throw new InputError(
      'expected at least one column of 0 and 1, got none; name the label columns in a labels.json beside the table',
      { file },
    );
  }
  return labels;
}

function addRows(builder: DatasetBuilder, table: Table, folder: string, parents: ReadonlyMap<string, string>): boolean {
  const { file, header, rows } = table;
  const places = builder.labels.map((label) => {
    const place = header.indexOf(label);
    if (place < 0) {
      throw new InputError(
        `expected a column ${JSON.stringify(label)}, got none; the labels come from the file beside the table`,
        { file, row: 1 },
      );
    }
    return place;
  });
  const at = {
    image: columnOf(header, imageColumns),
    patient: columnOf(header, patientColumns),
    study: columnOf(header, ['study', 'studyid', 'study_id']),
    sex: columnOf(header, ['sex', 'gender']),
    age: columnOf(header, ['age']),
    view: columnOf(header, ['view']),
    split: columnOf(header, ['split']),
    unspecified: columnOf(header, ['unspecified']),
  };
  const imageFolder = existsSync(join(folder, 'images')) ? join(folder, 'images') : folder;
  for (const { line, cells } of rows((row) => builder.reject(row))) {
    const place = { file, row: line };
    const cell = (column: keyof typeof at): string => (at[column] < 0 ? '' : cells[at[column]].trim());
    const values = places.map((column) => readLabelCell(cells[column]));
    const wrong = values.indexOf(undefined);
    const age = readAge(cell('age'));
    const split = at.split < 0 ? 'train' : readSplit(cell('split'));
    const id = cell('image');
    if (id === '') builder.reject({ ...place, column: header[at.image], expected: 'a file name', got: 'a blank' });
    else if (wrong >= 0) {
      builder.reject({
        ...place,
        column: builder.labels[wrong],
        expected: '1, 0, -1 or blank',
        got: JSON.stringify(cells[places[wrong]]),
      });
    } else if (age === undefined) {
      builder.reject({
        ...place,
        column: header[at.age],
        expected: 'years from 0 to 120',
        got: JSON.stringify(cell('age')),
      });
    } else if (split === undefined) {
      builder.reject({
        ...place,
        column: header[at.split],
        expected: 'train, val or test',
        got: JSON.stringify(cell('split')),
      });
    } else {
      const patient = cell('patient') || id;
      const inImages = id.startsWith('images/') ? id.slice('images/'.length) : id;
      const image = resolveInside(imageFolder, imageFolder === folder ? id : inImages, place);
      const known = maskBelow(values as number[], cell('unspecified'), builder.labels, parents);
      builder.add(
        {
          id,
          image,
          patient,
          study: cell('study') || id,
          split,
          sex: readSex(cell('sex')),
          ...(Number.isNaN(age) ? {} : { age }),
          view: cell('view') || undefined,
        },
        known,
      );
    }
  }
  return at.split >= 0;
}

/** Zeros below a node at which the label stops mean "not known": they become uncertain. */
function maskBelow(
  values: number[],
  node: string,
  labels: readonly string[],
  parents: ReadonlyMap<string, string>,
): number[] {
  if (node === '') return values;
  const isBelow = (label: string): boolean => {
    for (let above = parents.get(label); above !== undefined; above = parents.get(above))
      if (above === node) return true;
    return label.startsWith(`${node}/`);
  };
  return values.map((value, i) => (value === 0 && isBelow(labels[i]) ? -1 : value));
}
