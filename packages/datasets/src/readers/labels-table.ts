import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError, parseJson } from '@cxr-align/files';
import { labelCell } from '../columns/cell-values.js';
import { holdsSplits, isLabelColumn, surveyTable, type TableSurvey } from '../columns/column-survey.js';
import { openTable } from '../table/open-table.js';
import { columnOf, type Table } from '../table/table.js';
import { spreadTable, tidyColumns } from '../columns/tidy-table.js';
import { columnRoles, columnsByRole, isNoLabel, noPatientRemark, type ColumnRole } from '../columns/column-roles.js';
import { DatasetBuilder } from './dataset-builder.js';
import { locateImages } from './image-roots.js';
import { folderOf, type DatasetReader } from './reader.js';
import { addTableRows, type RowText } from './rows.js';

/**
 * A plain table: `image` (a name in the folder, or in `images/` within), then what there is of `patientId, study, sex,
 * age, view, split` under the names of five languages, and a column of 0, 1, −1 or blank for each label. `labels.json` or
 * `hierarchy.json` beside it names the columns that are labels; without them, every other column that holds mostly these
 * values is one.
 */
export const labelsTableReader: DatasetReader = {
  format: 'labels-csv',
  description: 'labels.csv (or .tsv, .parquet) with a column "image", or metadata.csv or .jsonl with file_name',
  columnRoles,
  detect: async (path, { columns }) => {
    const file = tableFile(path);
    if (!file) return undefined;
    const { header } = await openTable(file);
    const image = columnsByRole({ file, header }, columns).get('image');
    return image !== undefined && !header.includes('Finding Labels')
      ? `${basename(file)} has the column ${header[image]}`
      : undefined;
  },
  read: async (path, { images = folderOf(path), columns }) => {
    const { table, survey, remarks } = await openLabels(tableFile(path)!);
    const { header } = table;
    const roles = columnsByRole(table, columns, (at) => holdsSplits(survey.columns[at]));
    const described = describedLabels(folderOf(path));
    const labels = described?.labels ?? inferLabels(table, survey, new Set(roles.values()));
    const builder = new DatasetBuilder(labels);
    builder.remarks.push(...remarks);
    const places = labels.map((label) => labelPlace(table, label));
    const text = (role: ColumnRole): RowText | undefined => column(header, roles.get(role));
    const image = text('image')!;
    const unspecified = column(header, columnOf(header, ['unspecified']));
    const locator = await locateImages(
      images,
      survey.rows.map((cells) => image.of(cells)).filter((name) => name.trim() !== ''),
    );
    builder.useColumns(
      table,
      { ...Object.fromEntries([...roles].map(([role, at]) => [role, header[at]])), unspecified: unspecified?.name },
      labels,
    );
    remarkColumns(builder, table, survey, { roles, namedIn: described?.name });
    await addTableRows(
      builder,
      table,
      {
        image,
        sample: image,
        patient: text('patient'),
        study: text('study'),
        sex: text('sex'),
        age: text('age'),
        view: text('view'),
        split: text('split') ?? 'train',
        unspecified,
        labels: (cells, values) => places.forEach((at, i) => (values[i] = labelCell(cells[at], labels[i]))),
      },
      { imagePath: locator.path, parents: described?.parents },
    );
    builder.remarks.push(...locator.remarks());
    return builder.result(path, { hierarchy: described?.hierarchy, hasOwnSplits: roles.has('split') });
  },
};

/** The table; one with a row for each image and finding is turned into one with a row for each image. */
async function openLabels(file: string): Promise<{ table: Table; survey: TableSurvey; remarks: string[] }> {
  const table = await openTable(file);
  const survey = await surveyTable(table);
  const tidy = tidyColumns(table, survey);
  if (!tidy) return { table, survey, remarks: [] };
  const spread = await spreadTable(table, tidy);
  return {
    table: spread,
    survey: await surveyTable(spread),
    remarks: [
      `the table has a row for each image and finding: ${JSON.stringify(table.header[tidy.finding])} names the labels, ${JSON.stringify(table.header[tidy.value])} has their values`,
    ],
  };
}

