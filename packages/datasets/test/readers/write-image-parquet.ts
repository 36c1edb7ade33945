import { parquetWriteBuffer } from 'hyparquet-writer';

/** Columns beside the images; classes as the `datasets` library notes them. */
export interface ImageParquet {
  images: ({ bytes?: Uint8Array; path?: string } | null)[];
  columns?: { name: string; data: unknown[]; type?: 'INT32' | 'STRING' | 'BOOLEAN' }[];
  features?: Record<string, unknown>;
  /** Rows of a group. */
  rowGroupSize?: number;
}

/** A Parquet file with images, as the `datasets` library writes it. */
export function imageParquet({ images, columns = [], features, rowGroupSize }: ImageParquet): Uint8Array {
  const isList = (data: unknown[]): boolean => data.some(Array.isArray);
  const physical = {
    INT32: { type: 'INT32' },
    STRING: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
    BOOLEAN: { type: 'BOOLEAN' },
  };
  return new Uint8Array(
    parquetWriteBuffer({
      schema: [
        { name: 'root', num_children: 1 + columns.length },
        { name: 'image', num_children: 2, repetition_type: 'OPTIONAL' },
        { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
        { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
        ...columns.flatMap(({ name, data, type = 'INT32' }) =>
          isList(data)
            ? [
                { name, repetition_type: 'OPTIONAL', converted_type: 'LIST', num_children: 1 },
                { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
                { name: 'element', repetition_type: 'OPTIONAL', ...physical[type] },
              ]
            : [{ name, repetition_type: 'OPTIONAL', ...physical[type] }],
        ),
      ] as Parameters<typeof parquetWriteBuffer>[0]['schema'],
      columnData: [{ name: 'image', data: images }, ...columns.map(({ name, data }) => ({ name, data }))],
      rowGroupSize,
      kvMetadata: features && [{ key: 'huggingface', value: JSON.stringify({ info: { features } }) }],
    }),
  );
}
