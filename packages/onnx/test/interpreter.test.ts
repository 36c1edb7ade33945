import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  describeBackends,
  describeWithOnnx,
  expectClose,
  expectGradient,
  itWithShared,
  operationsModel,
  tokenNumberModel,
} from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { OnnxModel, type OnnxInputs } from '../src/onnx-model.js';
import { OnnxInterpreter } from '../src/interpreter/interpreter.js';

type Model = Parameters<typeof operationsModel>[0];
type Case = Omit<Model, 'inputs'> & {
  inputs: Record<string, { shape: number[]; isWhole?: boolean; largest?: number }>;
};

function fileOf(content: Uint8Array): { folder: string; file: string } {
  const folder = mkdtempSync(join(tmpdir(), 'graph-'));
  const file = join(folder, 'model.onnx');
  writeFileSync(file, content);
  return { folder, file };
}

/** Numbers between 0.2 and 1.8, no two alike: sound for roots and logarithms. */
const numbers = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => 1 + 0.8 * Math.sin(12.9898 * (i + 1) + seed));
const x = { shape: [2, 3, 4] };
const one = (operation: string, attributes?: Model['nodes'][number][3], more: Partial<Case> = {}): Case => ({
  inputs: { x },
  nodes: [[operation, ['x', ...Object.keys(more.lists ?? {})], 'y', attributes]],
  ...more,
});
const two = (operation: string, b: number[] = [3, 1], a = x.shape): Case => ({
  inputs: { x: { shape: a }, b: { shape: b } },
  nodes: [[operation, ['x', 'b'], 'y']],
});
const compared = (operation: string): Case => ({
  inputs: { x, b: { shape: [4] } },
  nodes: [
    [operation, ['x', 'b'], 'c'],
    ['Where', ['c', 'x', 'b'], 'y'],
  ],
});

