import { InputError, openParquet, type Parquet } from '@cxr-align/files';
import type { Table } from './table.js';

/** Opens a Parquet file as a table of texts: a null is a blank, true is 1, false is 0. @throws {InputError} if it is none. */
export async function openParquetTable(file: string): Promise<Pick<Table, 'header' | 'each'>> {
  const header = await withParquet(file, async ({ columns }) => {
    const images = columns.find(({ fields }) => fields.includes('bytes'));
    if (images)
      throw new InputError(
        `expected a table of image names, got the images themselves in the column ${JSON.stringify(images.name)} (the layout of the datasets library); read the file, or the folder of its parts, as a data set, or save each image as a file (row["image"].save(f"{i}.png")) and the other columns as metadata.csv with file_name`,
        { file },
      );
    return columns.map(({ name }) => name);
  });
  return {
    header,
    each: (onRow) =>
      eachParquetRow(file, header, (row, line) =>
        onRow(
          header.map((name) => cellText(row[name])),
          line,
        ),
      ),
  };
}

/** Goes through the rows of some columns, group by group. As in a text file, the first row is line 2. */
export async function eachParquetRow(
  file: string,
  columns: readonly string[],
  onRow: (row: Record<string, unknown>, line: number) => void,
): Promise<void> {
  await withParquet(file, async ({ groups, read }) => {
    for (const [group, { rowStart, rows: count }] of groups.entries()) {
      // Of no columns nothing is read, and there are as many rows.
      const rows = columns.length > 0 ? await read(group, { columns }) : Array.from({ length: count }, () => ({}));
      rows.forEach((row, i) => onRow(row, rowStart + i + 2));
    }
  });
}

/**
 * Reads the rows of a Parquet file as objects; a null stays null.
 *
 * @throws {InputError} if it is none, or damaged: sizes and run lengths are checked before anything is decoded.
 */
export async function readParquetRows(file: string): Promise<Record<string, unknown>[]> {
  return withParquet(file, async ({ groups, read }) => {
    const rows: Record<string, unknown>[] = [];
    for (const group of groups.keys()) for (const row of await read(group)) rows.push(row);
    return rows;
  });
}

/** What needs an open Parquet file, which is closed after it. */
export async function withParquet<T>(file: string, work: (parquet: Parquet) => Promise<T>): Promise<T> {
  const parquet = await openParquet(file);
  try {
    return await work(parquet);
  } finally {
    await parquet.close();
  }
}

/** A value as the text of a cell. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object') return String(value);
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? Number(part) : part));
}
