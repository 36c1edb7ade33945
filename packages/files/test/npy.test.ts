import fc from 'fast-check';
import { fromFloat16, InputError, readNpy, toFloat16, writeNpy } from '../src/index.js';

/** A version 1.0 file with the given header text and data bytes. */
const file = (header: string, data: ArrayLike<number>): Uint8Array => {
  const text = new TextEncoder().encode(`${header}\n`);
  return Uint8Array.from([
    0x93,
    ...new TextEncoder().encode('NUMPY'),
    1,
    0,
    text.length,
    0,
    ...text,
    ...Array.from(data),
  ]);
};
const header = (descr: string, shape: string, fortran = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${shape}), }`;

describe('readNpy(bytes)', () => {
  it('reads back what writeNpy wrote', () => {
    const array = { shape: [2, 3], data: Float32Array.of(1, -2, 0.5, NaN, Infinity, 6) };
    expect(readNpy(writeNpy(array))).toEqual(array);
    const row = { shape: [3], data: Int16Array.of(-1, 0, 7) };
    expect(readNpy(writeNpy(row))).toEqual(row);
    expect(writeNpy(row).length % 2).toBe(0);
  });
  it('puts column-major arrays in row-major order', () => {
    const bytes = file(header('|u1', '2, 3', 'True'), [1, 4, 2, 5, 3, 6]);
    expect(readNpy(bytes)).toEqual({ shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  });
  it('widens 64-bit whole numbers and float16', () => {
    expect(readNpy(file(header('<i8', '1,'), [254, 255, 255, 255, 255, 255, 255, 255])).data).toEqual(
      Float64Array.of(-2),
    );
    expect(readNpy(file(header('<f2', '2,'), [0x00, 0x3c, 0x00, 0xc0])).data).toEqual(Float32Array.of(1, -2));
  });
  it.each([
    ['an empty file', new Uint8Array(0), 'got an empty file'],
    ['text', new TextEncoder().encode('label,score\n1,2\n'), 'got something else'],
    ['a cut file', writeNpy({ shape: [4], data: new Float32Array(4) }).subarray(0, 130), 'cut short'],
    ['big-endian numbers', file(header('>f4', '1,'), [0, 0, 0, 0]), 'big-endian'],
    ['Python objects', file(header('|O8', '1,'), [0, 0, 0, 0, 0, 0, 0, 0]), 'plain number type'],
    ['a shape beyond all memory', file(header('<f4', '99999999999, 99999999999'), [0]), 'cut short'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readNpy(bytes, 'x.npy')).toThrow(InputError);
    expect(() => readNpy(bytes, 'x.npy')).toThrow(message);
  });
});

describe('toFloat16(value)', () => {
  it('keeps every half-precision number', () => {
    for (let word = 0; word < 65536; word++) {
      const value = fromFloat16(word);
      if (!Number.isNaN(value)) expect(toFloat16(value)).toBe(word);
    }
  });
  it('is nearest: no other half is closer', () => {
    fc.assert(
      fc.property(fc.double({ min: -70000, max: 70000, noNaN: true }), (number) => {
        const value = Math.fround(number);
        const word = toFloat16(value);
        const error = Math.abs(fromFloat16(word) - value);
        for (const neighbour of [word - 1, word + 1]) {
          if (Number.isFinite(fromFloat16(neighbour & 0xffff)) && Number.isFinite(error)) {
            expect(Math.abs(fromFloat16(neighbour & 0xffff) - value)).toBeGreaterThanOrEqual(error);
          }
        }
      }),
    );
  });
});
