import { isAscii } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { InputError, type InputPlace } from '@cxr-align/files';
import { parse } from 'csv-parse';
import type { BadRow } from './dataset.js';
import { openParquet } from './parquet-table.js';

/** A table whose rows pass by once each time they are asked for; they are never all in memory. */
export interface Table {
  file: string;
  header: string[];
  /**
   * Goes through the rows that have as many cells as the header.
   *
   * @param onRow is given the cells as texts, and the line of the file that they end on.
   * @param onBad is told of rows with another number of cells.
   */
  each: (onRow: (cells: string[], line: number) => void, onBad?: (row: BadRow) => void) => Promise<void>;
}

/** The most bytes that a table may unpack to. */
const tableLimit = 2 ** 36;
/** The most characters of a row. */
const rowLimit = 16_000_000;

/**
 * Opens a CSV or TSV table (also gzipped) in UTF-8 or, with a byte order mark, UTF-16, with any line ends; or a Parquet
 * file.
 *
 * @throws {InputError} if the file is missing, empty or binary, or if a column stands twice; while rows are read, if a
 *   quote is not closed, if a row is longer than 16 million characters, or if there are bytes that are no text.
 */
export async function openTable(file: string): Promise<Table> {
  if (/\.parquet$/i.test(file)) {
    const { header, each } = await openParquet(file);
    return { file, header: checkedHeader(file, header), each };
  }
  let first: string[] | undefined;
  await eachRecord(file, (cells) => {
    first = cells;
    return false;
  });
  if (!first) throw new InputError('expected a header and rows, got an empty file; export the table again', { file });
  const header = checkedHeader(file, first);
  return {
    file,
    header,
    each: (onRow, onBad) => {
      let isHeader = true;
      return eachRecord(file, (cells, line) => {
        if (isHeader) isHeader = false;
        else if (cells.length === header.length) onRow(cells, line);
        else onBad?.({ file, row: line, expected: `${header.length} cells`, got: `${cells.length}` });
        return true;
      });
    },
  };
}

function checkedHeader(file: string, cells: readonly string[]): string[] {
  const header = cells.map((name) => name.trim());
  const seen = new Set<string>();
  for (const name of header) {
    if (name !== '' && seen.has(name))
      throw new InputError(`expected each column once, got ${JSON.stringify(name)} twice; rename or remove one`, {
        file,
        row: 1,
        column: name,
      });
    seen.add(name);
  }
  return header;
}

/** Is given a record and its line; false ends the reading. */
type OnRecord = (cells: string[], line: number) => boolean;

/**
 * Goes through the records of a text file. As long as they are plain (no quotes, one kind of line end) they are cut out
 * at their delimiters; from the first other one on, a parser that knows quotes reads them.
 */
async function eachRecord(file: string, onRecord: OnRecord): Promise<void> {
  const place = { file, row: 1 };
  const source = texts(place);
  let rest = '';
  let delimiter: string | undefined;
  for (let next = await source.next(); !next.done; next = await source.next()) {
    rest += next.value;
    const end = rest.lastIndexOf('\n') + 1;
    if (!isPlain(rest, end)) return eachQuotedRecord(place, delimiter ?? delimiterOf(rest), rest, source, onRecord);
    if (end > 0) {
      delimiter ??= delimiterOf(rest);
      if (!cutRecords(rest.slice(0, end), delimiter, place, onRecord)) {
        await source.return();
        return;
      }
      rest = rest.slice(end);
    }
    if (rest.length > rowLimit) throw tooLong(place);
  }
  if (rest !== '') cutRecords(rest, delimiter ?? delimiterOf(rest), place, onRecord);
}

function tooLong(place: InputPlace): InputError {
  return new InputError(
    `expected rows of at most ${rowLimit / 1e6} million characters, got a longer one; is it a table, and is each quote closed?`,
    place,
  );
}

/** True if nothing in a text needs the parser, as far as it can be told: `end` is behind its last line break. */
function isPlain(text: string, end: number): boolean {
  if (text.includes('"')) return false;
  if (!text.includes('\r')) return true;
  const rows = text.slice(0, end);
  return !(/\r[^\n]/.test(text) || (rows.includes('\r') && /(^|[^\r])\n/.test(rows)));
}

function delimiterOf(text: string): string {
  return /^[^\n\r,]*\t/.test(text) ? '\t' : ',';
}

