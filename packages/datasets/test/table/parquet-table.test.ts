import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { itWithShared } from '@cxr-align/testkit';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { openTable, readParquetRows } from '../../src/index.js';
import { folderWith } from '../temporary.js';

const rows = 2000;
const bytes = new Uint8Array(
  parquetWriteBuffer({
    columnData: [
      { name: 'image', data: Array.from({ length: rows }, (_, i) => `${i}.png`), type: 'STRING' },
      { name: 'sex', data: Array.from({ length: rows }, (_, i) => (i % 3 ? 'F' : 'M')), type: 'STRING' },
      { name: 'A', data: Array.from({ length: rows }, (_, i) => (i % 7 ? 0 : null)), type: 'INT32', nullable: true },
      { name: 'B', data: Array.from({ length: rows }, (_, i) => i % 2 === 0), type: 'BOOLEAN' },
    ],
    rowGroupSize: 700,
  }),
);
const readAll = async (content: Uint8Array): Promise<string[][]> => {
  const table = await openTable(join(folderWith({ 'a.parquet': content }), 'a.parquet'));
  const found: string[][] = [];
  await table.each((cells) => found.push(cells));
  return found;
};

describe('openTable(file) on Parquet', () => {
  it('reads groups of rows, dictionaries, blanks and booleans', async () => {
    const found = await readAll(bytes);
    expect(found).toHaveLength(rows);
    expect(found[7]).toEqual(['7.png', 'F', '', '0']);
    expect(found[1500]).toEqual(['1500.png', 'M', '0', '1']);
  });
  it('ends for any changed byte: with rows, or with an input error', async () => {
    let refused = 0;
    for (let at = 4; at < bytes.length; at += 61) {
      const changed = Uint8Array.from(bytes);
      changed[at] ^= 0xff;
      const started = Date.now();
      const result = await readAll(changed).catch((error: unknown) => error);
      if (!Array.isArray(result)) {
        refused++;
        expect(result).toBeInstanceOf(InputError);
      }
      expect(Date.now() - started).toBeLessThan(5000);
    }
    expect(refused).toBeGreaterThan(20);
  });
});

describe('readParquetRows(file)', () => {
  it('keeps nulls', async () => {
    const file = join(folderWith({ 'a.parquet': bytes }), 'a.parquet');
    expect((await readParquetRows(file))[7]).toEqual({ image: '7.png', sex: 'F', A: null, B: false });
  });
  itWithShared('cases/r06-parquet-hang/predictions.parquet', 'refuses a damaged file at once', async (path) => {
    expect(readFileSync(path)).toHaveLength(6154);
    const started = Date.now();
    await expect(readParquetRows(path)).rejects.toThrow(
      /predictions.parquet: expected a Parquet file, got .*; write it again/,
    );
    expect(Date.now() - started).toBeLessThan(5000);
  });
});
