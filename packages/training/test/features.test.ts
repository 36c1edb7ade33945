import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FeatureStore } from '@cxr-align/datasets';
import { startEngine, type Engine } from '@cxr-align/engine';
import { lockFolder } from '@cxr-align/files';
import { OnnxImageEncoder } from '@cxr-align/image-backbone';
import { averagePoolModel, describeWithOnnx } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { madeUpData, quick } from '@cxr-align/testkit';
import { type Config, checkConfig } from '../src/config/config.js';
import { loadModel, openImageReader, predictLogits } from '@cxr-align/classifier';
import { withDecoder } from '../src/inputs/decoder.js';
import { type FeatureExtractionOptions, type ExtractResult, extractFeatures } from '../src/inputs/extract-features.js';
import { FeatureInputs } from '../src/inputs/feature-inputs.js';
import { openDataset } from '../src/inputs/prepare-data.js';
import { readPredictions } from '../src/evaluate/predictions-file.js';
import { probabilitiesOf } from '@cxr-align/evaluation';
import { type Progress, silentProgress } from '../src/progress.js';
import { type TrainRequest, evaluateRun, trainRun } from './run-helpers.js';

let engine: Engine;
let path: string;
let encoder: string;
const place = mkdtempSync(join(tmpdir(), 'features-'));
const configure = (changes: object = {}): Config =>
  checkConfig({ ...quick, encoder: { kind: 'frozen' }, ...changes }, 'test');
const train = (name: string, config: Config, more: Partial<TrainRequest> = {}, progress: Progress = silentProgress) =>
  trainRun({ path, out: join(place, name), config, encoder, ...more }, engine, progress);
const { augmentation } = checkConfig({}, 'test');

/** An encoder of 16 × 16 images: the means of 4 × 4 windows, and of the whole. */
function makeEncoder(channels = 2): string {
  const folder = mkdtempSync(join(tmpdir(), 'encoder-'));
  writeFileSync(join(folder, 'model.onnx'), averagePoolModel({ channels, window: 4, output: 'both' }));
  writeFileSync(join(folder, 'preprocess.json'), JSON.stringify({ size: 16 }));
  return folder;
}

async function extract(
  out: string,
  options: Partial<FeatureExtractionOptions> = {},
  progress: Progress = silentProgress,
): Promise<ExtractResult> {
  const loaded = await OnnxImageEncoder.load(encoder);
  const { dataset } = await openDataset(path);
  return withDecoder((decode) =>
    extractFeatures(dataset, loaded, join(place, out), { augmentation, seed: 3, decode, ...options }, progress),
  );
}

beforeAll(async () => {
  engine = await startEngine('wasm');
  path = await madeUpData();
  encoder = makeEncoder();
});

