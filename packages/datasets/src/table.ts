import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { InputError } from '@cxr-align/files';
import { parse } from 'csv-parse/sync';
import type { BadRow } from './dataset.js';

/** A row of a table: the line of the file that it ends on, and its cells as texts. */
export interface TableRow {
  line: number;
  cells: string[];
}

/** A table as it is in its file. */
export interface Table {
  file: string;
  header: string[];
  /** Goes through the rows that have as many cells as the header. @param onBad is told of the others. */
  rows: (onBad?: (row: BadRow) => void) => Iterable<TableRow>;
}

/** The most bytes that a table may unpack to. */
const tableLimit = 2 ** 30;
/** The most characters of a row. */
const rowLimit = 10_000_000;
/** Bytes of a file that its header is looked for in. */
const headerBytes = 2 ** 20;

/**
 * Reads a CSV or TSV table (also gzipped) in UTF-8, with or without a byte order mark, with any line ends.
 *
 * @throws {InputError} if the file is missing, empty or binary, if a quote is not closed, or if a column stands twice.
 */
export function readTable(file: string): Table {
  const text = decode(file, readBytes(file));
  const records = isPlain(text) ? plainRecords(text) : quotedRecords(file, text);
  const header = checkedHeader(file, records);
  return {
    file,
    header,
    *rows(onBad) {
      let isHeader = true;
      for (const { line, cells } of records) {
        if (isHeader) isHeader = false;
        else if (cells.length === header.length) yield { line, cells };
        else onBad?.({ file, row: line, expected: `${header.length} cells`, got: `${cells.length}` });
      }
    },
  };
}

/** The header of a table, of which no more than the start is read. @throws {InputError} as {@link readTable}. */
export function readHeader(file: string): string[] {
  const bytes = readBytes(file, headerBytes);
  // A line that goes on beyond the start is cut off; one that is all of it, is read whole.
  const end = bytes.length < headerBytes ? bytes.length : bytes.lastIndexOf(10) + 1;
  const text = decode(file, end > 0 ? bytes.subarray(0, end) : readBytes(file));
  return checkedHeader(file, isPlain(text) ? plainRecords(text) : quotedRecords(file, text, 1));
}

function checkedHeader(file: string, records: Iterable<TableRow>): string[] {
  const [first] = records;
  if (!first) throw new InputError('expected a header and rows, got an empty file; export the table again', { file });
  const header = first.cells.map((name) => name.trim());
  const twice = header.find((name, i) => name !== '' && header.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new InputError(`expected each column once, got ${JSON.stringify(twice)} twice; rename or remove one`, {
      file,
      row: 1,
      column: twice,
    });
  }
  return header;
}

/** True if the cells of a text are what stands between its delimiters: without quotes, and with one kind of line end. */
function isPlain(text: string): boolean {
  if (text.includes('"')) return false;
  return !text.includes('\r') || !/\r(?!\n)|(?<!\r)\n/.test(text);
}

function delimiterOf(text: string): string {
  return /^[^\n,]*\t/.test(text) ? '\t' : ',';
}

/** The records of a plain text; they are cut out when they are asked for, and not kept. */
function plainRecords(text: string): Iterable<TableRow> {
  const start = text.startsWith('\uFEFF') ? 1 : 0;
  const delimiter = delimiterOf(text);
  return {
    *[Symbol.iterator]() {
      for (let from = start, line = 1; from < text.length; line++) {
        const newline = text.indexOf('\n', from);
        const end = newline < 0 ? text.length : newline;
        const to = newline > from && text.charCodeAt(newline - 1) === 13 ? newline - 1 : end;
        if (to > from) yield { line, cells: text.slice(from, to).split(delimiter) };
        from = end + 1;
      }
    },
  };
}

/** The records of any text, or the first of them, by a parser that knows quotes. */
function quotedRecords(file: string, text: string, most?: number): TableRow[] {
  try {
    const records = parse(text, {
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      delimiter: delimiterOf(text),
      max_record_size: rowLimit,
      ...(most !== undefined && { to: most }),
    }) as unknown as { record: string[]; info: { lines: number } }[];
    return records.map(({ record, info }) => ({ line: info.lines, cells: record }));
  } catch (error) {
    throw new InputError(`expected a CSV table, got ${(error as Error).message}`, { file });
  }
}

/** @param most reads no more than so many bytes of a file that is not gzipped. */
function readBytes(file: string, most = Infinity): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = Number.isFinite(most) ? readStart(file, most) : readFileSync(file);
    if (bytes.length === most && isGzipped(bytes)) bytes = readFileSync(file);
  } catch (error) {
    throw new InputError(
      `expected a table, got ${(error as NodeJS.ErrnoException).code ?? 'an error'}; check the path`,
      { file },
    );
  }
  return bytes;
}

function readStart(file: string, most: number): Uint8Array {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = new Uint8Array(Math.min(most, fstatSync(descriptor).size));
    return bytes.subarray(0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}

function isGzipped(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function decode(file: string, bytes: Uint8Array): string {
  if (bytes.length === 0)
    throw new InputError('expected a header and rows, got an empty file; export the table again', { file });
  if (isGzipped(bytes)) {
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
