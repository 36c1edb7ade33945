import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import { describeWithPackages, expectClose } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { TensorflowImageEncoder } from '../src/index.js';

/** Windows of 4 × 4 averaged, then all of them: a layers model as TensorFlow.js saves it. */
async function layersFolder(preprocess: object = {}): Promise<string> {
  const layers = await import('@tensorflow/tfjs-layers');
  const folder = mkdtempSync(join(tmpdir(), 'tfjs-'));
  const input = layers.input({ shape: [8, 8, 2] });
  const windows = layers.layers.averagePooling2d({ poolSize: 4, name: 'windows' }).apply(input);
  const scaled = layers.layers.conv2d({ filters: 2, kernelSize: 1, name: 'scaled', useBias: false }).apply(windows);
  const mean = layers.layers.globalAveragePooling2d({ name: 'mean' }).apply(scaled);
  const model = layers.model({ inputs: input, outputs: mean as never });
  const identity = tf.tensor4d([2, 0, 0, 3], [1, 1, 2, 2]);
  model.getLayer('scaled').setWeights([identity]);
  identity.dispose();
  await model.save({
    save: async ({ modelTopology, weightSpecs, weightData }) => {
      writeFileSync(join(folder, 'weights.bin'), new Uint8Array(weightData as ArrayBuffer));
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      writeFileSync(
        join(folder, 'model.json'),
        JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest }),
      );
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    },
  });
  model.dispose();
  const settings = { size: 8, rescale_factor: 1, image_mean: [100, 0], image_std: [50, 100], ...preprocess };
  writeFileSync(join(folder, 'preprocess.json'), JSON.stringify(settings));
  return folder;
}

/** The same as a graph model of one operation, without weights. */
function graphFolder(sizes: readonly number[] = [-1, 8, 8, 2], settings: object = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'tfjs-'));
  const type = { type: 'DT_FLOAT' };
  const shape = { shape: { dim: sizes.map((size) => ({ size: String(size) })) } };
  const modelTopology = {
    node: [
      { name: 'pixels', op: 'Placeholder', attr: { dtype: type, shape } },
      {
        name: 'windows',
        op: 'AvgPool',
        input: ['pixels'],
        attr: {
          T: type,
          ksize: { list: { i: ['1', '4', '4', '1'] } },
          strides: { list: { i: ['1', '4', '4', '1'] } },
          padding: { s: 'VkFMSUQ=' },
        },
      },
    ],
    versions: { producer: 808 },
  };
  writeFileSync(
    join(folder, 'model.json'),
    JSON.stringify({ format: 'graph-model', modelTopology, weightsManifest: [] }),
  );
  writeFileSync(
    join(folder, 'preprocess.json'),
    JSON.stringify({ size: 8, rescale_factor: 1, image_mean: [100, 0], image_std: [50, 100], ...settings }),
  );
  return folder;
}

/** Quarters of 8 × 8 pixels with a grey value each. */
const quarters = (...values: number[]): Uint8Array =>
  Uint8Array.from({ length: 64 }, (_, at) => values[2 * (at >> 5) + ((at & 7) >> 2)]);
const images = [quarters(100, 150, 200, 250), quarters(0, 0, 0, 100)];

describeWithPackages(['@tensorflow/tfjs-layers', '@tensorflow/tfjs-converter'], 'TensorflowImageEncoder', () => {
  beforeAll(() => startEngine('wasm'));
  it('encodes by a layers model to its last output, and to those that are named', async () => {
    const before = tf.memory().numTensors;
    const pooled = await TensorflowImageEncoder.load(await layersFolder());
    expect([pooled.dim, pooled.map]).toEqual([2, undefined]);
    expectClose((await pooled.encode(images)).pooled!, [3, 5.25, -3, 0.75], 1e-5);
    await expect(pooled.encode(images, ['map'])).rejects.toThrow("got 'map'; it has no output of patches");
    const both = await TensorflowImageEncoder.load(await layersFolder({ outputs: ['windows', 'mean'] }));
    expect([both.dim, both.map]).toEqual([2, { grid: 2, dim: 2 }]);
    const { map } = await both.encode(images, ['map', 'pooled']);
    expectClose(map!, [0, 1, 1, 1.5, 2, 2, 3, 2.5, -2, 0, -2, 0, -2, 0, 0, 1], 1e-5);
    await Promise.all([pooled.dispose(), both.dispose()]);
    expect(tf.memory().numTensors).toBe(before);
  });
  it('encodes by a graph model; a map alone gives the vector as its mean', async () => {
    const encoder = await TensorflowImageEncoder.load(graphFolder());
    expect([encoder.dim, encoder.map]).toEqual([2, { grid: 2, dim: 2 }]);
    const { map, pooled } = await encoder.encode(images, ['map', 'pooled']);
    expectClose(map!.subarray(0, 8), [0, 1, 1, 1.5, 2, 2, 3, 2.5], 1e-5);
    expectClose(pooled!, [1.5, 1.75, -1.5, 0.25], 1e-5);
    await expect(encoder.encode([new Uint8Array(3)])).rejects.toThrow('expected 8 × 8 grey values, got 3');
    await encoder.dispose();
  });
  it('refuses inputs that are no images of the size', async () => {
    await expect(TensorflowImageEncoder.load(graphFolder(undefined, { size: 16 }))).rejects.toThrow(
      "model.json: expected images of 8 × 8 as the model's input is fixed to, got 16 × 16 from the preprocessing file",
    );
    for (const sizes of [
      [-1, 2, 8, 8],
      [-1, 128],
    ])
      await expect(TensorflowImageEncoder.load(graphFolder(sizes))).rejects.toThrow(
        'expected one input float32 [batch, height, width, channels], got [?,',
      );
  });
  it('has another hash for other weights', async () => {
    const [a, b] = [await layersFolder(), await layersFolder()];
    const hash = async (folder: string): Promise<string> => (await TensorflowImageEncoder.load(folder)).weightsHash;
    const bytes = readFileSync(join(b, 'weights.bin'));
    writeFileSync(join(b, 'model.json'), readFileSync(join(a, 'model.json')));
    expect(await hash(b)).toBe(await hash(a));
    bytes[0] ^= 1;
    writeFileSync(join(b, 'weights.bin'), bytes);
    expect(await hash(b)).not.toBe(await hash(a));
  });
  it('says what is missing or wrong', async () => {
    const load = (folder: string) => TensorflowImageEncoder.load(folder);
    await expect(load(await layersFolder({ outputs: 'mean' }))).rejects.toThrow(
      'expected "outputs" to be a list of names; write "outputs": ["NAME"]',
    );
    const folder = await layersFolder({ outputs: ['nowhere'] });
    await expect(load(folder)).rejects.toThrow('model.json: expected a sound model of TensorFlow.js, got');
    rmSync(join(folder, 'weights.bin'));
    await expect(load(folder)).rejects.toThrow('weights.bin: expected a weight file of model.json, got no such file');
    writeFileSync(join(folder, 'model.json'), '{"format":"caffe"}');
    await expect(load(folder)).rejects.toThrow('expected a graph-model or a layers-model of TensorFlow.js');
    writeFileSync(
      join(folder, 'model.json'),
      JSON.stringify({ modelTopology: {}, weightsManifest: [{ paths: ['../x'], weights: [] }] }),
    );
    await expect(load(folder)).rejects.toThrow('expected a path inside the data folder, got "../x"');
    await expect(load(mkdtempSync(join(tmpdir(), 'tfjs-')))).rejects.toThrow(
      'expected an encoder: model.json, got none',
    );
  });
});