describeWithOnnx('extractFeatures(dataset, encoder, out, options)', () => {
  it('fills a store with a row for each view, the first of the image as it is', async () => {
    const result = await extract('views', { views: 3, map: true });
    expect(result).toMatchObject({ images: 96, alreadyThere: 0, unreadable: [], dim: 2, grid: 4, views: 3 });
    const store = new FeatureStore(join(place, 'views'));
    await store.verify();
    const [own, changed, again] = [0, 1, 2].map((row) => store.read([row]));
    expect(changed).not.toEqual(own);
    expect(again).not.toEqual(changed);
    await extract('one', { map: true });
    const plain = new FeatureStore(join(place, 'one'));
    for (const at of [0, 17, 95]) expect(plain.read([at])).toEqual(store.read([3 * at]));
    await extract('pooled', { dtype: 'float32' });
    const mean = plain.read([5]).reduce((sums, value, i) => ((sums[i % 2] += value / 16), sums), [0, 0]);
    const pooled = new FeatureStore(join(place, 'pooled')).read([5]);
    expect(pooled[0]).toBeCloseTo(mean[0], 3);
  });
  it('lists an image whose features are NaN, and refuses one whose features a float16 cannot hold, by its name', async () => {
    const { dataset } = await openDataset(path);
    const loaded = await OnnxImageEncoder.load(encoder);
    const spoilt = (value: number): typeof loaded =>
      Object.assign(Object.create(loaded) as typeof loaded, {
        encode: async (...args: Parameters<typeof loaded.encode>) => {
          const features = await loaded.encode(...args);
          features.pooled![3] = value;
          return features;
        },
      });
    const run = (value: number, out: string, dtype?: 'float32') =>
      withDecoder((decode) =>
        extractFeatures(
          { ...dataset, samples: dataset.samples.slice(0, 16) },
          spoilt(value),
          join(place, out),
          { augmentation, seed: 3, decode, dtype },
          silentProgress,
        ),
      );
    const { unreadable } = await run(NaN, 'features-nan');
    expect(unreadable).toEqual([
      {
        id: '1.png',
        reason: expect.stringContaining('1.png: expected finite features of the encoder, got NaN') as string,
      },
    ]);
    const store = new FeatureStore(join(place, 'features-nan'));
    expect(store.places.has('1.png')).toBe(false);
    expect(store.places.size).toBe(15);
    store.close();
    await expect(run(70_000, 'features-large')).rejects.toThrow(
      'got 70000 of 1.png; extract into another folder as float32',
    );
    expect((await run(70_000, 'features-wide', 'float32')).unreadable).toEqual([]);
  });
  it('goes on after a kill without encoding finished shards again, and ends with the same features', async () => {
    const stop = new Error('killed');
    const encoded: number[] = [];
    const killing: Progress = {
      remark: () => {},
      start: () => ({
        stop: () => {},
        update: (done) => {
          encoded.push(done);
          if (done === 48) throw stop;
        },
      }),
    };
    const options = { views: 2, batchSize: 16, shardImages: 16 };
    await expect(extract('killed', options, killing)).rejects.toBe(stop);
    expect(new FeatureStore(join(place, 'killed')).index.ids).toHaveLength(48);
    const again = await extract('killed', options);
    expect(again.alreadyThere).toBe(48);
    await extract('straight', options);
    const [a, b] = ['killed', 'straight'].map((name) => new FeatureStore(join(place, name)));
    expect(a.index.ids).toEqual(b.index.ids);
    const rows = Array.from({ length: a.rows }, (_, row) => row);
    expect(a.read(rows)).toEqual(b.read(rows));
    expect((await extract('killed', options)).imagesPerSecond).toBeNull();
  });
  it('makes a damaged or missing shard anew, to the same bytes, and refuses where its images are not there', async () => {
    const options = { batchSize: 16, shardImages: 16, verify: true };
    await extract('damaged', options);
    const store = join(place, 'damaged');
    const whole = Object.fromEntries(readdirSync(store).map((name) => [name, readFileSync(join(store, name))]));
    const [first, second] = [0, 1].map((at) => `features-0000${at}.safetensors`);
    const damage = (): void => {
      const bytes = Uint8Array.from(whole[first]);
      bytes[bytes.length - 100] ^= 16;
      writeFileSync(join(store, first), bytes);
      rmSync(join(store, second), { force: true });
    };
    damage();
    await expect(train('on damaged', configure(), { features: store, encoder: undefined })).rejects.toThrow(
      /features-00001.safetensors: expected a shard .* makes this shard anew/,
    );
    const remarks: string[] = [];
    const result = await extract('damaged', options, { ...silentProgress, remark: (text) => remarks.push(text) });
    expect(result).toMatchObject({ alreadyThere: 96, repairedShards: 2, imagesPerSecond: null });
    expect(remarks).toHaveLength(2);
    expect(remarks[0]).toContain(
      '00000.safetensors was missing or damaged: its 16 images were encoded again, to the same',
    );
    for (const [name, bytes] of Object.entries(whole)) expect(readFileSync(join(store, name)).equals(bytes)).toBe(true);
    damage();
    const { dataset } = await openDataset(path);
    const loaded = await OnnxImageEncoder.load(encoder);
    const repair = (samples: typeof dataset.samples) =>
      withDecoder((decode) =>
        extractFeatures(
          { ...dataset, samples },
          loaded,
          store,
          { augmentation, seed: 3, ...options, decode },
          silentProgress,
        ),
      );
    await expect(repair(dataset.samples.slice(1))).rejects.toThrow('got one without 0.png; extract with the data set');
    const [zero, one, ...rest] = dataset.samples;
    await expect(repair([{ ...zero, image: one.image }, one, ...rest])).rejects.toThrow('got another one called 0.png');
  });
  it('is refused while another process writes to the store, and waits where it only needs what is there', async () => {
    const store = join(place, 'locked');
    const lock = lockFolder(store, 'extract');
    await expect(extract('locked', { verify: true })).rejects.toThrow('that extract writes to (this process');
    const remarks: string[] = [];
    const waiting = extract('locked', {}, { ...silentProgress, remark: (text) => remarks.push(text) });
    while (remarks.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(remarks[0]).toContain('waiting for extract (process');
    lock.release();
    expect((await waiting).images).toBe(96);
    const other = lockFolder(store, 'extract');
    expect((await extract('locked')).alreadyThere).toBe(96);
    other.release();
  });
  it('notes images that cannot be read, and takes them in once they are mended', async () => {
    const broken = await madeUpData(48);
    writeFileSync(join(broken, 'images', '7.png'), 'no image');
    rmSync(join(broken, 'images', '9.png'));
    const { dataset } = await openDataset(broken);
    const loaded = await OnnxImageEncoder.load(encoder);
    const run = () =>
      withDecoder((decode) =>
        extractFeatures(dataset, loaded, join(place, 'broken'), { augmentation, seed: 0, decode }, silentProgress),
      );
    const { unreadable } = await run();
    expect(unreadable.map(({ id }) => id)).toEqual(['7.png', '9.png']);
    expect(unreadable[1].reason).toContain('no such file');
    expect((await run()).unreadable).toEqual(unreadable);
    const request = { path: broken, features: join(place, 'broken'), encoder: undefined };
    await expect(train('on broken', configure(), request)).rejects.toThrow('2 of 48 cannot be read');
    const { evaluation } = await train('on broken', configure(), { ...request, maxBad: 0.05 });
    expect(evaluation.samples).toBe(8);
    expect(JSON.parse(readFileSync(join(place, 'on broken', 'config.json'), 'utf8')).data.unreadableImages).toBe(2);
    for (const name of ['7.png', '9.png'])
      writeFileSync(join(broken, 'images', name), readFileSync(join(path, 'images', name)));
    expect(await run()).toMatchObject({ alreadyThere: 46, unreadable: [] });
    const mended = new FeatureStore(join(place, 'broken'));
    expect(mended.index.unreadable).toEqual([]);
    expect([mended.places.get('7.png'), mended.rows]).toEqual([46, 48]);
  });
});

describeWithOnnx('trainRun(request) on the features of a frozen encoder', () => {
  it.each([
    ['query', {}],
    ['query alone', { encoder: { kind: 'frozen', probe: false, imageBranch: 'off' } }],
    ['dense', { decoder: { ...quick.decoder, kind: 'dense' } }],
    ['vision-only', { model: 'vision-only' }],
    ['linear', { model: 'linear' }],
    ['mlp', { model: 'mlp' }],
  ])('trains %s; evaluate and predict say what the run says', async (name, changes) => {
    const before = tf.memory().numTensors;
    const { evaluation, dataWaitShare } = await train(name, configure({ epochs: 12, learningRate: 0.01, ...changes }));
    expect(evaluation.macro.auroc).toBeGreaterThan(0.7);
    expect(dataWaitShare).toBeGreaterThan(0);
    expect(dataWaitShare).toBeLessThan(1);
    const run = join(place, name);
    const { grid } = new FeatureStore(join(run, 'features')).index;
    expect(grid).toBe(name.startsWith('query') || name === 'vision-only' ? 4 : 1);
    const { evaluation: again } = await evaluateRun({ run, path, out: join(place, `${name} again`) }, silentProgress);
    expect(again).toEqual(evaluation);
    const { model, stored, dispose } = loadModel(run);
    const reader = await openImageReader(stored);
    const { samples, probabilities } = await readPredictions(run);
    const [first] = samples;
    const logits = await predictLogits(model, await reader.read(join(path, 'images', first.id)), [0]);
    Array.from(probabilitiesOf(logits)).forEach((probability, i) =>
      expect(probability).toBeCloseTo(probabilities[i], 6),
    );
    await reader.dispose();
    dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
  it('trains an image encoder on the images beside the features, where their files are there', async () => {
    const bare = await madeUpData(48);
    const store = join(place, 'of bare');
    const { dataset } = await openDataset(bare);
    const loaded = await OnnxImageEncoder.load(encoder);
    await withDecoder((decode) =>
      extractFeatures(dataset, loaded, store, { augmentation, seed: 0, map: true, decode }, silentProgress),
    );
    const request = { path: bare, features: store, encoder: undefined };
    const namesOf = (name: string): string[] => {
      const { stored, dispose } = loadModel(join(place, name));
      dispose();
      return [...stored.weights.keys()];
    };
    const isOfImageBranch = (name: string): boolean => name.includes('/stem/');
    await train('with images', configure(), request);
    expect(
      new Set(
        namesOf('with images')
          .filter(isOfImageBranch)
          .map((name) => name.split('/')[0]),
      ),
    ).toEqual(new Set(['encoder', 'splitter', 'head']));
    expect(namesOf('with images')).toContain('head/probe/weight');
    for (const image of readdirSync(join(bare, 'images'))) rmSync(join(bare, 'images', image));
    await train('images gone', configure(), request);
    expect(namesOf('images gone').filter(isOfImageBranch)).toEqual([]);
    const on = configure({ encoder: { kind: 'frozen', imageBranch: 'on' } });
    await expect(train('x', on, request)).rejects.toThrow('none of the 48 images exists where the table points');
    // What was trained with images is evaluated with them.
    const again = {
      run: join(place, 'with images'),
      path: bare,
      features: store,
      out: join(place, 'with images again'),
    };
    await expect(evaluateRun(again, silentProgress)).rejects.toThrow('none of the 8 images exists');
  });
  it('are read before they are needed, those of the next epoch too', async () => {
    const calls: { kind: 'asked' | 'ahead'; samples: readonly number[]; epoch: number }[] = [];
    const { prepare, trainingBatch } = FeatureInputs.prototype;
    FeatureInputs.prototype.prepare = function (samples, draw) {
      calls.push({ kind: 'ahead', samples, epoch: draw.epoch });
      return prepare.call(this, samples, draw);
    };
    FeatureInputs.prototype.trainingBatch = function (samples, draw) {
      calls.push({ kind: 'asked', samples, epoch: draw.epoch });
      return trainingBatch.call(this, samples, draw);
    };
    try {
      await train('read ahead', configure({ epochs: 3, accumulation: 2 }));
    } finally {
      Object.assign(FeatureInputs.prototype, { prepare, trainingBatch });
    }
    const [first, ...others] = calls;
    expect(first).toMatchObject({ kind: 'asked', epoch: 0 });
    expect(others.length % 2).toBe(0);
    // In turns, and what is asked for is the very array that was read ahead.
    for (let i = 0; i < others.length; i += 2) {
      const [ahead, asked] = others.slice(i, i + 2);
      expect([ahead.kind, asked.kind, ahead.epoch]).toEqual(['ahead', 'asked', asked.epoch]);
      expect(ahead.samples).toBe(asked.samples);
    }
    expect(new Set(others.map(({ epoch }) => epoch))).toEqual(new Set([0, 1, 2]));
  });
  it('draws other views in other epochs, and goes on from a checkpoint bit for bit', async () => {
    await extract('four views', { views: 4, map: true });
    await extract('one view', { map: true });
    const config = configure();
    const of = (store: string) => ({ features: join(place, store), encoder: undefined });
    await train('straight run', config, of('four views'));
    await train('single run', config, of('one view'));
    const stop = new Error('stopped');
    let stops = 0;
    const stopping: Progress = {
      remark: () => {},
      start: (name) => ({
        stop: () => {},
        update: (done) => {
          if (name === 'training' && done > 6 && stops++ === 0) throw stop;
        },
      }),
    };
    await expect(train('stopped run', config, of('four views'), stopping)).rejects.toBe(stop);
    await train('stopped run', config, { ...of('four views'), resume: true });
    const history = (name: string): string => readFileSync(join(place, name, 'history.jsonl'), 'utf8');
    expect(history('stopped run')).toBe(history('straight run'));
    expect(history('single run')).not.toBe(history('straight run'));
    expect(readdirSync(join(place, 'straight run'))).not.toContain('features');
  });
  it('stores four views of each image of a small set, or as many as are asked for', async () => {
    const viewsOf = (name: string): number => new FeatureStore(join(place, name, 'features')).index.views;
    const config = configure({ model: 'linear', seed: 5 });
    await train('views by itself', config);
    expect(viewsOf('views by itself')).toBe(4);
    expect(new FeatureStore(join(place, 'views by itself', 'features')).index.augmentation).toMatchObject({ seed: 5 });
    const two = configure({ model: 'linear', encoder: { kind: 'frozen', views: 2 } });
    await train('two views', two);
    expect(viewsOf('two views')).toBe(2);
    const given = { features: join(place, 'views by itself', 'features'), encoder: undefined };
    await expect(train('x', two, given)).rejects.toThrow('expected a feature store of encoder.views=2, got one of 4');
    // What is evaluated later is looked at as it is.
    const other = await madeUpData(48);
    const request = { run: join(place, 'two views'), path: other, out: join(place, 'two views elsewhere') };
    await evaluateRun(request, silentProgress);
    expect(viewsOf('two views elsewhere')).toBe(1);
  });
  it('refuses a store of other images, of some images, and of another encoder', async () => {
    const config = configure({ model: 'linear' });
    await extract('of path');
    await train('own', config, { features: join(place, 'of path'), encoder: undefined });
    const other = await madeUpData(96);
    writeFileSync(join(other, 'images', '0.png'), readFileSync(join(path, 'images', '1.png')));
    const request = { features: join(place, 'of path'), encoder: undefined };
    await expect(train('x', config, { ...request, path: other })).rejects.toThrow('another image called 0.png');
    const larger = await madeUpData(102);
    await expect(train('x', config, { ...request, path: larger })).rejects.toThrow('got none of 6, the first 96.png');
    const run = join(place, 'own');
    await expect(evaluateRun({ run, path, out: join(place, 'own again') }, silentProgress)).rejects.toThrow(
      'try the option encoder with the folder',
    );
    const stranger = makeEncoder(3);
    const asked = { run, path, out: join(place, 'strange'), encoder: stranger };
    await expect(evaluateRun(asked, silentProgress)).rejects.toThrow('expected features as the model was trained on');
    await expect(openImageReader(loadModel(run).stored, stranger)).rejects.toThrow('or another preprocessing');
    await expect(openImageReader(loadModel(run).stored)).rejects.toThrow('try the option encoder with the folder');
    const conv = checkConfig({ ...quick, model: 'linear' }, 'test');
    await train('pixels', conv, { encoder: undefined });
    const pixels = { run: join(place, 'pixels'), path, out: join(place, 'pixels again'), encoder };
    await expect(evaluateRun(pixels, silentProgress)).rejects.toThrow('its encoder was trained with it');
    expect(existsSync(join(place, 'x', 'evaluation.json'))).toBe(false);
  });
});

describe('the encoder of an earlier run', () => {
  const own = (changes: object = {}): Config => checkConfig({ ...quick, ...changes }, 'test');
  it('gives its features to another one, which evaluates and predicts alike', async () => {
    const first = { path, out: join(place, 'first'), config: own() };
    await trainRun(first, engine, silentProgress);
    const before = tf.memory().numTensors;
    const { evaluation } = await train('second', configure(), { encoder: join(place, 'first') });
    const run = join(place, 'second');
    expect((await evaluateRun({ run, path, out: join(place, 'second again') }, silentProgress)).evaluation).toEqual(
      evaluation,
    );
    const { model, stored, dispose } = loadModel(run);
    expect(stored.input).toMatchObject({ kind: 'features', grid: 8, dim: 8, source: { encoder: 'run-first' } });
    const reader = await openImageReader(stored);
    const inputs = await reader.read(join(path, 'images', '5.png'));
    const [told] = probabilitiesOf(await predictLogits(model, inputs, [0]));
    const { samples, probabilities } = await readPredictions(run);
    const row = samples.findIndex(({ id }) => id === '5.png');
    expect(Math.abs(told - probabilities[row * 4])).toBeLessThan(1e-5);
    await reader.dispose();
    dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
  it('is refused where there is none', async () => {
    await trainRun({ path, out: join(place, 'no encoder'), config: own({ model: 'linear' }) }, engine, silentProgress);
    await expect(train('third', configure(), { encoder: join(place, 'no encoder') })).rejects.toThrow(
      'expected a run with an image encoder that was trained in it, got model linear, which has none',
    );
    await expect(train('fourth', configure(), { encoder: join(place, 'second') })).rejects.toThrow(
      'got one that took the features of run-first: use that encoder',
    );
  });
});
