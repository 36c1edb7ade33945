import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { InputError, openParquet } from '../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'parquet-'));

function written(name: string): string {
  const file = join(folder, name);
  const bytes = parquetWriteBuffer({
    schema: [
      { name: 'root', num_children: 2 },
      { name: 'image', num_children: 1, repetition_type: 'OPTIONAL' },
      { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
      { name: 'label', type: 'INT32', repetition_type: 'REQUIRED' },
    ],
    columnData: [
      { name: 'image', data: [65, 66, 67].map((byte) => ({ bytes: Uint8Array.of(byte) })) },
      { name: 'label', data: [1, 0, 1] },
    ],
    rowGroupSize: 2,
    kvMetadata: [{ key: 'huggingface', value: '{}' }],
  });
  writeFileSync(file, new Uint8Array(bytes));
  return file;
}

describe('openParquet(file)', () => {
  it('lists columns with their fields, notes, and groups of rows with the bytes of each column', async () => {
    const { columns, notes, groups, close } = await openParquet(written('three.parquet'));
    await close();
    expect(columns).toEqual([
      { name: 'image', fields: ['bytes'] },
      { name: 'label', fields: [] },
    ]);
    expect(notes.get('huggingface')).toBe('{}');
    expect(groups).toMatchObject([
      { rowStart: 0, rows: 2 },
      { rowStart: 2, rows: 1 },
    ]);
    expect(groups[0].bytes.get('image')).toBeGreaterThan(groups[1].bytes.get('image')!);
  });
  it('reads some columns of a group, bytes as bytes or as texts', async () => {
    const { read, close } = await openParquet(written('columns.parquet'));
    expect(await read(1)).toEqual([{ image: { bytes: 'C' }, label: 1 }]);
    expect(await read(0, { columns: ['label'] })).toEqual([{ label: 1 }, { label: 0 }]);
    const [row] = await read(1, { columns: ['image'], areBytes: true });
    expect(Array.from((row.image as { bytes: Uint8Array }).bytes)).toEqual([67]);
    await close();
  });
  it('refuses a file that is not there, and one of another kind', async () => {
    await expect(openParquet(join(folder, 'none.parquet'))).rejects.toThrow('expected a table, got no such file');
    const text = join(folder, 'text.parquet');
    writeFileSync(text, 'image,label\n');
    await expect(openParquet(text)).rejects.toThrow(InputError);
    await expect(openParquet(text)).rejects.toThrow('text.parquet: expected a Parquet file, got');
  });
});
