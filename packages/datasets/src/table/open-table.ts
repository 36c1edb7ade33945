import { cellOfCsv, InputError } from '@cxr-align/files';
import { eachRecord, type OnRecord } from './csv-records.js';
import { openJsonLines } from './json-lines-table.js';
import { openParquetTable } from './parquet-table.js';
import { tableText } from './table-text.js';
import type { Table } from './table.js';

/**
 * Opens a table: CSV or TSV (also gzipped), cells between commas, semicolons, tabs or bars, in UTF-8 or, with a byte
 * order mark, UTF-16, with any line ends; a Parquet file;
 * or JSON lines (.jsonl), an object a row.
 *
 * @throws {InputError} if the file is missing, empty or binary, or of another kind (a workbook, an archive, a web page,
 *   which is named), or if a column stands twice; while rows are read, if a quote is not closed, if a row is longer than
 *   16 million characters, or if there are bytes that are no text.
 */
export async function openTable(file: string): Promise<Table> {
  if (/\.parquet$/i.test(file)) {
    const { header, each } = await openParquetTable(file);
    return { file, header: checkedHeader(file, header), each };
  }
  if (/\.(jsonl|ndjson)$/i.test(file)) {
    const { header, each } = await openJsonLines(file);
    return { file, header: checkedHeader(file, header), each };
  }
  let first: string[] | undefined;
  await eachRow(file, (cells) => {
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
      return eachRow(file, (cells, line) => {
        if (isHeader) isHeader = false;
        else if (cells.length === header.length) onRow(cells, line);
        else onBad?.({ file, row: line, expected: `${header.length} cells`, got: `${cells.length}` });
        return true;
      });
    },
  };
}

function eachRow(file: string, onRecord: OnRecord): Promise<void> {
  const place = { file, row: 1 };
  return eachRecord(tableText(place), place, (cells, line) => {
    // A quote before a formula is not of the text: csvCell puts it there.
    const isQuoted = cells.some((cell) => cell.charCodeAt(0) === quote);
    return onRecord(isQuoted ? cells.map(cellOfCsv) : cells, line);
  });
}

const quote = "'".charCodeAt(0);

/** The most columns of a table. */
const mostColumns = 100_000;

function checkedHeader(file: string, cells: readonly string[]): string[] {
  const header = cells.map((name) => name.trim());
  if (header.length > mostColumns)
    throw new InputError(`expected at most ${mostColumns} columns, got ${header.length}; is it a table of labels?`, {
      file,
      row: 1,
    });
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
