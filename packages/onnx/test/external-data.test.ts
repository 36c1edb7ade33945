import { copyFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { describeWithOnnx, itWithShared } from '@cxr-align/testkit';
import { externalDataFiles } from '../src/external-data.js';
import { OnnxModel } from '../src/index.js';

/** A message of protocol buffers: fields of bytes, text or other messages. */
const message = (...fields: [tag: number, value: Uint8Array | string][]): Buffer =>
  Buffer.concat(
    fields.map(([tag, value]) => {
      const bytes = Buffer.from(value);
      return Buffer.concat([varint((tag << 3) | 2), varint(bytes.length), bytes]);
    }),
  );
const varint = (value: number): Buffer =>
  Buffer.from(value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)]);
const tensorIn = (location: string): Buffer =>
  message([13, message([1, 'offset'], [2, '0'])], [13, message([1, 'location'], [2, location])]);
const fileOf = (model: Uint8Array): string => {
  const file = join(mkdtempSync(join(tmpdir(), 'external-')), 'model.onnx');
  writeFileSync(file, model);
  return file;
};

describe('externalDataFiles(file)', () => {
  it('finds every file, of weights, of constants and of graphs inside of graphs', async () => {
    const constant = (location: string): Buffer => message([5, message([5, tensorIn(location)])]);
    const inner = message([5, message([6, message([5, tensorIn('inner.bin')])])]);
    const graph = message([5, tensorIn('weights.bin')], [5, tensorIn('a/b.data')], [1, constant('c.bin')], [1, inner]);
    const file = fileOf(message([7, graph], [25, message([7, constant('f.bin')])]));
    const folder = join(file, '..');
    expect(await externalDataFiles(file)).toEqual(
      ['a/b.data', 'c.bin', 'f.bin', 'inner.bin', 'weights.bin'].map((name) => join(folder, name)),
    );
    expect(await externalDataFiles(fileOf(message([7, message([5, Buffer.alloc(0)])])))).toEqual([]);
  });
  it('refuses a path that leads out of the folder', async () => {
    const file = fileOf(message([7, message([5, tensorIn('../secret')])]));
    await expect(externalDataFiles(file)).rejects.toThrow(InputError);
    await expect(externalDataFiles(file)).rejects.toThrow('expected a path inside the data folder');
  });
  it('refuses bytes that are no model', async () => {
    await expect(externalDataFiles(fileOf(Buffer.from([58, 3, 255, 255, 255])))).rejects.toThrow(
      /model\.onnx: expected an ONNX model, got .*; export it again/,
    );
  });
});

describeWithOnnx('OnnxModel with external data', () => {
  itWithShared('cases/60i-external-a', 'has another hash for other weights under any name', async (folder) => {
    const hash = async (path: string): Promise<string> => (await OnnxModel.open(path, ['model.onnx'])).weightsHash;
    const other = folder.replace('60i-external-a', '60j-external-b');
    const copy = mkdtempSync(join(tmpdir(), 'external-'));
    for (const name of ['model.onnx', 'weights.bin']) copyFileSync(join(folder, name), join(copy, name));
    expect(await hash(copy)).toBe(await hash(folder));
    expect(await hash(other)).not.toBe(await hash(folder));
  });
});
