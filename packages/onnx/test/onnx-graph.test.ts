import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { operationsModel, tokenNumberModel } from '@cxr-align/testkit';
import { onnxDtype, readOnnxGraph, type OnnxGraph } from '../src/index.js';

type Model = Parameters<typeof operationsModel>[0];

function read(content: Uint8Array): Promise<OnnxGraph> {
  const file = join(mkdtempSync(join(tmpdir(), 'onnx-graph-')), 'model.onnx');
  writeFileSync(file, content);
  return readOnnxGraph(file);
}
/** A model with one weight w. */
const withWeight = (w: NonNullable<Model['weights']>[string]): Uint8Array =>
  operationsModel({ inputs: {}, weights: { w }, nodes: [['Identity', ['w'], 'y']] });

describe('readOnnxGraph(file)', () => {
  it('reads inputs, outputs, operations with their settings, and weights', async () => {
    const graph = await read(
      operationsModel({
        inputs: { x: { rank: 2 } },
        weights: { half: { shape: [2], type: 10, bytes: Uint8Array.of(0x00, 0x3c, 0x00, 0xc1) } },
        nodes: [['Gemm', ['x', '', 'half'], 'y', { transA: 1, alpha: { float: 0.5 }, axes: [1, -1] }]],
      }),
    );
    expect([graph.inputs, graph.outputs]).toEqual([['x'], ['y']]);
    expect(graph.nodes).toEqual([
      {
        operation: 'Gemm',
        inputs: ['x', '', 'half'],
        outputs: ['y'],
        attributes: { transA: 1, alpha: 0.5, axes: [1, -1] },
      },
    ]);
    expect(graph.constants).toEqual(
      new Map([['half', { shape: [2], dtype: 'float32', data: Float32Array.of(1, -2.5) }]]),
    );
    expect((await read(tokenNumberModel({ output: 'tokens' }))).outputs).toEqual(['last_hidden_state']);
  });
  it('keeps an attribute named __proto__ as one, and changes no prototype', async () => {
    const { nodes } = await read(
      operationsModel({ inputs: { x: { rank: 1 } }, nodes: [['Relu', ['x'], 'y', { ['__proto__']: 3 }]] }),
    );
    expect(Object.keys(nodes[0].attributes)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>).axis).toBeUndefined();
  });
  it.each([
    ['bytes that are none', Uint8Array.of(1, 2, 3), /expected an ONNX model, got .*; export it again/],
    ['an empty file', new Uint8Array(), 'got no operation in it'],
    [
      'too few numbers',
      withWeight({ shape: [3], type: 1, bytes: new Uint8Array(8) }),
      'expected 3 numbers of [3] in w, got 2',
    ],
    ['bfloat16', withWeight({ shape: [1], type: 16, bytes: new Uint8Array(2) }), "in w, got ONNX's type 16"],
  ])('refuses %s', async (_, content, message) => {
    await expect(read(content)).rejects.toThrow(message);
  });
});

describe('onnxDtype(type)', () => {
  it('is how numbers of a type are kept, and undefined for types that are not read', () => {
    expect([1, 10, 11, 7, 9, 16].map(onnxDtype)).toEqual(['float32', 'float32', 'float32', 'int32', 'bool', undefined]);
  });
});