/** @returns false if no more records are wanted. */
function cutRecords(text: string, delimiter: string, place: { row: number }, onRecord: OnRecord): boolean {
  for (let from = 0; from < text.length; place.row++) {
    const newline = text.indexOf('\n', from);
    const end = newline < 0 ? text.length : newline;
    const to = end > from && text.charCodeAt(end - 1) === 13 ? end - 1 : end;
    if (to > from && !onRecord(text.slice(from, to).split(delimiter), place.row)) return false;
    from = end + 1;
  }
  return true;
}

async function eachQuotedRecord(
  place: { file: string; row: number },
  delimiter: string,
  start: string,
  source: AsyncGenerator<string, void>,
  onRecord: OnRecord,
): Promise<void> {
  const before = place.row - 1;
  const parser = parse({
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: rowLimit,
  });
  const all = async function* (): AsyncGenerator<string> {
    yield start;
    yield* source;
  };
  let isEnough = false;
  try {
    await pipeline(all, parser, async (records: AsyncIterable<{ record: string[]; info: { lines: number } }>) => {
      for await (const { record, info } of records) {
        place.row = before + info.lines;
        isEnough = !onRecord(record, place.row);
        if (isEnough) return;
      }
    });
  } catch (error) {
    // A pipeline of which no more is wanted ends with an error of its own.
    if (isEnough) return;
    const { code, message } = error as Error & { code?: string };
    if (code === 'CSV_MAX_RECORD_SIZE') throw tooLong(place);
    if (!code?.startsWith('CSV_')) throw error;
    // What follows the colon counts lines from where the parser began.
    throw new InputError(`expected a CSV table, got ${message.split(':')[0]} after this row; mend it there`, place);
  }
}

/** The text of a file, piece by piece. Its errors name the row that was read last. */
async function* texts(place: { file: string; row: number }): AsyncGenerator<string, void> {
  let encoding: string | undefined;
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let total = 0;
  try {
    for await (const bytes of unpacked(place.file)) {
      total += bytes.length;
      if (total > tableLimit)
        throw new InputError(`expected at most ${tableLimit / 2 ** 30} GiB of text, got more`, { ...place });
      encoding ??= encodingOf(bytes);
      // Plain ASCII, of which most tables are, takes a byte a character in memory, and is quicker to read.
      if (!decoder && !isAscii(bytes)) decoder = new TextDecoder(encoding, { fatal: true });
      const text = decoder ? decoder.decode(bytes, { stream: true }) : asciiText(bytes);
      if (text.includes('\0'))
        throw new InputError('expected text, got NUL characters (a binary file?); save it as UTF-8', { ...place });
      yield text;
    }
    if (total === 0)
      throw new InputError('expected a header and rows, got an empty file; export the table again', {
        file: place.file,
      });
    if (decoder) yield decoder.decode();
  } catch (error) {
    if (error instanceof InputError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw new InputError(
        `expected ${decoder!.encoding.toUpperCase()} text, got other bytes after this row; save it as UTF-8`,
        { ...place },
      );
    if (code?.startsWith('Z_'))
      throw new InputError(`expected a whole gzipped table, got ${message}; copy the file again`, { ...place });
    throw new InputError(`expected a table, got ${code ?? message}; check the path`, { file: place.file });
  }
}

function asciiText({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}

function encodingOf(start: Uint8Array): string {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  return start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : 'utf-8';
}

/** The bytes of a file, unpacked if it is gzipped, whatever its name. */
async function* unpacked(file: string): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(file, { highWaterMark: 2 ** 18 });
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  try {
    const first = await chunks.next();
    if (first.done) return;
    const all = async function* (): AsyncGenerator<Uint8Array> {
      yield first.value;
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
    };
    const [one, two] = first.value;
    if (one !== 0x1f || two !== 0x8b) yield* all();
    else yield* gunzipped(all);
  } finally {
    stream.destroy();
  }
}

async function* gunzipped(source: () => AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: 2 ** 18 });
  // The error of either side is thrown where the bytes are read.
  const done = pipeline(source, gunzip).catch((error: Error) => gunzip.destroy(error));
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
  } finally {
    gunzip.destroy();
    await done;
  }
}

/** The place of the first of some names in a header, whatever their case; −1 if none is there. */
export function columnOf(header: readonly string[], names: readonly string[]): number {
  const lower = header.map((name) => name.toLowerCase());
  return names.map((name) => lower.indexOf(name)).find((at) => at >= 0) ?? -1;
}
