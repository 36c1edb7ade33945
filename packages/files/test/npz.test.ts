import { zipSync } from 'fflate';
import { readNpz, writeNpy } from '../src/index.js';

describe('readNpz(bytes)', () => {
  const bytes = zipSync({
    'images.npy': writeNpy({ shape: [2], data: Uint8Array.of(3, 4) }),
    'readme.txt': new Uint8Array(3),
  });
  it('reads the arrays by name and leaves out other files', () => {
    expect([...readNpz(bytes)]).toEqual([['images', { shape: [2], data: Uint8Array.of(3, 4) }]]);
  });
  it('refuses what is no archive, and one that unpacks to more than the limit', () => {
    expect(() => readNpz(Uint8Array.of(1, 2, 3), { file: 'x.npz' })).toThrow('x.npz: expected an .npz archive');
    expect(() => readNpz(bytes, { limitBytes: 10 })).toThrow('expected at most 10 bytes');
  });
});
