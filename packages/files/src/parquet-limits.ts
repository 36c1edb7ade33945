import {
  parquetSchema,
  type AsyncBuffer,
  type ColumnMetaData,
  type FileMetaData,
  type PageHeader,
  type RowGroup,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage } from 'hyparquet/src/datapage.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getTreePath, isFlatColumn } from 'hyparquet/src/schema.js';

/** The most bytes that a page may unpack to. */
const pageLimit = 2 ** 29;
/** Values that a run may have beyond those of its page: writers fill runs up to a multiple of eight. */
const runSlack = 1024;

/** The most columns of a table, and the most rows: a file of few bytes may claim any number, of which each costs memory. */
const columnLimit = 100_000;
const rowLimit = (bytes: number): number => 2 ** 20 + 1000 * bytes;

/** Checks what a file states about its columns and rows. @throws {Error} naming what does not fit. */
export function checkMetadata({ schema, row_groups: groups }: FileMetaData, byteLength: number): void {
  if (schema.length > columnLimit) throw new Error(`${schema.length} columns, more than ${columnLimit}`);
  let rows = 0;
  for (const { num_rows: count } of groups) {
    if (!(Number(count) >= 0)) throw new Error(`a group of ${count} rows`);
    rows += Number(count);
  }
  if (rows > rowLimit(byteLength)) throw new Error(`${rows} rows in ${byteLength} bytes`);
}

/**
 * Checks a group of rows before it is decoded: the sizes that the headers of its pages give, and the lengths of the runs
 * in them, against the rows that there are. A file with a few changed bytes can otherwise make the decoder write billions
 * of values.
 *
 * @param columns at the top of the schema that are checked; all unless given.
 * @throws {Error} naming what does not fit.
 */
export async function checkRowGroup(
  file: AsyncBuffer,
  metadata: FileMetaData,
  group: RowGroup,
  columns?: readonly string[],
): Promise<void> {
  const tree = parquetSchema(metadata);
  for (const { meta_data: column } of group.columns) {
    if (!column) throw new Error('a column without metadata');
    if (columns && !columns.includes(column.path_in_schema[0])) continue;
    const path = getTreePath(tree, column.path_in_schema);
    const { start, end } = byteRange(column, file.byteLength);
    const bytes = new Uint8Array(await file.slice(start, end));
    checkPages(bytes, column, {
      rows: Number(group.num_rows),
      isFlat: isFlatColumn(path),
      definitionWidth: bitWidth(getMaxDefinitionLevel(path)),
      repetitionWidth: bitWidth(getMaxRepetitionLevel(path)),
    });
  }
}

function bitWidth(level: number): number {
  return 32 - Math.clz32(level);
}

function byteRange(column: ColumnMetaData, byteLength: number): { start: number; end: number } {
  const first = column.dictionary_page_offset || column.data_page_offset;
  const start = Number(first < column.data_page_offset ? first : column.data_page_offset);
  const end = start + Number(column.total_compressed_size);
  if (!(start >= 0 && end >= start && end <= byteLength))
    throw new Error(`a column from byte ${start} to ${end} of ${byteLength}`);
  return { start, end };
}

interface ColumnShape {
  rows: number;
  isFlat: boolean;
  /** Bits of a level; 0 where there are none. */
  definitionWidth: number;
  repetitionWidth: number;
}

function checkPages(bytes: Uint8Array, column: ColumnMetaData, shape: ColumnShape): void {
  const expected = Number(column.num_values);
  if (shape.isFlat && expected !== shape.rows)
    throw new Error(`${expected} values of ${shape.rows} rows in the column ${column.path_in_schema.join('.')}`);
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  let values = 0;
  while (values < expected && reader.offset < bytes.length - 1) {
    const header = parquetHeader(reader);
    const { compressed_page_size: size, uncompressed_page_size: unpacked } = header;
    if (!(size >= 0 && reader.offset + size <= bytes.length && unpacked >= 0 && unpacked <= pageLimit))
      throw new Error(`a page of ${size ?? 'no'} bytes, ${unpacked ?? 'none'} when unpacked, of ${bytes.length}`);
    const count = valuesOf(header);
    if (!(count >= 0 && count <= (header.type === 'DICTIONARY_PAGE' ? 8 * unpacked + 8 : expected - values)))
      throw new Error(`a page of ${count} values, where ${expected - values} are left`);
    const page = bytes.subarray(reader.offset, reader.offset + size);
    if (header.type === 'DATA_PAGE') checkPage(page, header, count, { column, shape });
    if (header.type === 'DATA_PAGE_V2') checkPageV2(page, header, count, { column, shape });
    if (header.type !== 'DICTIONARY_PAGE') values += count;
    reader.offset += size;
  }
  if (values !== expected) throw new Error(`${values} values, where ${expected} are announced`);
}

