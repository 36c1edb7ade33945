import { open, type FileHandle } from 'node:fs/promises';
import type { AsyncBuffer, FileMetaData, SchemaTree } from 'hyparquet';
import { faultReason } from './fault-reason.js';
import { InputError, unreadable } from './input-error.js';
import { regularFile } from './regular-file.js';

/** A column at the top of a Parquet file's schema. */
export interface ParquetColumn {
  name: string;
  /** Names of the fields within, of a struct. */
  fields: readonly string[];
}

/** Rows that are written, and read, together. */
export interface ParquetGroup {
  rowStart: number;
  rows: number;
  /** Bytes of each column when unpacked. */
  bytes: ReadonlyMap<string, number>;
}

/** A Parquet file, of which groups of rows are read. */
export interface Parquet {
  file: string;
  columns: readonly ParquetColumn[];
  /** What the program that wrote it noted: `huggingface`, `pandas`. */
  notes: ReadonlyMap<string, string>;
  groups: readonly ParquetGroup[];
  /**
   * Reads a group of rows as objects; a null stays null.
   *
   * @param options.columns those that are read; all unless given.
   * @param options.areBytes leaves columns of bytes that are not marked as texts as they are. Default false: they are texts.
   * @throws {InputError} if it is damaged: sizes and run lengths are checked before anything is decoded.
   */
  read: (
    group: number,
    options?: { columns?: readonly string[]; areBytes?: boolean },
  ) => Promise<Record<string, unknown>[]>;
  close: () => Promise<void>;
}

/** Opens a Parquet file: its schema is read, rows are read on request. @throws {InputError} if it is none. */
export async function openParquet(file: string): Promise<Parquet> {
  regularFile(file, 'a table');
  let handle: FileHandle;
  try {
    handle = await open(file);
  } catch (error) {
    throw unreadable(error, 'a table', file);
  }
  const close = (): Promise<void> => handle.close().catch(() => {});
  try {
    // Loaded here: most programs that use this package read no Parquet.
    const { checkMetadata, checkRowGroup } = await import('./parquet-limits.js');
    const { parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import('hyparquet');
    const { compressors } = await import('hyparquet-compressors');
    const buffer = await bufferOf(handle);
    const { metadata, columns, groups, notes } = await reading(file, async () => {
      const found = await parquetMetadataAsync(buffer);
      checkMetadata(found, buffer.byteLength);
      return {
        metadata: found,
        columns: columnsOf(parquetSchema(found)),
        groups: groupsOf(found),
        notes: notesOf(found),
      };
    });
    return {
      file,
      columns,
      notes,
      groups,
      read: (group, { columns: wanted, areBytes = false } = {}) =>
        reading(file, async () => {
          // A group is unpacked as a whole, however few of its rows are requested.
          await checkRowGroup(buffer, metadata, metadata.row_groups[group], wanted);
          const { rowStart, rows } = groups[group];
          return parquetReadObjects({
            file: buffer,
            metadata,
            rowStart,
            rowEnd: rowStart + rows,
            ...(wanted && { columns: [...wanted] }),
            utf8: !areBytes,
            compressors,
          });
        }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function columnsOf(schema: SchemaTree): ParquetColumn[] {
  return schema.children.map(({ element, children }) => ({
    name: element.name,
    fields: children.map((child) => child.element.name),
  }));
}

function notesOf({ key_value_metadata: notes }: FileMetaData): Map<string, string> {
  return new Map((notes ?? []).map(({ key, value }) => [key, value ?? '']));
}

function groupsOf(metadata: FileMetaData): ParquetGroup[] {
  let rowStart = 0;
  return metadata.row_groups.map(({ num_rows: count, columns }) => {
    const bytes = new Map<string, number>();
    for (const { meta_data: column } of columns) {
      const name = column?.path_in_schema[0] ?? '';
      bytes.set(name, (bytes.get(name) ?? 0) + Number(column?.total_uncompressed_size ?? 0));
    }
    const group = { rowStart, rows: Number(count), bytes };
    rowStart += group.rows;
    return group;
  });
}

async function bufferOf(handle: FileHandle): Promise<AsyncBuffer> {
  const { size: byteLength } = await handle.stat();
  return {
    byteLength,
    slice: async (start, end = byteLength) => {
      if (!(start >= 0 && end >= start && end <= byteLength))
        throw new Error(`bytes ${start} to ${end} of a file of ${byteLength}`);
      const bytes = new Uint8Array(end - start);
      await handle.read(bytes, 0, bytes.length, start);
      return bytes.buffer;
    },
  };
}

async function reading<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`expected a Parquet file, got ${faultReason(error)}; write it again`, { file });
  }
}
