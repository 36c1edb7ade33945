import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithOnnx, operationsModel } from '@cxr-align/testkit';
import { OnnxModel, readOnnxGraph, replaceWeights, writeOnnxModel, type WrittenModel } from '../src/index.js';

const model: WrittenModel = {
  name: 'scaled',
  inputs: [{ name: 'x', shape: ['batch', 3] }],
  outputs: [{ name: 'y', shape: ['batch', 3] }],
  nodes: [
    { operation: 'Mul', inputs: ['x', 'scale'], outputs: ['scaled'] },
    { operation: 'Reshape', inputs: ['scaled', 'shape'], outputs: ['same'], attributes: { allowzero: 0 } },
    { operation: 'LeakyRelu', inputs: ['same'], outputs: ['bent'], attributes: { alpha: { float: 0.5 } } },
    { operation: 'Transpose', inputs: ['bent'], outputs: ['turned'], attributes: { perm: [1, 0] } },
    { operation: 'Transpose', inputs: ['turned'], outputs: ['y'], attributes: { perm: [1, 0] } },
  ],
  constants: new Map([
    ['scale', { shape: [3], data: Float32Array.of(1, -2, 0.5) }],
    ['shape', { shape: [2], data: Int32Array.of(-1, 3) }],
  ]),
};

async function run(content: Uint8Array, values: number[]): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'written-'));
  writeFileSync(join(folder, 'model.onnx'), content);
  const opened = await OnnxModel.open(folder, ['model.onnx']);
  const { y } = await opened.run({ x: { values: Float32Array.from(values), shape: [values.length / 3, 3] } });
  await opened.dispose();
  return Array.from(y.data as Float32Array);
}

describe('writeOnnxModel(model)', () => {
  it('writes what is read again', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'written-')), 'model.onnx');
    writeFileSync(file, await writeOnnxModel(model));
    const graph = await readOnnxGraph(file);
    expect(graph.inputs).toEqual(['x']);
    expect(graph.outputs).toEqual(['y']);
    expect(graph.nodes.map(({ operation, inputs, outputs }) => ({ operation, inputs, outputs }))).toEqual(
      model.nodes.map(({ operation, inputs, outputs }) => ({ operation, inputs, outputs })),
    );
    expect({ ...graph.nodes[2].attributes }).toEqual({ alpha: 0.5 });
    expect({ ...graph.nodes[3].attributes }).toEqual({ perm: [1, 0] });
    expect(graph.constants.get('shape')).toEqual({ shape: [2], dtype: 'int32', data: Int32Array.of(-1, 3) });
    expect([...graph.storedTypes]).toEqual([
      ['scale', 'float32'],
      ['shape', 'int64'],
    ]);
  });
  describeWithOnnx('with ONNX Runtime', () => {
    it('writes what it runs', async () => {
      expect(await run(await writeOnnxModel(model), [1, 2, 3, -4, 5, 6])).toEqual([1, -2, 1.5, -2, -5, 3]);
    });
    it('replaces weights and leaves every other byte', async () => {
      const content = await writeOnnxModel(model);
      const scale = { shape: [3], data: Float32Array.of(2, 2, 2) };
      const replaced = await replaceWeights(content, new Map([['scale', scale]]));
      expect(await run(replaced, [1, 2, 3])).toEqual([2, 4, 6]);
      const back = await replaceWeights(replaced, new Map([['scale', model.constants.get('scale')!]]));
      expect(Buffer.compare(back, content)).toBe(0);
      await expect(replaceWeights(content, new Map([['other', scale]]))).rejects.toThrow(
        'expected a model with the weights other, got one without; use the file that they are of',
      );
    });
  });
  it('keeps fields that it does not know of as they are', async () => {
    const weights = { w: { shape: [1], type: 1, bytes: new Uint8Array(Float32Array.of(3).buffer) } };
    const content = operationsModel({ inputs: { x: { rank: 1 } }, weights, nodes: [['Mul', ['x', 'w'], 'y']] });
    // A varint, 64 bits, bytes and 32 bits at the end of ModelProto.
    const unknown = [0xa0, 6, 0x96, 1, 0xa9, 6, 1, 2, 3, 4, 5, 6, 7, 8, 0xb2, 6, 2, 9, 9, 0xbd, 6, 1, 2, 3, 4];
    const replaced = await replaceWeights(
      Uint8Array.from([...content, ...unknown]),
      new Map([['w', { shape: [1], data: Float32Array.of(5) }]]),
    );
    expect([...replaced.subarray(-unknown.length)]).toEqual(unknown);
    const file = join(mkdtempSync(join(tmpdir(), 'written-')), 'model.onnx');
    writeFileSync(file, replaced);
    expect((await readOnnxGraph(file)).constants.get('w')!.data).toEqual(Float32Array.of(5));
    expect(readFileSync(file).length).toBe(replaced.length);
  });
});
