import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { readNpz, writeNpy } from '../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'npz-'));
const write = (name: string, bytes: Uint8Array): string => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};

describe('readNpz(file)', () => {
  const file = write(
    'good.npz',
    zipSync({ 'images.npy': writeNpy({ shape: [2], data: Uint8Array.of(3, 4) }), 'readme.txt': new Uint8Array(3) }),
  );
  it('reads the arrays by name and leaves out other files', async () => {
    expect([...(await readNpz(file))]).toEqual([['images', { shape: [2], data: Uint8Array.of(3, 4) }]]);
  });
  it('refuses one that unpacks to more than the limit', async () => {
    await expect(readNpz(file, { limitBytes: 10 })).rejects.toThrow('good.npz: expected at most 10 bytes');
  });
});