const cases: Record<string, Case> = {
  ...Object.fromEntries(
    ['Sqrt', 'Exp', 'Log', 'Neg', 'Abs', 'Sin', 'Cos', 'Reciprocal', 'Erf', 'Tanh', 'Sigmoid', 'Relu', 'Identity'].map(
      (name) => [name, one(name)],
    ),
  ),
  ...Object.fromEntries(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Min', 'Max'].map((name) => [name, two(name)])),
  ...Object.fromEntries(['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'].map((name) => [name, compared(name)])),
  Dropout: one('Dropout'),
  Gelu: one('Gelu', {}, { opset: 20 }),
  'Gelu by tanh': one('Gelu', { approximate: 'tanh' }, { opset: 20 }),
  Clip: {
    inputs: { x, low: { shape: [] }, high: { shape: [] } },
    nodes: [['Clip', ['x', 'low', 'high'], 'y']],
  },
  'Clip from above': { inputs: { x, high: { shape: [] } }, nodes: [['Clip', ['x', '', 'high'], 'y']] },
  Softmax: one('Softmax'),
  'Softmax along another axis': one('Softmax', { axis: 1 }),
  LogSoftmax: one('LogSoftmax', { axis: 0 }),
  LayerNormalization: {
    inputs: { x, scale: { shape: [4] }, shift: { shape: [4] } },
    nodes: [['LayerNormalization', ['x', 'scale', 'shift'], 'y', { epsilon: { float: 0.01 } }]],
  },
  'LayerNormalization over two axes': {
    inputs: { x, scale: { shape: [3, 4] } },
    nodes: [['LayerNormalization', ['x', 'scale'], 'y', { axis: 1 }]],
  },
  'MatMul with a matrix': two('MatMul', [4, 5]),
  'MatMul of many': two('MatMul', [2, 4, 5]),
  'MatMul of many with one': two('MatMul', [1, 2, 4, 5], [3, 1, 3, 4]),
  'MatMul from a vector': two('MatMul', [4, 5], [4]),
  'MatMul to a vector': two('MatMul', [4]),
  Gemm: {
    inputs: { x: { shape: [4, 2] }, b: { shape: [3, 4] }, c: { shape: [3] } },
    nodes: [['Gemm', ['x', 'b', 'c'], 'y', { transA: 1, transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } }]],
  },
  'And, Or, Not, Equal': {
    inputs: { x, b: { shape: [4] } },
    nodes: [
      ['Greater', ['x', 'b'], 'more'],
      ['Equal', ['x', 'b'], 'same'],
      ['Or', ['more', 'same'], 'either'],
      ['Not', ['either'], 'less'],
      ['And', ['either', 'less'], 'never'],
      ['Or', ['never', 'less'], 'said'],
      ['Cast', ['said'], 'y', { to: 1 }],
    ],
  },
  ...Object.fromEntries(
    ['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL2'].flatMap((name) => [
      [name, one(name, { axes: [1, -1], keepdims: 0 })],
      [`${name} over all`, one(name)],
    ]),
  ),
  ReduceSum: one('ReduceSum', { keepdims: 1 }, { lists: { axes: [-2] } }),
  'ReduceSum over none': one('ReduceSum', { noop_with_empty_axes: 1 }),
  'ReduceMean of opset 18': one('ReduceMean', {}, { lists: { axes: [0, 2] }, opset: 18 }),
  ArgMax: {
    inputs: { x },
    nodes: [
      ['ArgMax', ['x'], 'at', { axis: -1, keepdims: 0 }],
      ['Cast', ['at'], 'y', { to: 1 }],
    ],
  },
  CumSum: {
    inputs: { x },
    lists: { axes: [1] },
    nodes: [
      ['Squeeze', ['axes'], 'axis'],
      ['CumSum', ['x', 'axis'], 'y', { exclusive: 1, reverse: 1 }],
    ],
  },
  Reshape: one('Reshape', {}, { lists: { to: [0, -1, 2] } }),
  Flatten: one('Flatten', { axis: 2 }),
  Squeeze: { inputs: { x: { shape: [1, 3, 1] } }, lists: { axes: [-1] }, nodes: [['Squeeze', ['x', 'axes'], 'y']] },
  'Squeeze all': { inputs: { x: { shape: [1, 3, 1] } }, nodes: [['Squeeze', ['x'], 'y']] },
  Unsqueeze: one('Unsqueeze', {}, { lists: { axes: [0, -1] } }),
  Expand: { inputs: { x: { shape: [3, 1] } }, lists: { to: [2, 1, 4] }, nodes: [['Expand', ['x', 'to'], 'y']] },
  Transpose: one('Transpose', { perm: [2, 0, 1] }),
  'Transpose all': one('Transpose'),
  Concat: { inputs: { x, b: { shape: [2, 3, 1] } }, nodes: [['Concat', ['x', 'b'], 'y', { axis: -1 }]] },
  Split: {
    inputs: { x },
    lists: { sizes: [1, 3] },
    nodes: [
      ['Split', ['x', 'sizes'], ['a', 'b'], { axis: 2 }],
      ['Mul', ['a', 'b'], 'y'],
    ],
  },
  'Split evenly': {
    inputs: { x },
    nodes: [
      ['Split', ['x'], ['a', 'b'], { axis: -1 }],
      ['Sub', ['a', 'b'], 'y'],
    ],
  },
  Slice: one('Slice', {}, { lists: { starts: [1, -3], ends: [2 ** 40, 3], axes: [1, -1] } }),
  'Slice by steps': one(
    'Slice',
    {},
    { lists: { starts: [0, 3], ends: [3, -(2 ** 40)], axes: [1, 2], steps: [2, -1] } },
  ),
  Gather: one('Gather', { axis: -1 }, { lists: { at: [1, -1, 0] } }),
  GatherElements: {
    inputs: { x, at: { shape: [2, 2, 4], isWhole: true, largest: 2 } },
    nodes: [['GatherElements', ['x', 'at'], 'y', { axis: 1 }]],
  },
  GatherND: {
    inputs: { x, at: { shape: [3, 2], isWhole: true, largest: 1 } },
    nodes: [['GatherND', ['x', 'at'], 'y']],
  },
  'GatherND by batch': {
    inputs: { x, at: { shape: [2, 5, 1], isWhole: true, largest: 2 } },
    nodes: [['GatherND', ['x', 'at'], 'y', { batch_dims: 1 }]],
  },
  Tile: one('Tile', {}, { lists: { times: [1, 2, 1] } }),
  IsNaN: {
    inputs: { x, b: { shape: [4] } },
    nodes: [
      ['Neg', ['b'], 'negative'],
      ['Sub', ['x', 'b'], 'some'],
      ['Sqrt', ['some'], 'root'],
      ['IsNaN', ['root'], 'none'],
      ['Where', ['none', 'negative', 'root'], 'y'],
    ],
  },
  'Shape, Gather, Range, ConstantOfShape': {
    inputs: { x },
    lists: { at: [2], zero: [0], step: [1] },
    nodes: [
      ['Shape', ['x'], 'shape'],
      ['Gather', ['shape', 'at'], 'extent'],
      ...(['zero', 'extent', 'step'] as const).map((name): Model['nodes'][number] => [
        'Squeeze',
        [name],
        `one ${name}`,
      ]),
      ['Range', ['one zero', 'one extent', 'one step'], 'range'],
      ['ConstantOfShape', ['shape'], 'zeros'],
      ['Cast', ['range'], 'places', { to: 1 }],
      ['Add', ['zeros', 'places'], 'counted'],
      ['Mul', ['x', 'counted'], 'y'],
    ],
  },
  'Div and Mod of whole numbers': {
    inputs: { x: { shape: [5], isWhole: true } },
    lists: { by: [3] },
    nodes: [
      ['Div', ['x', 'by'], 'quotient'],
      ['Mod', ['x', 'by'], 'rest'],
      ['Mul', ['quotient', 'rest'], 'both'],
      ['Cast', ['both'], 'y', { to: 1 }],
    ],
  },
  Trilu: one('Trilu'),
  'Trilu below': {
    inputs: { x },
    lists: { k: [1] },
    nodes: [
      ['Squeeze', ['k'], 'one'],
      ['Trilu', ['x', 'one'], 'y', { upper: 0 }],
    ],
  },
  'Constant and float16': {
    inputs: { x },
    weights: { half: { shape: [2], type: 10, bytes: Uint8Array.of(0x00, 0x3c, 0x00, 0xc1) } },
    nodes: [
      ['Constant', [], 'factor', { value_float: { float: 1.5 } }],
      ['Constant', [], 'at', { value_ints: [1] }],
      ['Cast', ['half'], 'wide', { to: 1 }],
      ['Gather', ['wide', 'at'], 'chosen'],
      ['Mul', ['x', 'factor'], 'scaled'],
      ['Add', ['scaled', 'chosen'], 'y'],
    ],
  },
};

