import { InputError, type InputPlace } from '@cxr-align/files';

/** The most characters of a row. */
const rowLimit = 16_000_000;

/** Is given a record and the line that it ends on; false ends the reading. */
export type OnRecord = (cells: string[], line: number) => boolean;

/** What stands between two cells. */
export type Delimiter = ',' | ';' | '\t' | '|';

/** Where a reader of records is; the caller's errors name it, too. */
export interface RecordPlace {
  file: string;
  /** Line that is read next. */
  row: number;
}

/**
 * Goes through the records of a text: cells between commas, semicolons, tabs or bars (the most frequent in the header, or
 * what a first line `sep=;` names), quoted where they begin with a quote (RFC 4180); a quote within a cell that does not
 * begin with one is a character like any other, as spreadsheets and pandas read it.
 *
 * @throws {InputError} at a quote that is not closed, at a text behind a closing quote, and at a row of more than 16
 *   million characters.
 */
export async function eachRecord(
  source: AsyncGenerator<string, void>,
  place: RecordPlace,
  onRecord: OnRecord,
): Promise<void> {
  let rest = '';
  let delimiter: Delimiter | undefined;
  let names: readonly string[] | undefined;
  const onEach: OnRecord = (cells, line) => {
    names ??= cells;
    return onRecord(cells, line);
  };
  const read = (isEnd: boolean): boolean => {
    if (delimiter === undefined) {
      const named = /^sep=([,;|\t])(\r\n|\n|\r)/i.exec(rest);
      if (named) {
        rest = rest.slice(named[0].length);
        place.row++;
      }
      delimiter = (named?.[1] as Delimiter | undefined) ?? delimiterOf(rest);
    }
    const end = isEnd ? rest.length : rest.lastIndexOf('\n') + 1;
    const taken = isPlain(rest, end)
      ? cutRecords(rest, end, { delimiter, place, onRecord: onEach })
      : parseRecords(rest, isEnd, { delimiter, place, onRecord: onEach, names: () => names });
    if (taken === undefined) return false;
    rest = rest.slice(taken);
    if (rest.length > rowLimit)
      throw new InputError(
        `expected rows of at most ${rowLimit / 1e6} million characters, got a longer one; is it a table, and is each quote closed?`,
        { ...place },
      );
    return true;
  };
  for (let next = await source.next(); !next.done; next = await source.next()) {
    rest += next.value;
    // The header decides on the delimiter: it must be whole.
    if (delimiter === undefined && !/[\r\n]./s.test(rest) && rest.length < rowLimit) continue;
    if (!read(false)) {
      await source.return();
      return;
    }
  }
  if (rest !== '') read(true);
}

/** The most frequent delimiter of the first line outside quotes; of equally frequent ones the first. */
function delimiterOf(text: string): Delimiter {
  const [header] = text.replace(/"[^"]*("|$)/g, '').split(/[\r\n]/, 1);
  const counts = ([',', ';', '\t', '|'] as const)
    .map((sign) => ({ sign, count: header.split(sign).length - 1, first: header.indexOf(sign) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || a.first - b.first);
  return counts[0]?.sign ?? ',';
}

/** True if a text has no quotes and one kind of line ends, as far as it can be seen: `end` is behind its last line break. */
function isPlain(text: string, end: number): boolean {
  if (text.includes('"')) return false;
  if (!text.includes('\r')) return true;
  const rows = text.slice(0, end);
  return !(/\r[^\n]/.test(text) || (rows.includes('\r') && /(^|[^\r])\n/.test(rows)));
}

interface Reading {
  delimiter: Delimiter;
  place: RecordPlace;
  onRecord: OnRecord;
}

/** Cuts plain records at their delimiters. @returns what was read, or undefined if no more records are wanted. */
function cutRecords(text: string, until: number, { delimiter, place, onRecord }: Reading): number | undefined {
  for (let from = 0; from < until; place.row++) {
    const newline = text.indexOf('\n', from);
    const end = newline < 0 ? text.length : newline;
    const to = end > from && text.charCodeAt(end - 1) === 13 ? end - 1 : end;
    if (to > from && !onRecord(text.slice(from, to).split(delimiter), place.row)) return undefined;
    from = end + 1;
  }
  return until;
}

/** The same for records with quotes. */
function parseRecords(
  text: string,
  isEnd: boolean,
  { delimiter, place, onRecord, names }: Reading & { names: () => readonly string[] | undefined },
): number | undefined {
  let from = 0;
  while (from < text.length) {
    const record = parseRecord(text, from, { delimiter, isEnd, place, names: names() });
    if (record === undefined) break;
    const { cells, end, breaks } = record;
    place.row += breaks;
    if ((cells.length > 1 || cells[0] !== '') && !onRecord(cells, place.row)) return undefined;
    place.row++;
    from = end;
  }
  return from;
}

interface ParsedRecord {
  cells: string[];
  /** Behind its line break. */
  end: number;
  /** Line breaks within its cells. */
  breaks: number;
}

/** One record; undefined if its end is not there yet. */
function parseRecord(
  text: string,
  start: number,
  {
    delimiter,
    isEnd,
    place,
    names,
  }: { delimiter: Delimiter; isEnd: boolean; place: RecordPlace; names: readonly string[] | undefined },
): ParsedRecord | undefined {
  const cells: string[] = [];
  const stop = new RegExp(`[${delimiter === '|' ? '\\|' : delimiter}\\r\\n]`, 'g');
  let breaks = 0;
  let at = start;
  for (;;) {
    if (text[at] === '"') {
      const close = closingQuote(text, at + 1);
      if (close < 0) {
        if (!isEnd) return undefined;
        throw new InputError(
          'expected a CSV table, got a quote that is not closed; close it, or remove it',
          cellPlace(place, cells, names),
        );
      }
      const cell = text.slice(at + 1, close);
      breaks += cell.match(/\r\n|\n|\r/g)?.length ?? 0;
      cells.push(cell.includes('"') ? cell.replaceAll('""', '"') : cell);
      at = close + 1;
      while (text[at] === ' ') at++;
      if (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r')
        throw new InputError(
          'expected a CSV table, got a text behind a closing quote; write quotes within a quoted cell twice ("")',
          cellPlace(place, cells.slice(0, -1), names),
        );
    } else {
      stop.lastIndex = at;
      const end = stop.exec(text)?.index ?? text.length;
      cells.push(text.slice(at, end));
      at = end;
    }
    if (at >= text.length) return isEnd ? { cells, end: at, breaks } : undefined;
    if (text[at] === delimiter) {
      at++;
      continue;
    }
    if (text[at] === '\n') return { cells, end: at + 1, breaks };
    if (at + 1 >= text.length && !isEnd) return undefined;
    return { cells, end: at + (text[at + 1] === '\n' ? 2 : 1), breaks };
  }
}

/** The place of the quote that closes a cell: one that is not doubled. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}

/** Names the cell that is read; what it holds may be of a patient, and is not repeated. */
function cellPlace(
  { file, row }: RecordPlace,
  before: readonly string[],
  names: readonly string[] | undefined,
): InputPlace {
  const column = names?.[before.length]?.trim() ?? `${before.length + 1}`;
  return { file, row, column };
}
