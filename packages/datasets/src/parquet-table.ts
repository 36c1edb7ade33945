import { open } from 'node:fs/promises';
import { InputError } from '@cxr-align/files';
import { parquetMetadataAsync, parquetReadObjects, parquetSchema, type AsyncBuffer } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { Table } from './table.js';

/** Opens a Parquet file as a table of texts: a null is a blank, true is 1, false is 0. @throws {InputError} if it is none. */
export async function openParquet(file: string): Promise<Pick<Table, 'header' | 'each'>> {
  const { header, metadata } = await reading(file, async (buffer) => {
    const metadata = await parquetMetadataAsync(buffer);
    return {
      header: parquetSchema(metadata).children.map(({ element }) => element.name),
      metadata,
    };
  });
  return {
    header,
    each: (onRow) =>
      reading(file, async (buffer) => {
        // A group is unpacked as a whole, however few of its rows are asked for.
        let rowStart = 0;
        for (const { num_rows: count } of metadata.row_groups) {
          const rowEnd = rowStart + Number(count);
          const rows = await parquetReadObjects({ file: buffer, metadata, rowStart, rowEnd, compressors });
          // As in a text file, the first row is line 2.
          let line = rowStart + 2;
          for (const row of rows)
            onRow(
              header.map((name) => cellText(row[name])),
              line++,
            );
          rowStart = rowEnd;
        }
      }),
  };
}

async function reading<T>(file: string, work: (buffer: AsyncBuffer) => Promise<T>): Promise<T> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`expected a table, got ${error.code ?? 'an error'}; check the path`, { file });
  });
  try {
    const { size: byteLength } = await handle.stat();
    return await work({
      byteLength,
      slice: async (start, end = byteLength) => {
        const bytes = new Uint8Array(end - start);
        await handle.read(bytes, 0, bytes.length, start);
        return bytes.buffer;
      },
    });
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`expected a Parquet file, got ${(error as Error).message}; write it again`, { file });
  } finally {
    await handle.close();
  }
}

function cellText(value: unknown): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object') return String(value);
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? Number(part) : part));
}