function inputsOf({ inputs }: Case): OnnxInputs {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, isWhole, largest = Infinity }], seed) => {
      const count = shape.reduce((product, extent) => product * extent, 1);
      // A limit is low for `low`, high for all else.
      const values = numbers(count, seed).map((value) => (name === 'low' ? value / 2 : value));
      return [
        name,
        {
          shape,
          values: isWhole
            ? BigInt64Array.from({ length: count }, (_, i) => BigInt((3 * i + 2) % (largest + 1)))
            : values,
        },
      ];
    }),
  );
}

function tensorsOf(inputs: OnnxInputs): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { values, shape }]) => [
      name,
      values instanceof BigInt64Array
        ? tf.tensor(Int32Array.from(values, Number), shape, 'int32')
        : tf.tensor(values, shape),
    ]),
  );
}

describeBackends('OnnxInterpreter', () => {
  describeWithOnnx('against ONNX Runtime', () => {
    it.each(Object.keys(cases))('%s', async (name) => {
      const chosen = cases[name];
      const ranked = Object.entries(chosen.inputs).map(([input, { shape, isWhole }]) => [
        input,
        { rank: shape.length, isWhole },
      ]);
      const { folder, file } = fileOf(operationsModel({ ...chosen, inputs: Object.fromEntries(ranked) }));
      const inputs = inputsOf(chosen);
      const model = await OnnxModel.open(folder, ['model.onnx']);
      const { y: expected } = await model.run(inputs);
      await model.dispose();
      const graph = await OnnxInterpreter.read(file);
      const tensors = tensorsOf(inputs);
      const before = tf.memory().numTensors;
      const [y] = graph.run(tensors, ['y']);
      expect(tf.memory().numTensors).toBe(before + 1);
      expect(y.shape).toEqual([...expected.dims]);
      expectClose(y, Array.from(expected.data as Float32Array), 2e-5);
      tf.dispose([y, tensors]);
      graph.dispose();
    });
  });

  it('takes any intermediate value, and differentiates what follows', async () => {
    const { file } = fileOf(
      operationsModel({
        inputs: { ids: { rank: 1, isWhole: true } },
        weights: {
          table: { shape: [3, 2], type: 1, bytes: new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer) },
        },
        nodes: [
          ['Gather', ['table', 'ids'], 'vectors'],
          ['Erf', ['vectors'], 'curved'],
          ['Softmax', ['curved'], 'shares'],
          ['Log', ['shares'], 'y'],
        ],
      }),
    );
    const graph = await OnnxInterpreter.read(file);
    expect([graph.inputs, graph.outputs]).toEqual([['ids'], ['y']]);
    const ids = tf.tensor1d([2, 0], 'int32');
    expectClose(graph.run({ ids }, ['vectors'])[0], [4, 5, 0, 1]);
    expectClose(graph.run({}, ['table'])[0], [0, 1, 2, 3, 4, 5]);
    const weighted = (vectors: tf.Tensor): tf.Tensor =>
      tf.mul(graph.run({ vectors }, ['y'])[0], tf.tensor2d([1, 0, 0, 2], [2, 2]));
    expectGradient(weighted, [
      [0.3, -0.2],
      [0.1, 0.6],
    ]);
    expect(() => graph.run({}, ['y'])).toThrow('expected ids to be given or computed in');
    graph.dispose();
  });
  it('has no gradient through comparisons and casts to integers', async () => {
    const { file } = fileOf(
      operationsModel({
        inputs: { x: { rank: 2 }, b: { rank: 2 } },
        nodes: [
          ['Greater', ['x', 'b'], 'more'],
          ['IsNaN', ['x'], 'none'],
          ['ArgMax', ['x'], 'at', { axis: 1 }],
          ['Cast', ['at'], 'places', { to: 1 }],
          ['Cast', ['x'], 'whole', { to: 7 }],
          ['Cast', ['whole'], 'floor', { to: 1 }],
          ['Mul', ['x', 'x'], 'square'],
          ['Where', ['more', 'square', 'b'], 'chosen'],
          ['Where', ['none', 'b', 'chosen'], 'sound'],
          ['Add', ['sound', 'places'], 'placed'],
          ['Mul', ['placed', 'floor'], 'y'],
        ],
      }),
    );
    const graph = await OnnxInterpreter.read(file);
    const b = tf.tensor2d([1, 3, 1, 1], [2, 2]);
    const y = (x: tf.Tensor): tf.Tensor => graph.run({ x, b }, ['y'])[0];
    const x = tf.tensor2d([2.5, 1.5, 0.5, 3.5], [2, 2]);
    expectClose(tf.grad(y)(x), [2 * 2.5 * 2, 0, 0, 2 * 3.5 * 3]);
    graph.dispose();
  });
  it('names operations that it does not have, also one named as a method of every object', async () => {
    const strange = operationsModel({
      inputs: { x: { rank: 1 } },
      nodes: [
        ['Round', ['x'], 'w'],
        ['Round', ['w'], 'z'],
        ['Hardmax', ['z'], 'y'],
      ],
    });
    await expect(OnnxInterpreter.read(fileOf(strange).file)).rejects.toThrow(
      'expected operations that can be differentiated here, got Round (2), Hardmax (1) too; export the model with others',
    );
    const method = operationsModel({ inputs: { x: { rank: 1 } }, nodes: [['constructor', ['x'], 'y']] });
    await expect(OnnxInterpreter.read(fileOf(method).file)).rejects.toThrow('got constructor (1) too');
    expect((await OnnxInterpreter.read(fileOf(tokenNumberModel({ output: 'tokens' })).file)).outputs).toEqual([
      'last_hidden_state',
    ]);
  });
  itWithShared('models/all-minilm-l6-v2', 'agrees with ONNX Runtime on MiniLM', async (folder) => {
    const ids = [101, 20228, 2389, 1041, 4246, 14499, 102];
    const wide = (values: number[]) => ({ shape: [1, ids.length], values: BigInt64Array.from(values, BigInt) });
    const inputs = {
      input_ids: wide(ids),
      attention_mask: wide(ids.map(() => 1)),
      token_type_ids: wide(ids.map(() => 0)),
    };
    const model = await OnnxModel.open(folder, ['onnx/model.onnx']);
    const expected = await model.run(inputs);
    const graph = await OnnxInterpreter.read(join(folder, 'onnx/model.onnx'));
    const outputs = ['sentence_embedding', 'last_hidden_state'];
    const got = graph.run(tensorsOf(inputs), outputs);
    outputs.forEach((name, i) => expectClose(got[i], Array.from(expected[name].data as Float32Array), 2e-5));
    await model.dispose();
    graph.dispose();
  });
});
