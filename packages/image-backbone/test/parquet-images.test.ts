import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { decodeImage, encodePng, imageFileExists, loadImages, pixelFacts, readImage } from '../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'parquet-images-'));
const grey = (value: number): Promise<Uint8Array> => encodePng(new Uint8Array(16).fill(value), { width: 4, height: 4 });

async function write(name: string, images: ({ bytes: Uint8Array | null } | null)[]): Promise<string> {
  const file = join(folder, name);
  const bytes = parquetWriteBuffer({
    schema: [
      { name: 'root', num_children: 1 },
      { name: 'image', num_children: 1, repetition_type: 'OPTIONAL' },
      { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
    ],
    columnData: [{ name: 'image', data: images }],
    rowGroupSize: 2,
  });
  writeFileSync(file, new Uint8Array(bytes));
  return file;
}

describe('an image in a row of a Parquet file', () => {
  it('is read, decoded and described by its path, whatever group of rows it is in', async () => {
    const bytes = await Promise.all([10, 20, 30, 40, 50].map(grey));
    const file = await write(
      'five.parquet',
      bytes.map((one) => ({ bytes: one })),
    );
    const paths = bytes.map((_, row) => `${file}/image/${row}`);
    expect(Buffer.from(await readImage(paths[3])).equals(Buffer.from(bytes[3]))).toBe(true);
    expect(new Set(await decodeImage(paths[4], { size: 4, fit: 'stretch' }))).toEqual(new Set([50]));
    expect(await pixelFacts(paths[0])).toMatchObject({ width: 4, height: 4, bitsUsed: 8 });
    const { pixels, unreadable } = await loadImages([...paths].reverse(), { size: 4, fit: 'stretch' });
    expect(unreadable).toEqual([]);
    expect([0, 1, 2, 3, 4].map((i) => pixels[16 * i])).toEqual([50, 40, 30, 20, 10]);
  });
  it('is unreadable where the row or the column is not there, or has no bytes', async () => {
    const file = await write('none.parquet', [{ bytes: await grey(1) }, { bytes: null }, null]);
    const { unreadable, indices } = await loadImages(
      ['image/0', 'image/1', 'image/2', 'image/9', 'picture/0'].map((name) => `${file}/${name}`),
      { size: 4, fit: 'stretch' },
    );
    expect([...indices]).toEqual([0, -1, -1, -1, -1]);
    expect(unreadable.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('none.parquet, row 3: expected the bytes of an image in the column "image", got none'),
      expect.stringContaining('row 4: expected the bytes'),
      expect.stringContaining('of row 9, got no such row'),
      expect.stringContaining('in the column "picture" of row 0, got no such column'),
    ]);
  });
  it('is there if its file is', async () => {
    const file = await write('there.parquet', [{ bytes: await grey(1) }]);
    expect(imageFileExists(`${file}/image/0`)).toBe(true);
    expect(imageFileExists(join(folder, 'other.parquet/image/0'))).toBe(false);
    await expect(readImage(join(folder, 'other.parquet/image/0'))).rejects.toThrow('got no such file');
  });
});
