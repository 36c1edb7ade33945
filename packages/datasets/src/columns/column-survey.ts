import { isBlank, readLabelCell, readNumber, readSplit } from './cell-values.js';
import type { BadRow, Table } from '../table/table.js';

/** What the cells of a column hold. */
export interface ColumnSurvey {
  /** Distinct texts, at most {@link mostTexts} + 1 of them. */
  texts: Set<string>;
  /** Cells that are not blank. */
  filled: number;
  /** Cells of 1, 0, −1. */
  labels: number;
  /** Whether some cell is 1 or 0. */
  hasZeroOrOne: boolean;
  /** Filled cells that are another number. */
  otherNumbers: number;
}

/** Distinct texts that are kept of a column; one with more is no label. */
export const mostTexts = 200;
/** Rows that are kept. */
const mostRows = 256;

/** What a table holds, column by column, with some of its rows, evenly spaced from the first to the last. */
export interface TableSurvey {
  columns: ColumnSurvey[];
  rows: string[][];
  /** The first row with another number of cells than the header. */
  badRow?: BadRow;
}

/** Some rows of a table, evenly spaced from the first to the last. */
class EvenRows {
  rows: string[][] = [];
  private step = 1;
  private row = 0;

  add(cells: string[]): void {
    if (this.row++ % this.step !== 0) return;
    this.rows.push(cells);
    if (this.rows.length <= mostRows) return;
    this.rows = this.rows.filter((_, i) => i % 2 === 0);
    this.step *= 2;
  }
}

/** Some rows of a table, evenly spaced from the first to the last. */
export async function evenRows(table: Table): Promise<string[][]> {
  const rows = new EvenRows();
  await table.each((cells) => rows.add(cells));
  return rows.rows;
}

/** Goes through a table once. */
export async function surveyTable(table: Table): Promise<TableSurvey> {
  const columns = table.header.map((): ColumnSurvey => ({
    texts: new Set(),
    filled: 0,
    labels: 0,
    hasZeroOrOne: false,
    otherNumbers: 0,
  }));
  const rows = new EvenRows();
  let badRow: BadRow | undefined;
  await table.each(
    (cells) => {
      rows.add(cells);
      for (let at = 0; at < cells.length; at++) surveyCell(columns[at], cells[at]);
    },
    (bad) => (badRow ??= bad),
  );
  return { columns, rows: rows.rows, ...(badRow && { badRow }) };
}

function surveyCell(column: ColumnSurvey, cell: string): void {
  if (column.texts.size <= mostTexts) column.texts.add(cell.trim());
  const value = readLabelCell(cell);
  if (value === undefined) {
    column.filled++;
    if (!Number.isNaN(readNumber(cell))) column.otherNumbers++;
  } else if (value >= -1) {
    column.filled++;
    column.labels++;
    if (value >= 0) column.hasZeroOrOne = true;
  }
}

/**
 * Whether a column is a label: it holds 1 and 0, and most of its filled cells are 1, 0 or −1. Cells that are no such value
 * make their rows bad; they do not make the column another. Where the others are numbers, they must be few: a column of
 * 0, 1, 2, 3 counts something.
 */
export function isLabelColumn({ filled, labels, hasZeroOrOne, otherNumbers }: ColumnSurvey): boolean {
  return hasZeroOrOne && labels > 0.5 * filled && otherNumbers <= Math.max(1, 0.1 * filled);
}

/** Whether the filled cells of a column are words for splits, but for few. */
export function holdsSplits({ texts }: ColumnSurvey): boolean {
  const words = [...texts].filter((text) => !isBlank(text));
  return words.length > 0 && words.length <= 20 && words.filter(readSplit).length > 0.5 * words.length;
}
