import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { itWithShared } from '@cxr-align/testkit';
import { InputError, readNpy, readNpyIds, writeNpy } from '../src/index.js';

/** A version 1.0 file with the given type, shape and data bytes. */
const file = (descr: string, shape: string, data: Uint8Array): Uint8Array => {
  const text = Buffer.from(`{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }\n`);
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\0', 'latin1'), Buffer.of(text.length, 0), text, data]);
};
const int64 = (...values: bigint[]): Uint8Array => Buffer.from(BigInt64Array.from(values).buffer);
const utf32 = (width: number, ...texts: string[]): Uint8Array =>
  Buffer.from(
    Uint32Array.from(texts.flatMap((text) => Array.from({ length: width }, (_, i) => text.codePointAt(i) ?? 0))).buffer,
  );

describe('readNpyIds(bytes)', () => {
  it('reads 64-bit integers to the last digit, where readNpy refuses them', () => {
    const bytes = file('<i8', '2,', int64(9007199254740993n, -1n));
    expect(readNpyIds(bytes)).toEqual(['9007199254740993', '-1']);
    expect(() => readNpy(bytes)).toThrow('expected 64-bit integers within ±2^53, got 9007199254740993');
  });
  it('reads text of both kinds, in any script', () => {
    expect(readNpyIds(file('<U4', '3,', utf32(4, 'P1', 'käse', '肺炎')))).toEqual(['P1', 'käse', '肺炎']);
    expect(readNpyIds(file('|S3', '2, 1', Buffer.from('P1\0P22')))).toEqual(['P1', 'P22']);
  });
  it('reads whole numbers that are saved as floats, as long as they are exact', () => {
    expect(readNpyIds(writeNpy({ shape: [2], data: Float64Array.of(12, 2 ** 53) }))).toEqual([
      '12',
      '9007199254740992',
    ]);
    expect(readNpyIds(writeNpy({ shape: [2], data: Uint8Array.of(7, 8) }))).toEqual(['7', '8']);
  });
  it.each<[string, Uint8Array, string]>([
    [
      'a float32 that has lost digits',
      writeNpy({ shape: [1], data: Float32Array.of(50000001) }),
      'expected whole numbers that f4 holds exactly, got 50000000 at position 0',
    ],
    [
      'NaN',
      writeNpy({ shape: [2], data: Float64Array.of(1, NaN) }),
      'got NaN at position 1; save ids with astype(str)',
    ],
    ['a fraction', writeNpy({ shape: [1], data: Float64Array.of(1.5) }), 'got 1.5 at position 0'],
    [
      'Python objects',
      file('|O', '2,', Buffer.from('pickle')),
      'expected numbers or text, got Python objects; save with numpy.array(ids, dtype=str)',
    ],
    ['a matrix', writeNpy({ shape: [2, 2], data: Uint8Array.of(1, 2, 3, 4) }), 'expected ids of shape [n], got [2,2]'],
    ['a text that is cut short', file('<U4', '2,', utf32(4, 'P1')), 'the file is cut short'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readNpyIds(bytes)).toThrow(InputError);
    expect(() => readNpyIds(bytes)).toThrow(message);
  });
  itWithShared('cases/51c-npy-int64-big', 'tells 200 patients apart', (path) => {
    expect(new Set(readNpyIds(readFileSync(join(path, 'patients.npy')))).size).toBe(200);
  });
  itWithShared('cases/51b-npy-object-patients', 'says how to give ids that are Python objects', (path) => {
    expect(() => readNpyIds(readFileSync(join(path, 'patients.npy')))).toThrow('save with numpy.array(ids, dtype=str)');
  });
});
