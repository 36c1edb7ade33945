import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Parameters } from '@cxr-align/nn';
import { readOnnxGraph, writeOnnxModel, type WrittenModel, type WrittenNode } from '@cxr-align/onnx';
import {
  averagePoolModel,
  describeBackends,
  describeWithOnnx,
  expectClose,
  itWithShared,
  numbersOf,
} from '@cxr-align/testkit';
import { valueAndGradients } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { OnnxImageEncoder, TunableEncoder, type TuneOptions } from '../../src/index.js';

const numbers = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => 0.6 * Math.sin(12.9898 * (i + 1) + seed));
const weight = (shape: number[], seed: number, of = (value: number): number => value) => ({
  shape,
  data: numbers(
    shape.reduce((size, extent) => size * extent, 1),
    seed,
  ).map(of),
});

const convolutional: WrittenNode[] = [
  {
    operation: 'Conv',
    inputs: ['pixel_values', 'w1', 'b1'],
    outputs: ['c1'],
    attributes: { pads: [1, 1, 1, 1], strides: [2, 2] },
  },
  { operation: 'BatchNormalization', inputs: ['c1', 'g', 'o', 'm', 'v'], outputs: ['n1'] },
  { operation: 'Relu', inputs: ['n1'], outputs: ['r1'] },
  { operation: 'Conv', inputs: ['r1', 'w2', 'b2'], outputs: ['c2'], attributes: { group: 2, pads: [1, 1, 1, 1] } },
  { operation: 'Add', inputs: ['c2', 'r1'], outputs: ['a2'] },
  { operation: 'Conv', inputs: ['a2', 'w3', 'b3'], outputs: ['feature_map'] },
  { operation: 'GlobalAveragePool', inputs: ['feature_map'], outputs: ['p'] },
  { operation: 'Flatten', inputs: ['p'], outputs: ['f'] },
  { operation: 'Gemm', inputs: ['f', 'w4', 'b4'], outputs: ['features'], attributes: { transB: 1 } },
];
const weights = {
  w1: weight([4, 3, 3, 3], 1),
  b1: weight([4], 2),
  g: weight([4], 3, (value) => value + 1),
  o: weight([4], 4),
  m: weight([4], 5),
  v: weight([4], 6, (value) => value + 1),
  w2: weight([4, 2, 3, 3], 7),
  b2: weight([4], 8),
  w3: weight([6, 4, 1, 1], 9),
  b3: weight([6], 10),
  w4: weight([5, 6], 11),
  b4: weight([5], 12),
};

async function folderOf(changes: Partial<WrittenModel> = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tunable-'));
  const model: WrittenModel = {
    name: 'small',
    inputs: [{ name: 'pixel_values', shape: ['batch', 3, 8, 8] }],
    outputs: [
      { name: 'features', shape: ['batch', 5] },
      { name: 'feature_map', shape: ['batch', 6, 4, 4] },
    ],
    nodes: convolutional,
    constants: new Map(Object.entries(weights)),
    ...changes,
  };
  writeFileSync(join(folder, 'model.onnx'), await writeOnnxModel(model));
  const processor = {
    size: 8,
    resample: 2,
    rescale_factor: 1 / 255,
    image_mean: [0.4, 0.5, 0.6],
    image_std: [0.2, 0.25, 0.3],
  };
  writeFileSync(join(folder, 'preprocess.json'), JSON.stringify(processor));
  return folder;
}

const images = Array.from({ length: 3 }, (_, i) =>
  Uint8Array.from({ length: 64 }, (__, at) => (at * (i + 3) * 7) % 256),
);
const imageTensor = (size: number, of: readonly Uint8Array[] = images): tf.Tensor4D =>
  tf.tensor4d(
    Float32Array.from(
      of.flatMap((one) => [...one]),
      (value) => value / 255,
    ),
    [of.length, size, size, 1],
  );

