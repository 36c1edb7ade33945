import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { InputError, readSafetensors, readSafetensorsHeader, writeSafetensors } from '../src/index.js';

const tensors = new Map([
  ['w', { shape: [2, 2], data: Float32Array.of(1, 2.5, -3, 4) }],
  ['step', { shape: [], data: Int32Array.of(7) }],
]);

/** A file with a header of any kind, and so many bytes of data. */
const fileOf = (header: unknown, size: number): Uint8Array => {
  const head = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + head.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(head.length), true);
  bytes.set(head, 8);
  return bytes;
};
const entry = (begin: number, end: number) => ({
  dtype: 'F32',
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
});

describe('readSafetensors(bytes)', () => {
  it('reads back what writeSafetensors wrote, metadata too', () => {
    const { tensors: read, metadata } = readSafetensors(writeSafetensors(tensors, { metadata: { epoch: '3' } }));
    expect(read).toEqual(tensors);
    expect(metadata).toEqual({ epoch: '3' });
  });
  it('reads halves that were written as float16', () => {
    const bytes = writeSafetensors(tensors, { halves: new Set(['w']) });
    expect(readSafetensors(bytes).tensors).toEqual(tensors);
  });
  it('refuses cut and damaged files', () => {
    const bytes = writeSafetensors(tensors);
    expect(() => readSafetensors(bytes.subarray(0, 4))).toThrow('fewer than 8 bytes');
    expect(() => readSafetensors(bytes.subarray(0, 30))).toThrow('cut one');
    expect(() => readSafetensors(bytes.subarray(0, bytes.length - 1), 'm.safetensors')).toThrow('m.safetensors: ');
    expect(() => readSafetensors(Uint8Array.from([...bytes, 0]))).toThrow('cover the data exactly');
    const huge = bytes.slice();
    huge.fill(255, 0, 8);
    expect(() => readSafetensors(huge)).toThrow('cut one');
  });
  it('keeps tensors whatever their names, and changes no prototype', () => {
    const odd = new Map(
      ['__proto__', 'constructor', '2', '1', ''].map((name, i) => [name, { shape: [1], data: Float32Array.of(i) }]),
    );
    const { tensors: read } = readSafetensors(writeSafetensors(odd));
    expect(new Map([...read].sort())).toEqual(new Map([...odd].sort()));
    const types = { w: { dtype: 'constructor', shape: [], data_offsets: [0, 0] } };
    expect(() => readSafetensors(fileOf(types, 0))).toThrow('w has type constructor');
  });
  it.each([
    ['null', null, 0, 'expected a JSON object'],
    ['a list', [], 0, 'expected a JSON object'],
    ['an entry that is null', { w: null }, 0, 'expected w to have dtype, shape and two data_offsets'],
    ['an entry without a shape', { w: { dtype: 'F32', data_offsets: [0, 4] } }, 4, 'expected w to have dtype, shape'],
    ['negative extents', { w: { dtype: 'F32', shape: [-1, -1], data_offsets: [0, 4] } }, 4, 'expected w to have'],
    ['metadata that are no texts', { __metadata__: { epoch: 3 } }, 0, 'expected texts in __metadata__'],
    [
      'tensors that overlap and leave a gap',
      { a: entry(0, 8), b: entry(4, 12), c: entry(16, 20) },
      20,
      'cover the data',
    ],
    ['tensors that overlap at the end', { a: entry(0, 8), b: entry(4, 8) }, 8, 'cover the data'],
  ])('refuses a header with %s', (_, header, size, message) => {
    expect(() => readSafetensors(fileOf(header, size))).toThrow(InputError);
    expect(() => readSafetensors(fileOf(header, size))).toThrow(message);
  });
  it('names a file that is missing', () => {
    expect(() => readSafetensorsHeader(join(tmpdir(), 'none.safetensors'))).toThrow(
      'none.safetensors: expected a safetensors file, got no such file; check the path',
    );
  });
  it('refuses to write a reserved name, and halves that are not there', () => {
    expect(() => writeSafetensors(new Map([['__metadata__', { shape: [], data: Float32Array.of(1) }]]))).toThrow(
      'expected another name than __metadata__',
    );
    expect(() => writeSafetensors(tensors, { halves: new Set(['v']) })).toThrow(
      'expected halves to name tensors, got v',
    );
  });
  it('refuses to write a tensor whose shape does not fit', () => {
    expect(() => writeSafetensors(new Map([['w', { shape: [3], data: new Float32Array(2) }]]))).toThrow(
      'expected 3 numbers in w',
    );
  });
});
