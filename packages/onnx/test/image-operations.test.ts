import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeBackends, describeWithOnnx, expectClose, expectGradient, operationsModel } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { OnnxInterpreter, OnnxModel } from '../src/index.js';

type Model = Parameters<typeof operationsModel>[0];
type Nodes = Model['nodes'];

/** Numbers between −0.8 and 0.8, no two alike. */
const numbers = (count: number, seed = 0): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => 0.8 * Math.sin(12.9898 * (i + 1) + seed));

const float = (shape: number[], seed = 1, of = (value: number): number => value) => ({
  shape,
  type: 1,
  bytes: new Uint8Array(
    numbers(
      shape.reduce((size, extent) => size * extent, 1),
      seed,
    ).map(of).buffer,
  ),
});

const image = [2, 4, 7, 6];
interface Case {
  shape?: number[];
  nodes: Nodes;
  weights?: Model['weights'];
  lists?: Model['lists'];
  opset?: number;
}
const convolved = (weight: number[], attributes: Nodes[number][3], bias = true): Case => ({
  weights: { w: float(weight), ...(bias && { b: float([weight[0]], 2) }) },
  nodes: [['Conv', ['x', 'w', ...(bias ? ['b'] : [])], 'y', attributes]],
});
const pooled = (operation: string, attributes: Nodes[number][3]): Case => ({
  nodes: [[operation, ['x'], 'y', { kernel_shape: [3, 3], strides: [2, 2], ...attributes }]],
});
const positive = (value: number): number => Math.abs(value) + 0.5;

