import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '@cxr-align/files';
import type { Dataset } from '../dataset.js';
import { openTable } from '../table/open-table.js';
import type { Table } from '../table/table.js';
import type { ColumnRole, GivenColumns } from '../columns/column-roles.js';

/** What a reader is given beside the path. */
export interface ReaderOptions {
  /** The folder that the tables' image names start from, where it is not beside the tables. */
  images?: string;
  /** Columns of a table whose names no reader knows: `{ patient: 'pid' }`. Only of tables without a fixed layout. */
  columns?: GivenColumns;
}

/** What a reader finds. */
export type ReadData = Omit<Dataset, 'format' | 'reason'>;

/** Knows one layout of files. */
export interface DatasetReader {
  /** The name of the layout. */
  format: string;
  /** What it is recognised by, for people who have something else. */
  description: string;
  /** Why a folder or file is of this layout, or undefined if it is not. */
  detect: (path: string, options: ReaderOptions) => Promise<string | undefined>;
  /** Reads it. @throws {InputError} if it cannot be used at all; single rows are listed instead. */
  read: (path: string, options: ReaderOptions) => Promise<ReadData>;
  /** True if `auto` never takes it. */
  isExplicit?: boolean;
  /** Roles whose column the caller may name; none unless given. */
  columnRoles?: readonly ColumnRole[];
}

/** The folder that a path is, or that it lies in. */
export function folderOf(path: string): string {
  return statSync(path).isDirectory() ? path : dirname(path);
}

/** The first file of a folder whose name fits. */
export function fileIn(folder: string, name: RegExp): string | undefined {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return undefined;
  const found = readdirSync(folder)
    .sort()
    .find((entry) => name.test(entry));
  return found === undefined ? undefined : join(folder, found);
}

/** The table that a path is, or the first one of a folder whose name fits. */
export function tableIn(path: string, name: RegExp): string | undefined {
  if (existsSync(path) && !statSync(path).isDirectory()) return /\.csv(\.gz)?$/.test(path) ? path : undefined;
  return fileIn(path, name);
}

/** Why a table is of some layout: it has the columns of that. Undefined if it has not, or if there is none. */
export async function columnsReason(file: string | undefined, columns: readonly string[]): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const { header } = await openTable(file);
  return columns.every((column) => header.includes(column))
    ? `${basename(file)} has the columns ${columns.join(', ')}`
    : undefined;
}

/** Where columns of a table are. @throws {InputError} if one is missing. */
export function columnPlaces({ file, header }: Table, names: readonly string[]): number[] {
  const missing = names.filter((name) => !header.includes(name));
  if (missing.length > 0)
    throw new InputError(
      `expected the columns ${names.join(', ')}, got no ${missing.join(', ')}; is it the table of this layout?`,
      { file, row: 1 },
    );
  return names.map((name) => header.indexOf(name));
}

/** Reads a column's text without blanks around it; an empty one if there is no such column. */
export function columnText({ header }: Table, name: string): (cells: readonly string[]) => string {
  const at = header.indexOf(name);
  return (cells) => (at < 0 ? '' : cells[at].trim());
}
