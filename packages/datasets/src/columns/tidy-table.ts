import { isBlank, readLabelCell } from './cell-values.js';
import { mostTexts, type TableSurvey } from './column-survey.js';
import { columnsByRole, plainName } from './column-roles.js';
import type { Table } from '../table/table.js';

const findingNames = [
  'finding',
  'findingname',
  'label',
  'labelname',
  'class',
  'classname',
  'observation',
  'pathology',
  'disease',
  'diagnosis',
  'variable',
  'befund',
  'hallazgo',
  'achado',
];
const valueNames = ['value', 'present', 'target', 'annotation', 'status', 'result', 'wert', 'valeur', 'valor'];

/** The columns of a tidy table. */
export interface TidyColumns {
  image: number;
  finding: number;
  value: number;
}

/**
 * The columns of a table that has a row for each image and finding (`image, finding, value`), and images that stand in
 * several rows; undefined if it is none.
 */
export function tidyColumns(table: Pick<Table, 'file' | 'header'>, survey: TableSurvey): TidyColumns | undefined {
  const names = table.header.map(plainName);
  const at = (known: readonly string[]): number => names.findIndex((name) => known.includes(name));
  const [finding, value] = [at(findingNames), at(valueNames)];
  const image = columnsByRole(table).get('image');
  if (image === undefined || finding < 0 || value < 0) return undefined;
  const { texts } = survey.columns[finding];
  const areNames =
    texts.size <= mostTexts && [...texts].every((text) => !isBlank(text) && readLabelCell(text) === undefined);
  const { filled, labels } = survey.columns[value];
  const images = survey.rows.map((cells) => cells[image]);
  const repeats = survey.columns[image].texts.size < images.length || new Set(images).size < images.length;
  return areNames && labels > 0.5 * filled && repeats ? { image, finding, value } : undefined;
}

/**
 * A tidy table as one with a row for each image and a column for each finding, in alphabetical order. What else its rows
 * have is that of the image's first row. It is in memory as a whole.
 */
export async function spreadTable(table: Table, { image, finding, value }: TidyColumns): Promise<Table> {
  const kept = table.header.map((_, at) => at).filter((at) => at !== finding && at !== value);
  const images = new Map<string, { line: number; cells: string[]; values: Map<string, string> }>();
  const findings = new Set<string>();
  const bad: Parameters<NonNullable<Parameters<Table['each']>[1]>>[0][] = [];
  await table.each(
    (cells, line) => {
      const name = cells[finding].trim();
      findings.add(name);
      const row = images.get(cells[image]) ?? { line, cells: kept.map((at) => cells[at]), values: new Map() };
      images.set(cells[image], row);
      const before = row.values.get(name);
      if (before !== undefined && before !== cells[value])
        bad.push({
          file: table.file,
          row: line,
          column: table.header[value],
          expected: `one value of ${name} for each image`,
          got: 'another one',
        });
      else row.values.set(name, cells[value]);
    },
    (row) => bad.push(row),
  );
  const order = [...findings].sort();
  return {
    file: table.file,
    header: [...kept.map((at) => table.header[at]), ...order],
    each: async (onRow, onBad) => {
      for (const row of bad) onBad?.(row);
      for (const { line, cells, values } of images.values())
        onRow([...cells, ...order.map((name) => values.get(name) ?? '')], line);
    },
  };
}
