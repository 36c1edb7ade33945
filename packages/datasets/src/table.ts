import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { InputError } from '@cxr-align/files';
import { parse } from 'csv-parse/sync';
import type { BadRow } from './dataset.js';

/** A table as it is in its file: a header and rows of texts. */
export interface Table {
  file: string;
  header: string[];
  /** Rows that have as many cells as the header. */
  rows: { line: number; cells: string[] }[];
  /** Rows with another number of cells. */
  badRows: BadRow[];
}

/** The most bytes that a table may unpack to. */
const tableLimit = 2 ** 30;

/**
 * Reads a CSV or TSV table (also gzipped) in UTF-8, with or without a byte order mark, with any line ends.
 *
 * @throws {InputError} if the file is missing, empty or binary, if a quote is not closed, or if a column stands twice.
 */
export function readTable(file: string, { headerOnly = false }: { headerOnly?: boolean } = {}): Table {
  const text = decode(file);
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(text, {
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      delimiter: /^[^\n,]*\t/.test(text) ? '\t' : ',',
      max_record_size: 10_000_000,
      ...(headerOnly && { to: 1 }),
    }) as unknown as { record: string[]; info: { lines: number } }[];
  } catch (error) {
    throw new InputError(`expected a CSV table, got ${(error as Error).message}`, { file });
  }
  if (records.length === 0)
    throw new InputError('expected a header and rows, got an empty file; export the table again', { file });
  const header = records[0].record.map((name) => name.trim());
  const twice = header.find((name, i) => name !== '' && header.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new InputError(`expected each column once, got ${JSON.stringify(twice)} twice; rename or remove one`, {
      file,
      row: 1,
      column: twice,
    });
  }
  const badRows: BadRow[] = [];
  const rows: Table['rows'] = [];
  for (const { record, info } of records.slice(1)) {
    if (record.length === header.length) rows.push({ line: info.lines, cells: record });
    else badRows.push({ file, row: info.lines, expected: `${header.length} cells`, got: `${record.length}` });
  }
  return { file, header, rows, badRows };
}

function decode(file: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new InputError(
      `expected a table, got ${(error as NodeJS.ErrnoException).code ?? 'an error'}; check the path`,
      { file },
    );
  }
  if (bytes.length === 0)
    throw new InputError('expected a header and rows, got an empty file; export the table again', { file });
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = gunzipSync(bytes, { maxOutputLength: tableLimit });
    } catch (error) {
      throw new InputError(`expected a gzipped table, got ${(error as Error).message}; copy the file again`, { file });
    }
  }
  if (bytes.includes(0))
    throw new InputError('expected text, got NUL bytes (UTF-16 or binary?); save it as UTF-8', { file });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InputError('expected UTF-8 text, got other bytes; save it as UTF-8', { file });
  }
}

/** The place of the first of some names in a header, whatever their case; −1 if none is there. */
export function columnOf(header: readonly string[], names: readonly string[]): number {
  const lower = header.map((name) => name.toLowerCase());
  return names.map((name) => lower.indexOf(name)).find((at) => at >= 0) ?? -1;
}