function column(header: readonly string[], at: number | undefined): RowText | undefined {
  return at === undefined || at < 0 ? undefined : { name: header[at], of: (cells) => cells[at] };
}

/** What the columns that are not used might be. */
function remarkColumns(
  builder: DatasetBuilder,
  { header }: Table,
  { columns }: TableSurvey,
  { roles, namedIn }: { roles: ReadonlyMap<ColumnRole, number>; namedIn?: string },
): void {
  if (!roles.has('patient')) builder.remarks.push(noPatientRemark(builder.unusedColumns()));
  const unused = new Set(builder.unusedColumns());
  header.forEach((name, at) => {
    if (!unused.has(name)) return;
    const { filled, labels, hasZeroOrOne } = columns[at];
    if (hasZeroOrOne && labels >= 0.2 * filled && !isNoLabel(name))
      builder.remarks.push(
        namedIn !== undefined && isLabelColumn(columns[at])
          ? `the column ${JSON.stringify(name)} holds 1 and 0, but is no label, since ${namedIn} does not name it`
          : `the column ${JSON.stringify(name)} is no label, as only ${labels} of ${filled} cells are 1, 0 or -1; name the labels in a labels.json beside the table if it is one`,
      );
    if (/fold|set|part/i.test(name) && !roles.has('split'))
      builder.remarks.push(
        `the column ${JSON.stringify(name)} holds no words for splits (${[...columns[at].texts].slice(0, 5).join(', ')} …), so all images count as training images`,
      );
  });
}

const fileNames = [
  ...['labels.csv', 'labels.csv.gz', 'labels.tsv', 'labels.tsv.gz', 'labels.parquet'],
  // Hugging Face's imagefolder.
  ...['metadata.csv', 'metadata.jsonl', 'metadata.parquet'],
];

function tableFile(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  if (!statSync(path).isDirectory()) return /\.(csv|tsv)(\.gz)?$|\.(parquet|jsonl)$/.test(path) ? path : undefined;
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
  /** The name of the file. */
  name: string;
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
    const content = (parseJson(text, file) ?? {}) as
      { nodes?: string[]; parent?: Record<string, string | null> } | string[];
    const labels = Array.isArray(content) ? content : content.nodes;
    if (!Array.isArray(labels) || labels.length === 0 || labels.some((label) => typeof label !== 'string')) {
      throw new InputError(
        'expected a list of label names, or an object with "nodes", got other JSON; write ["A", "B"]',
        { file },
      );
    }
    const parent = Array.isArray(content) ? {} : (content.parent ?? {});
    const parents = new Map(
      Object.entries(parent).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
    return { name, labels, parents, ...(!Array.isArray(content) && { hierarchy: { file, text } }) };
  }
  return undefined;
}

/**
 * Columns that hold 1, 0 and −1, but for few cells.
 *
 * @param isNeeded whether there has to be one. Default true.
 * @throws {InputError} if there is none.
 */
export function inferLabels(
  { file, header }: Table,
  { columns, rows, badRow }: TableSurvey,
  taken: ReadonlySet<number>,
  isNeeded = true,
): string[] {
  const labels = header.filter((name, at) => !taken.has(at) && !isNoLabel(name) && isLabelColumn(columns[at]));
  if (labels.length > 0 || !isNeeded) return labels;
  if (rows.length === 0 && badRow)
    throw new InputError(
      `expected ${badRow.expected} as in the header, got ${badRow.got}, in this row and all others; quote cells that hold the delimiter, and end no row with one`,
      { file, row: badRow.row },
    );
  throw new InputError(
    'expected at least one column of 0 and 1, got none; name the label columns in a labels.json beside the table, or describe the table in a mapping (dataset.yaml)',
    { file },
  );
}
