import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  averagePoolModel,
  describeWithOnnx,
  expectClose,
  itWithShared,
  operationsModel,
  tokenNumberModel,
} from '@cxr-align/testkit';
import { decodeImage, OnnxImageEncoder } from '../src/index.js';

const processor = { size: 8, resample: 2, rescale_factor: 1, image_mean: [100], image_std: [50] };
const folderOf = (output: 'both' | 'tokens', settings: object = processor, channels = 2): string => {
  const folder = mkdtempSync(join(tmpdir(), 'encoder-'));
  writeFileSync(join(folder, 'model.onnx'), averagePoolModel({ channels, window: 4, output }));
  writeFileSync(join(folder, 'preprocess.json'), JSON.stringify(settings));
  return folder;
};
/** Quarters of 8 × 8 pixels with a grey value each. */
const quarters = (...values: number[]): Uint8Array =>
  Uint8Array.from({ length: 64 }, (_, at) => values[2 * (at >> 5) + ((at & 7) >> 2)]);

/** Brings all numbers of a run to a shape. */
const flattening = (shape: number[]): Uint8Array =>
  operationsModel({ inputs: { x: { rank: 4 } }, lists: { shape }, nodes: [['Reshape', ['x', 'shape'], 'y']] });

describeWithOnnx('OnnxImageEncoder', () => {
  it.each(['both', 'tokens'] as const)('encodes to a vector and a map: outputs %s', async (output) => {
    const settings = { ...processor, image_mean: [100, 0], image_std: [50, 100] };
    const encoder = await OnnxImageEncoder.load(folderOf(output, settings));
    expect(encoder).toMatchObject({ dim: 2, map: { grid: 2, dim: 2 } });
    const images = [quarters(100, 150, 200, 250), quarters(0, 0, 0, 100)];
    const { pooled, map } = await encoder.encode(images, ['pooled', 'map']);
    expect(await encoder.encode(images)).toEqual({ pooled });
    expect(await encoder.encode(images, ['map'])).toEqual({ map });
    expectClose(map!, [0, 1, 1, 1.5, 2, 2, 3, 2.5, -2, 0, -2, 0, -2, 0, 0, 1], 1e-6);
    expectClose(pooled!, [1.5, 1.75, -1.5, 0.25], 1e-6);
    await expect(encoder.encode([new Uint8Array(63)])).rejects.toThrow('expected 8 × 8 grey values, got 63');
    await encoder.dispose();
  });
  it.each([
    ['a fixed batch of 1', { batch: 1 }],
    ['a fixed batch of 2', { batch: 2 }],
    ['channels last', { isChannelsLast: true }],
    ['channels last and fixed sizes', { isChannelsLast: true, side: 8, batch: 1 }],
  ])('encodes alike with %s', async (_, options) => {
    const settings = { ...processor, image_mean: [100, 0], image_std: [50, 100] };
    const images = [quarters(100, 150, 200, 250), quarters(0, 0, 0, 100), quarters(9, 8, 7, 6)];
    const encode = async (folder: string) => {
      const encoder = await OnnxImageEncoder.load(folder);
      const { map } = encoder;
      const features = await encoder.encode(images, ['pooled', 'map']);
      await encoder.dispose();
      return { map, features };
    };
    const folder = folderOf('both', settings);
    const wanted = await encode(folder);
    writeFileSync(join(folder, 'model.onnx'), averagePoolModel({ channels: 2, window: 4, output: 'both', ...options }));
    const { map, features } = await encode(folder);
    expect(map).toEqual(wanted.map);
    expectClose(features.pooled!, wanted.features.pooled!, 1e-6);
    expectClose(features.map!, wanted.features.map!, 1e-6);
  });
  it('runs a model one image at a time that leaves the batch open and fixes it inside', async () => {
    const folder = folderOf('both', { size: 8, rescale_factor: 1 });
    writeFileSync(join(folder, 'model.onnx'), flattening([1, -1]));
    const encoder = await OnnxImageEncoder.load(folder);
    expect(encoder.dim).toBe(192);
    const { pooled } = await encoder.encode([quarters(1, 2, 3, 4), quarters(5, 6, 7, 8)]);
    expect(pooled).toHaveLength(2 * 192);
    expect([pooled![0], pooled![192]]).toEqual([1, 5]);
  });
  it('refuses inputs that are no images of the size, by what they are', async () => {
    const folder = folderOf('both');
    const write = (model: Uint8Array): void => writeFileSync(join(folder, 'model.onnx'), model);
    write(averagePoolModel({ channels: 2, window: 4, output: 'both', side: 16 }));
    await expect(OnnxImageEncoder.load(folder)).rejects.toThrow(
      "model.onnx: expected images of 16 × 16 as the model's input is fixed to, got 8 × 8 from the preprocessing file",
    );
    write(flattening([1, 999]));
    await expect(OnnxImageEncoder.load(folder)).rejects.toThrow(
      'model.onnx: expected a model that takes images of 8 × 8 with 3 channels, got',
    );
    write(tokenNumberModel({ output: 'tokens' }));
    await expect(OnnxImageEncoder.load(folder)).rejects.toThrow(
      'expected one input of images, got 2: input_ids int64 [?,?], attention_mask int64 [?,?]; export the image encoder alone',
    );
  });
  itWithShared(
    'cases/61-convnext-int',
    'prepares images as transformers does: right.txt of every case',
    async (folder) => {
      const cases = ['61-convnext-int', '61b-convnext-dict', '61g-efficientnet'];
      for (const name of cases) {
        const here = join(folder, '..', name);
        const encoder = await OnnxImageEncoder.load(here);
        const pixels = await decodeImage(join(folder, '../61-images/wide.png'), encoder.preprocessing);
        const { pooled } = await encoder.encode([pixels]);
        const right = readFileSync(join(here, 'right.txt'), 'utf8').split(':')[1].trim().split(' ').map(Number);
        right.forEach((value, i) => expect(Math.abs(pooled![i] * 255 - value)).toBeLessThan(0.06));
      }
      expect((await OnnxImageEncoder.load(join(folder, '../61i-nested'))).preprocessing).toMatchObject({ size: 32 });
    },
  );
  itWithShared('cases/60b-onnx-nhwc', 'encodes with channels last, and with a fixed batch', async (folder) => {
    for (const name of ['60b-onnx-nhwc', '60d-onnx-batch1']) {
      const encoder = await OnnxImageEncoder.load(join(folder, '..', name));
      const images = [40, 80, 120].map((grey) => new Uint8Array(32 * 32).fill(grey));
      const { pooled } = await encoder.encode(images);
      expect(pooled).toHaveLength(3 * encoder.dim);
      expect(new Set(pooled).size).toBeGreaterThan(2);
      expectClose((await encoder.encode([images[2]])).pooled!, pooled!.subarray(2 * encoder.dim), 1e-6);
    }
  });
  it('has the same hash for the same weights, and another for others', async () => {
    const hash = async (channels: number): Promise<string> =>
      (await OnnxImageEncoder.load(folderOf('both', processor, channels))).weightsHash;
    expect(await hash(2)).toBe(await hash(2));
    expect(await hash(3)).not.toBe(await hash(2));
  });
  it.each([
    [{ size: { height: 16, width: 16 } }, { size: 16, resize: 16, fit: 'stretch', kernel: 'linear' }],
    [
      { size: { shortest_edge: 12 }, resample: 3 },
      { size: 12, resize: 12, fit: 'crop', kernel: 'cubic' },
    ],
    [
      { size: 32, do_center_crop: true, crop_size: { height: 28, width: 28 } },
      { size: 28, resize: 32, fit: 'crop', rescale: 1 / 255 },
    ],
    [
      { size: { height: 32, width: 32 }, do_center_crop: true, crop_size: 28 },
      { size: 28, resize: 32, fit: 'stretch' },
    ],
    [
      { size: 8, do_normalize: false, image_mean: [9], do_rescale: false },
      { rescale: 1, mean: [0, 0] },
    ],
  ])('reads %j as the transformers library writes it', async (settings, expected) => {
    const { preprocessing } = await OnnxImageEncoder.load(folderOf('both', settings));
    expect(preprocessing).toMatchObject(expected);
  });
  it.each([
    [{ size: { height: 8, width: 9 } }, 'expected a size'],
    [{ size: 8, resample: 7 }, 'expected a resample of 0, 1, 2, 3, got 7'],
    [{ size: 8, image_mean: [1, 2, 3] }, 'expected 1 or 2 numbers for the channels, got 3'],
    [{ size: 8, image_std: [0] }, 'expected an image_std above 0'],
    [{ size: 8, image_mean: ['a'] }, 'expected image_mean to be a number, or one for each channel'],
  ])('refuses the preprocessing %j', async (settings, message) => {
    await expect(OnnxImageEncoder.load(folderOf('both', settings))).rejects.toThrow(message);
  });
  it('refuses a folder without an encoder, and a file that is none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'encoder-'));
    await expect(OnnxImageEncoder.load(folder)).rejects.toThrow('expected an encoder: one of model.onnx');
    writeFileSync(join(folder, 'model.onnx'), 'no model');
    await expect(OnnxImageEncoder.load(folder)).rejects.toThrow('model.onnx: expected an ONNX model, got');
    writeFileSync(join(folder, 'model.onnx'), averagePoolModel({ channels: 1, window: 4, output: 'both' }));
    await expect(OnnxImageEncoder.load(folder)).rejects.toThrow('expected preprocess.json or preprocessor_config.json');
    await expect(OnnxImageEncoder.load(folder, { providers: ['abacus'] })).rejects.toThrow('abacus');
  });
  itWithShared('models/efficientnet-lite0', 'agrees with the reference of a real encoder', async (folder) => {
    const encoder = await OnnxImageEncoder.load(folder);
    const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
      model_sha256: string;
      images: string[];
      features_first16: number[][];
      norms: number[];
      cosine: number[][];
    };
    expect(encoder.weightsHash).toBe(expected.model_sha256);
    const images: Uint8Array[] = [];
    for (const name of expected.images)
      images.push(await decodeImage(join(folder, '../../data', name), encoder.preprocessing));
    const { pooled, map } = await encoder.encode(images, ['pooled', 'map']);
    const row = (values: Float32Array, i: number, width: number): Float32Array =>
      values.subarray(i * width, (i + 1) * width);
    const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
      const product = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
        Array.from(x).reduce((sum, value, i) => sum + value * y[i], 0);
      return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
    };
    images.forEach((_, i) => {
      const own = row(pooled!, i, 1280);
      expectClose(own.subarray(0, 16), expected.features_first16[i], 1e-3);
      expect(Math.hypot(...own)).toBeCloseTo(expected.norms[i], 3);
      images.forEach((__, j) => expect(cosine(own, row(pooled!, j, 1280))).toBeCloseTo(expected.cosine[i][j], 5));
    });
    const mean = Array.from(row(map!, 0, 49 * 1280)).reduce(
      (sums, value, at) => ((sums[at % 1280] += value / 49), sums),
      new Float64Array(1280),
    );
    expectClose(row(pooled!, 0, 1280), mean, 1e-5);
    await encoder.dispose();
  });
});