describeBackends('TunableEncoder', () => {
  describeWithOnnx('of a small network', () => {
    it.each([true, false])('has at first the features of the frozen encoder (map: %s)', async (isMap) => {
      const encoder = await TunableEncoder.open(await folderOf(), { isMap });
      expect([encoder.grid, encoder.dim]).toEqual(isMap ? [4, 6] : [1, 5]);
      const { pooled, map } = await encoder.frozen.encode(images, ['pooled', 'map']);
      const x = imageTensor(8);
      for (const mode of [undefined, 'norms', 'last', 'lora'] as const) {
        const parameters = new Parameters(1);
        if (mode) encoder.tune(parameters, { mode });
        const before = tf.memory().numTensors;
        const made = encoder.forward(x);
        expect(tf.memory().numTensors).toBe(before + 1);
        expect(made.shape).toEqual([3, encoder.grid, encoder.grid, encoder.dim]);
        expectClose(made, isMap ? map! : pooled!, 1e-5);
        made.dispose();
        parameters.dispose();
      }
      await encoder.dispose();
    });

    it.each<[string, TuneOptions, boolean, string[]]>([
      ['norms', { mode: 'norms' }, false, ['g', 'o']],
      ['all of the last layer', { mode: 'last', layers: 1 }, false, ['w4', 'b4']],
      ['the last layers that lead to the map', { mode: 'last', layers: 2 }, true, ['w2', 'w3', 'b2', 'b3']],
      ['more layers than there are', { mode: 'last', layers: 9 }, true, ['g', 'o', 'w1', 'w2', 'w3', 'b1', 'b2', 'b3']],
      ['low-rank updates', { mode: 'lora', rank: 2 }, false, ['w3/up', 'w3/down', 'w4/up', 'w4/down']],
      ['low-rank updates of the last layer', { mode: 'lora', layers: 1 }, false, ['w4/up', 'w4/down']],
    ])('trains %s', async (_, options, isMap, names) => {
      const encoder = await TunableEncoder.open(await folderOf(), { isMap });
      const parameters = new Parameters(1);
      encoder.tune(parameters, options);
      expect(parameters.trainable().map(({ name }) => name)).toEqual(names.map((name) => `encoder/tuned/${name}`));
      await encoder.dispose();
      parameters.dispose();
    });

    it('differentiates what is trained as central differences do', async () => {
      for (const mode of ['norms', 'last', 'lora'] as const) {
        const encoder = await TunableEncoder.open(await folderOf());
        const parameters = new Parameters(1);
        encoder.tune(parameters, { mode, layers: mode === 'last' ? 3 : undefined });
        const x = imageTensor(8);
        const loss = (): tf.Scalar => tf.sum(tf.sin(encoder.forward(x)));
        for (const { name, variable } of parameters.trainable().filter((__, i) => mode !== 'lora' || i % 2 === 0)) {
          const { gradients } = valueAndGradients(() => ({ loss: loss(), aux: {} }), [variable]);
          const start = variable.clone();
          const steps = tf.range(0, variable.size).dataSync().slice(0, 3);
          const numeric = [...steps].map((place) => {
            const at = (by: number): number =>
              tf.tidy(() => {
                variable.assign(
                  tf.add(
                    start,
                    tf.reshape(tf.mul(tf.oneHot(tf.scalar(place, 'int32'), variable.size), by), start.shape),
                  ),
                );
                return loss().dataSync()[0];
              });
            const difference = (at(1e-2) - at(-1e-2)) / 2e-2;
            variable.assign(start);
            return difference;
          });
          const own = numbersOf(gradients[variable.name]).slice(0, 3);
          own.forEach((value, i) =>
            expect([name, Math.abs(value - numeric[i]) < 2e-2 * Math.max(1, Math.abs(value))]).toEqual([name, true]),
          );
          tf.dispose([gradients, start]);
        }
        await encoder.dispose();
        parameters.dispose();
      }
    });

    it.each(['norms', 'last', 'lora'] as const)(
      'writes %s to ONNX, which then has the trained features',
      async (mode) => {
        const from = await folderOf();
        const encoder = await TunableEncoder.open(from);
        const parameters = new Parameters(1);
        encoder.tune(parameters, { mode });
        for (const { variable } of parameters.trainable())
          variable.assign(
            tf.add(variable, tf.mul(0.3, tf.sin(tf.reshape(tf.range(0, variable.size), variable.shape)))) as never,
          );
        const out = join(mkdtempSync(join(tmpdir(), 'tuned-')), 'encoder');
        await encoder.write(out);
        const written = await OnnxImageEncoder.load(out);
        const { pooled } = await written.encode(images);
        expectClose(encoder.forward(imageTensor(8)), pooled!, 1e-4);
        const { pooled: former } = await encoder.frozen.encode(images);
        expect(Math.max(...pooled!.map((value, i) => Math.abs(value - former![i])))).toBeGreaterThan(0.05);
        expect(written.weightsHash).not.toBe(encoder.frozen.weightsHash);
        expect(written.preprocessing).toEqual(encoder.preprocessing);
        expect(readFileSync(join(out, 'preprocess.json'), 'utf8')).toBe(
          readFileSync(join(from, 'preprocess.json'), 'utf8'),
        );
        const changed = [...(await readOnnxGraph(join(out, 'model.onnx'))).constants].flatMap(([name, { data }]) =>
          Buffer.compare(Buffer.from(data.buffer), Buffer.from(weights[name as 'w1'].data.buffer)) === 0 ? [] : [name],
        );
        expect(changed.sort()).toEqual(
          { norms: ['g', 'o'], last: ['b1', 'b2', 'b3', 'b4', 'g', 'o', 'w1', 'w2', 'w3', 'w4'], lora: ['w3', 'w4'] }[
            mode
          ],
        );
        await encoder.dispose();
        await written.dispose();
        parameters.dispose();
      },
    );

    it('takes offsets of convolutions for those of norms that were folded into them, and norms that are written as single operations', async () => {
      const nodes = convolutional.map((node) =>
        node.operation === 'BatchNormalization' ? { operation: 'Identity', inputs: ['c1'], outputs: ['n1'] } : node,
      );
      const namesOf = async (changes: Partial<WrittenModel>, isMap: boolean): Promise<string[]> => {
        const encoder = await TunableEncoder.open(await folderOf(changes), { isMap });
        const parameters = new Parameters(1);
        const { weights: chosen } = encoder.tune(parameters, { mode: 'norms' });
        await encoder.dispose();
        parameters.dispose();
        return chosen.map(({ name }) => name);
      };
      expect(await namesOf({ nodes }, true)).toEqual(['b1', 'b2', 'b3']);
      const single: WrittenNode[] = [
        { operation: 'Flatten', inputs: ['pixel_values'], outputs: ['x'] },
        { operation: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] },
        { operation: 'Add', inputs: ['y', 'b'], outputs: ['z'] },
        { operation: 'ReduceMean', inputs: ['z'], outputs: ['mean'], attributes: { axes: [-1] } },
        { operation: 'Sub', inputs: ['z', 'mean'], outputs: ['d'] },
        { operation: 'Mul', inputs: ['d', 'd'], outputs: ['square'] },
        { operation: 'ReduceMean', inputs: ['square'], outputs: ['variance'], attributes: { axes: [-1] } },
        { operation: 'Sqrt', inputs: ['variance'], outputs: ['std'] },
        { operation: 'Div', inputs: ['d', 'std'], outputs: ['unit'] },
        { operation: 'Mul', inputs: ['unit', 'gamma'], outputs: ['scaled'] },
        { operation: 'Add', inputs: ['scaled', 'beta'], outputs: ['features'] },
      ];
      const constants = new Map(
        Object.entries({ w: weight([192, 5], 1), b: weight([5], 2), gamma: weight([5], 3), beta: weight([5], 4) }),
      );
      const outputs = [{ name: 'features', shape: ['batch', 5] }];
      expect(await namesOf({ nodes: single, constants, outputs }, false)).toEqual(['gamma', 'beta']);
    });

    it('refuses an encoder without such weights, with a fixed batch, or without a map', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tunable-'));
      writeFileSync(join(folder, 'preprocess.json'), JSON.stringify({ size: 8 }));
      writeFileSync(join(folder, 'model.onnx'), averagePoolModel({ channels: 2, window: 4, output: 'both' }));
      const plain = await TunableEncoder.open(folder);
      expect(() => plain.tune(new Parameters(0), { mode: 'lora' })).toThrow(
        'expected an encoder with weights that lora tunes, got 0 layers with weights of float32 and none of those; choose another way of tuning, or export it in float32',
      );
      await plain.dispose();
      writeFileSync(join(folder, 'model.onnx'), averagePoolModel({ channels: 2, window: 4, output: 'both', batch: 2 }));
      await expect(TunableEncoder.open(folder)).rejects.toThrow(
        'expected an encoder that takes any number of images to be tuned, got one of 2; export it with an open batch',
      );
      const nodes = convolutional.map((node) => (node.operation === 'Relu' ? { ...node, operation: 'Round' } : node));
      await expect(TunableEncoder.open(await folderOf({ nodes }))).rejects.toThrow('got Round (1) too');
    });

    it('refuses an engine that lacks a gradient', async () => {
      const nodes = convolutional.map((node) =>
        node.outputs[0] === 'c2' ? { ...node, attributes: { group: 4, pads: [1, 1, 1, 1] } } : node,
      );
      const constants = new Map([...Object.entries(weights), ['w2', weight([4, 1, 3, 3], 7)] as const]);
      const encoder = await TunableEncoder.open(await folderOf({ nodes, constants }));
      const tune = (options: TuneOptions): unknown => encoder.tune(new Parameters(0), options);
      expect(tune({ mode: 'last', layers: 2 })).toMatchObject({ layers: 4, tunedLayers: 2 });
      if (tf.getBackend() === 'wasm')
        expect(() => tune({ mode: 'norms' })).toThrow(
          "expected an engine that differentiates the operations of this encoder, got wasm: Kernel 'DepthwiseConv2dNativeBackpropInput' not registered for backend 'wasm'; use native or cuda",
        );
      else expect(tune({ mode: 'norms' })).toMatchObject({ weights: [{ name: 'g' }, { name: 'o' }] });
      await encoder.dispose();
    });

    it.each([
      ['the tokens of a vision transformer', { output: 'tokens' }],
      ['channels that are last', { output: 'both', isChannelsLast: true }],
    ] as const)('reads %s', async (_, options) => {
      const folder = mkdtempSync(join(tmpdir(), 'tunable-'));
      writeFileSync(
        join(folder, 'preprocess.json'),
        JSON.stringify({ size: 8, image_mean: [10, 20], image_std: [50, 60], rescale_factor: 1 }),
      );
      writeFileSync(join(folder, 'model.onnx'), averagePoolModel({ channels: 2, window: 4, ...options }));
      for (const isMap of [true, false]) {
        const encoder = await TunableEncoder.open(folder, { isMap });
        const { pooled, map } = await encoder.frozen.encode(images, ['pooled', 'map']);
        expectClose(encoder.forward(imageTensor(8)), isMap ? map! : pooled!, 1e-5);
        await encoder.dispose();
      }
    });
  });

  itWithShared(
    'models/efficientnet-lite0',
    'has the features of EfficientNet-Lite0 in ONNX Runtime',
    async (folder) => {
      // Plain JavaScript takes most of a minute for it.
      if (tf.getBackend() === 'cpu') return;
      const encoder = await TunableEncoder.open(folder, { isMap: true });
      const parameters = new Parameters(1);
      const chosen = encoder.tune(parameters, { mode: 'last', layers: 2 });
      expect([chosen.layers, chosen.tunedLayers]).toEqual([49, 2]);
      const image = Uint8Array.from({ length: 224 * 224 }, (_, i) => 127 + 100 * Math.sin(i / 700) * Math.cos(i / 13));
      const { map } = await encoder.frozen.encode([image], ['map']);
      expectClose(encoder.forward(imageTensor(224, [image])), map!, 1e-4);
      await encoder.dispose();
      parameters.dispose();
    },
  );
});