const cases: Record<string, Case> = {
  'Conv of one pixel': convolved([5, 4, 1, 1], {}),
  'Conv of one pixel, every second': convolved([5, 4, 1, 1], { strides: [2, 2] }),
  'Conv without bias': convolved([5, 4, 3, 3], {}, false),
  'Conv with even padding': convolved([5, 4, 3, 3], { pads: [1, 1, 1, 1] }),
  'Conv with even padding, every second': convolved([5, 4, 3, 3], { pads: [1, 1, 1, 1], strides: [2, 2] }),
  'Conv with more padding at the end': convolved([5, 4, 3, 3], { pads: [0, 0, 1, 1], strides: [2, 2] }),
  'Conv of 5 × 3 pixels': convolved([5, 4, 5, 3], { pads: [2, 0, 1, 3] }),
  'Conv padded as SAME_UPPER': convolved([5, 4, 3, 3], { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
  'Conv padded as SAME_LOWER': convolved([5, 4, 2, 2], { auto_pad: 'SAME_LOWER', strides: [2, 2] }),
  'Conv of each channel': convolved([4, 1, 3, 3], { group: 4, pads: [1, 1, 1, 1] }),
  'Conv of each channel to two': convolved([8, 1, 3, 3], { group: 4, pads: [1, 0, 1, 1], strides: [2, 2] }),
  'Conv of one pixel of each channel': convolved([4, 1, 1, 1], { group: 4 }),
  'Conv in two groups': convolved([6, 2, 3, 3], { group: 2, pads: [1, 1, 1, 1] }),
  'Conv with dilation': convolved([5, 4, 3, 3], { dilations: [2, 2], pads: [2, 2, 2, 2] }),
  MaxPool: pooled('MaxPool', {}),
  'MaxPool with padding': pooled('MaxPool', { pads: [1, 1, 1, 1] }),
  'MaxPool to the end': pooled('MaxPool', { ceil_mode: 1, strides: [3, 2] }),
  'MaxPool to the end, with padding': pooled('MaxPool', { ceil_mode: 1, pads: [1, 1, 1, 1] }),
  AveragePool: pooled('AveragePool', {}),
  'AveragePool with padding': pooled('AveragePool', { pads: [1, 1, 1, 1] }),
  'AveragePool with as much padding': pooled('AveragePool', { pads: [1, 1, 1, 1], strides: [1, 1] }),
  'AveragePool over its padding': pooled('AveragePool', { pads: [1, 1, 1, 1], count_include_pad: 1 }),
  'AveragePool over as much padding': pooled('AveragePool', {
    pads: [1, 1, 1, 1],
    strides: [1, 1],
    count_include_pad: 1,
  }),
  GlobalAveragePool: { nodes: [['GlobalAveragePool', ['x'], 'y']] },
  GlobalMaxPool: { nodes: [['GlobalMaxPool', ['x'], 'y']] },
  BatchNormalization: {
    weights: { g: float([4]), b: float([4], 2), m: float([4], 3), v: float([4], 4, positive) },
    nodes: [['BatchNormalization', ['x', 'g', 'b', 'm', 'v'], 'y', { epsilon: { float: 0.01 } }]],
  },
  'BatchNormalization of vectors': {
    shape: [3, 4],
    weights: { g: float([4]), b: float([4], 2), m: float([4], 3), v: float([4], 4, positive) },
    nodes: [['BatchNormalization', ['x', 'g', 'b', 'm', 'v'], 'y']],
  },
  'BatchNormalization of rows': {
    shape: [3, 4, 5],
    weights: { g: float([4]), b: float([4], 2), m: float([4], 3), v: float([4], 4, positive) },
    nodes: [['BatchNormalization', ['x', 'g', 'b', 'm', 'v'], 'y']],
  },
  InstanceNormalization: {
    weights: { g: float([4]), b: float([4], 2) },
    nodes: [['InstanceNormalization', ['x', 'g', 'b'], 'y']],
  },
  'Pad an image after a Conv': {
    ...convolved([5, 4, 1, 1], {}),
    lists: { to: [0, 0, 1, 2, 0, 1, 0, 3] },
    nodes: [
      ['Conv', ['x', 'w', 'b'], 'c'],
      ['Pad', ['c', 'to'], 'y'],
    ],
  },
  'Pad what is no image': { shape: [2, 3], lists: { to: [0, 1, 1, 0] }, nodes: [['Pad', ['x', 'to'], 'y']] },
  'activations after a Conv': {
    weights: { w: float([4, 4, 1, 1]), s: float([4, 1, 1], 5), one: float([], 6) },
    nodes: [
      ['Conv', ['x', 'w'], 'c'],
      ['HardSigmoid', ['c'], 'h', { alpha: { float: 1 / 6 } }],
      ['HardSwish', ['h'], 'i'],
      ['LeakyRelu', ['c'], 'l', { alpha: { float: 0.2 } }],
      ['Elu', ['l'], 'e', { alpha: { float: 0.7 } }],
      ['PRelu', ['e', 's'], 'p'],
      ['Softplus', ['p'], 'q'],
      ['Add', ['q', 'one'], 'r'],
      ['Mul', ['i', 'r'], 'y'],
    ],
  },
  'Clip after a Conv': {
    weights: { w: float([4, 4, 1, 1]) },
    nodes: [
      ['Conv', ['x', 'w'], 'c'],
      ['Constant', [], 'low', { value_float: { float: -0.2 } }],
      ['Constant', [], 'high', { value_float: { float: 0.3 } }],
      ['Clip', ['c', 'low', 'high'], 'y'],
    ],
  },
  'a gate of the channels, and a shortcut': {
    weights: { w: float([4, 4, 3, 3]), v: float([4, 4, 1, 1], 2) },
    nodes: [
      ['Conv', ['x', 'w'], 'c', { pads: [1, 1, 1, 1] }],
      ['GlobalAveragePool', ['c'], 'm'],
      ['Conv', ['m', 'v'], 'n'],
      ['Sigmoid', ['n'], 'gate'],
      ['Mul', ['c', 'gate'], 'gated'],
      ['Add', ['gated', 'x'], 'y'],
    ],
  },
  'a gate of the channels by means over two axes': {
    weights: { w: float([4, 4, 1, 1]) },
    nodes: [
      ['Conv', ['x', 'w'], 'c'],
      ['ReduceMean', ['c'], 'm', { axes: [2, 3], keepdims: 1 }],
      ['Sub', ['c', 'm'], 'y'],
    ],
  },
  'means over all pixels': {
    weights: { w: float([4, 4, 1, 1]) },
    nodes: [
      ['Conv', ['x', 'w'], 'c'],
      ['ReduceMean', ['c'], 'y', { axes: [-1, 2], keepdims: 0 }],
    ],
  },
  'means over the channels': {
    weights: { w: float([4, 4, 1, 1]) },
    nodes: [
      ['Conv', ['x', 'w'], 'c'],
      ['ReduceMean', ['c'], 'm', { axes: [1], keepdims: 1 }],
      ['Add', ['x', 'm'], 'y'],
    ],
  },
  'Concat of channels': {
    weights: { w: float([3, 4, 1, 1]) },
    nodes: [
      ['Conv', ['x', 'w'], 'c'],
      ['Concat', ['c', 'x'], 'y', { axis: 1 }],
    ],
  },
  'tokens of an image': {
    weights: { w: float([8, 4, 2, 2]), g: float([8]), b: float([8], 2) },
    lists: { to: [0, 8, -1] },
    nodes: [
      ['Conv', ['x', 'w'], 'c', { strides: [2, 2] }],
      ['Reshape', ['c', 'to'], 'list'],
      ['Transpose', ['list'], 'tokens', { perm: [0, 2, 1] }],
      ['LayerNormalization', ['tokens', 'g', 'b'], 'y'],
    ],
  },
  'a norm over the channels, which are put last for it': {
    weights: { w: float([4, 4, 1, 1]), g: float([4]), b: float([4], 2), v: float([5, 4, 1, 1], 3) },
    nodes: [
      ['Conv', ['x', 'w'], 'c'],
      ['Transpose', ['c'], 'last', { perm: [0, 2, 3, 1] }],
      ['LayerNormalization', ['last', 'g', 'b'], 'n'],
      ['Transpose', ['n'], 'first', { perm: [0, 3, 1, 2] }],
      ['Conv', ['first', 'v'], 'y'],
    ],
  },
};

async function opened({
  shape = image,
  nodes,
  ...rest
}: Case): Promise<{ folder: string; graph: OnnxInterpreter; shape: number[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'image-graph-'));
  writeFileSync(join(folder, 'model.onnx'), operationsModel({ inputs: { x: { rank: shape.length } }, nodes, ...rest }));
  return { folder, shape, graph: await OnnxInterpreter.read(join(folder, 'model.onnx')) };
}

describeBackends('OnnxInterpreter on images', () => {
  describeWithOnnx('against ONNX Runtime', () => {
    it.each(Object.keys(cases))('%s', async (name) => {
      const { folder, graph, shape } = await opened(cases[name]);
      const values = numbers(
        shape.reduce((size, extent) => size * extent, 1),
        7,
      );
      const model = await OnnxModel.open(folder, ['model.onnx']);
      const { y: expected } = await model.run({ x: { values, shape } });
      await model.dispose();
      const x = tf.tensor(values, shape);
      const before = tf.memory().numTensors;
      const [y] = graph.run({ x }, ['y']);
      expect(tf.memory().numTensors).toBe(before + 1);
      expect(y.shape).toEqual([...expected.dims]);
      expectClose(y, Array.from(expected.data as Float32Array), 2e-5);
      tf.dispose([x, y]);
      graph.dispose();
    });
  });

  it('differentiates a small network in its image and in weights that are given instead of its own', async () => {
    const { graph } = await opened({
      weights: {
        w: float([2, 2, 3, 3]),
        b: float([2], 2),
        g: float([2], 3),
        o: float([2], 4),
        m: float([2], 5),
        v: float([2], 6, positive),
      },
      nodes: [
        ['Conv', ['x', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }],
        ['BatchNormalization', ['c', 'g', 'o', 'm', 'v'], 'n'],
        ['Sigmoid', ['n'], 's'],
        ['Add', ['s', 'x'], 'a'],
        ['GlobalAveragePool', ['a'], 'p'],
        ['Flatten', ['p'], 'f'],
        ['Tanh', ['f'], 'y'],
      ],
    });
    const x = tf.tensor(numbers(2 * 2 * 3 * 3, 3), [2, 2, 3, 3]);
    expectGradient((image) => graph.run({ x: image }, ['y'])[0], x.arraySync() as never);
    const w = graph.constant('w')!.arraySync() as never;
    expectGradient((weight) => graph.run({ x, w: weight }, ['y'])[0], w);
    expectGradient((gamma) => graph.run({ x, g: gamma }, ['y'])[0], [0.4, -0.3]);
    graph.dispose();
  });

  it('names what it cannot do', async () => {
    const run = async (one: Case): Promise<unknown> => {
      const { graph, shape } = await opened(one);
      return graph.run({ x: tf.ones(shape) }, ['y']);
    };
    await expect(run({ ...pooled('MaxPool', { dilations: [2, 2] }) })).rejects.toThrow(
      'onnx/MaxPool: expected a pooling without dilation, got [2,2]; export the model with others',
    );
    await expect(
      run({ lists: { to: [0, 0, 1, 1, 0, 0, 1, 1] }, nodes: [['Pad', ['x', 'to'], 'y', { mode: 'reflect' }]] }),
    ).rejects.toThrow('onnx/Pad: expected mode constant, got reflect; export the model with that one');
    await expect(
      run({ shape: [2, 4, 7], weights: { w: float([3, 4, 2]) }, nodes: [['Conv', ['x', 'w'], 'y']] }),
    ).rejects.toThrow(
      'onnx/Conv: expected an image [batch, channels, height, width], got [2,4,7]; export the model with such images',
    );
  });
});