function valuesOf({
  data_page_header: v1,
  data_page_header_v2: v2,
  dictionary_page_header: words,
}: PageHeader): number {
  return v1?.num_values ?? v2?.num_values ?? words?.num_values ?? -1;
}

interface PageColumn {
  column: ColumnMetaData;
  shape: ColumnShape;
}

function checkPage(page: Uint8Array, header: PageHeader, count: number, { column, shape }: PageColumn): void {
  const bytes = decompressPage(page, header.uncompressed_page_size, column.codec, compressors);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (const width of [shape.repetitionWidth, shape.definitionWidth]) {
    if (width === 0) continue;
    const length = view.getUint32(at, true);
    if (at + 4 + length > bytes.length) throw new Error(`levels of ${length} bytes in a page of ${bytes.length}`);
    checkRuns(bytes.subarray(at + 4, at + 4 + length), width, count);
    at += 4 + length;
  }
  checkValues(bytes.subarray(at), header.data_page_header?.encoding, count, column);
}

function checkPageV2(page: Uint8Array, header: PageHeader, count: number, { column, shape }: PageColumn): void {
  const {
    repetition_levels_byte_length: repetitions,
    definition_levels_byte_length: definitions,
    ...rest
  } = header.data_page_header_v2!;
  const levels = repetitions + definitions;
  if (!(repetitions >= 0 && definitions >= 0 && levels <= page.length && levels <= header.uncompressed_page_size))
    throw new Error(`levels of ${repetitions} and ${definitions} bytes in a page of ${page.length}`);
  if (!(rest.num_nulls >= 0 && rest.num_nulls <= count && rest.num_rows >= 0 && rest.num_rows <= shape.rows))
    throw new Error(`a page of ${rest.num_rows} rows with ${rest.num_nulls} blanks of ${count} values`);
  if (shape.repetitionWidth > 0) checkRuns(page.subarray(0, repetitions), shape.repetitionWidth, count);
  if (shape.definitionWidth > 0) checkRuns(page.subarray(repetitions, levels), shape.definitionWidth, count);
  const data = page.subarray(levels);
  const bytes =
    rest.is_compressed === false
      ? data
      : decompressPage(data, header.uncompressed_page_size - levels, column.codec, compressors);
  checkValues(bytes, rest.encoding, count - rest.num_nulls, column);
}

function checkValues(bytes: Uint8Array, encoding: string | undefined, count: number, column: ColumnMetaData): void {
  if (count === 0) return;
  if (encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY') {
    const width = bytes[0] ?? 0;
    if (width > 32) throw new Error(`places in a dictionary of ${width} bits`);
    if (width > 0) checkRuns(bytes.subarray(1), width, count);
  } else if (encoding === 'RLE' && column.type === 'BOOLEAN' && bytes.length >= 4) {
    checkRuns(bytes.subarray(4), 1, count);
  }
}

/** Walks over the runs of the hybrid of run lengths and packed bits. */
function checkRuns(bytes: Uint8Array, width: number, count: number): void {
  let seen = 0;
  let at = 0;
  while (seen < count && at < bytes.length) {
    let header = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = bytes[at++] ?? 0;
      header += (byte & 0x7f) * 2 ** shift;
      shift += 7;
    } while (byte & 0x80 && shift < 70);
    const isPacked = header % 2 === 1;
    const groups = Math.floor(header / 2);
    const run = isPacked ? 8 * groups : groups;
    if (run > count - seen + runSlack) throw new Error(`a run of ${run} values, where ${count - seen} are left`);
    at += isPacked ? groups * width : (width + 7) >> 3;
    seen += run;
  }
}
