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
  it('widens 64-bit integers and float16', () => {
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
    [
      'texts',
      file(header('<U1', '1,'), [97, 0, 0, 0]),
      "expected float or whole numbers, got text; save with astype('float32')",
    ],
    [
      'complex numbers',
      file(header('<c8', '1,'), new Array<number>(8).fill(0)),
      "got type c8; save with astype('float32')",
    ],
    ['a second array behind the first', file(header('|u1', '2,'), [1, 2, 3]), 'got 1 bytes more'],
    [
      'an identifier that float64 would round',
      file(header('<i8', '1,'), [1, 0, 0, 0, 0, 0, 32, 0]),
      'expected 64-bit integers within ±2^53, got 9007199254740993',
    ],
    ['a shape beyond all memory', file(header('<f4', '99999999999, 99999999999'), [0]), 'cut short'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readNpy(bytes, 'x.npy')).toThrow(InputError);
    expect(() => readNpy(bytes, 'x.npy')).toThrow(message);
  });
});

describe('writeNpy({ shape, data })', () => {
  it('refuses what is no typed array of a known type, and a shape of another size', () => {
    const data = [1, 2] as unknown as Float32Array;
    expect(() => writeNpy({ shape: [2], data })).toThrow(TypeError);
    expect(() => writeNpy({ shape: [2], data: new BigInt64Array(2) as unknown as Float32Array })).toThrow(
      'got BigInt64Array',
    );
    expect(() => writeNpy({ shape: [3], data: new Float32Array(2) })).toThrow(
      'expected 3 numbers for shape [3], got 2',
    );
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
