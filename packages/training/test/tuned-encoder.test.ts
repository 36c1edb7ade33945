import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPredictor } from '@cxr-align/classifier';
import { startEngine } from '@cxr-align/engine';
import { writeOnnxModel } from '@cxr-align/onnx';
import { RandomStream } from '@cxr-align/random';
import { describeWithOnnx, madeUpData, quick } from '@cxr-align/testkit';
import { resolveConfig, type PartialConfig } from '../src/config/config.js';
import { evaluateRun } from '../src/evaluate/evaluate-run.js';
import { readPredictions } from '../src/evaluate/predictions-file.js';
import { readHistory } from '../src/history.js';
import { extract } from '../src/inputs/extract.js';
import { openDataset, type OpenedDataset } from '../src/inputs/prepare-data.js';
import { train } from '../src/train/train.js';
import type { TrainOptions } from '../src/train/train-options.js';

const place = mkdtempSync(join(tmpdir(), 'tuned-'));
const encoder = join(place, 'small-encoder');
const small = {
  ...quick,
  model: 'vision-only',
  heads: 'classification',
  bootstrap: 0,
  epochs: 2,
  losses: { contrastive: 0, orthogonal: 0, graph: 0 },
};
const configOf = (ofEncoder: object, more: object = {}) =>
  resolveConfig({
    ...small,
    encoder: { kind: 'frozen', imageBranch: 'off', tuneLayers: 0, ...ofEncoder },
    ...more,
  } as PartialConfig);
let data: OpenedDataset;
const options = (name: string, more: Partial<TrainOptions>): TrainOptions => ({
  data,
  config: configOf({ tune: 'last' }),
  encoder,
  out: join(place, name),
  ...more,
});

/** An encoder of random weights: a convolution with a norm, another one, and the mean. */
async function writeEncoder(): Promise<void> {
  const random = new RandomStream({ seed: 3, purpose: 'encoder' });
  const weight = (...shape: number[]) => ({
    shape,
    data: random.normals(
      shape.reduce((size, one) => size * one, 1),
      0.4,
    ),
  });
  const all = (value: number) => ({ shape: [4], data: new Float32Array(4).fill(value) });
  mkdirSync(encoder, { recursive: true });
  const content = await writeOnnxModel({
    name: 'small',
    inputs: [{ name: 'pixel_values', shape: ['batch', 1, 16, 16] }],
    outputs: [
      { name: 'features', shape: ['batch', 6] },
      { name: 'feature_map', shape: ['batch', 6, 4, 4] },
    ],
    nodes: [
      {
        operation: 'Conv',
        inputs: ['pixel_values', 'w1', 'b1'],
        outputs: ['c1'],
        attributes: { pads: [1, 1, 1, 1], strides: [2, 2] },
      },
      { operation: 'BatchNormalization', inputs: ['c1', 'one', 'zero', 'zero', 'one'], outputs: ['n1'] },
      { operation: 'Relu', inputs: ['n1'], outputs: ['r1'] },
      { operation: 'MaxPool', inputs: ['r1'], outputs: ['p1'], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
      { operation: 'Conv', inputs: ['p1', 'w2', 'b2'], outputs: ['feature_map'] },
      { operation: 'GlobalAveragePool', inputs: ['feature_map'], outputs: ['mean'] },
      { operation: 'Flatten', inputs: ['mean'], outputs: ['features'] },
    ],
    constants: new Map([
      ['w1', weight(4, 1, 3, 3)],
      ['b1', weight(4)],
      ['one', all(1)],
      ['zero', all(0)],
      ['w2', weight(6, 4, 1, 1)],
      ['b2', weight(6)],
    ]),
  });
  writeFileSync(join(encoder, 'model.onnx'), content);
  writeFileSync(
    join(encoder, 'preprocess.json'),
    JSON.stringify({ size: 16, image_mean: [0.4], image_std: [0.3], rescale_factor: 1 / 255 }),
  );
}

function contentOf(folder: string): Map<string, string> {
  const files = (readdirSync(folder, { recursive: true }) as string[]).filter((file) =>
    statSync(join(folder, file)).isFile(),
  );
  return new Map(files.sort().map((file) => [file, readFileSync(join(folder, file)).toString('base64')]));
}

beforeAll(async () => {
  await startEngine('wasm');
  data = await openDataset(await madeUpData(36));
  await writeEncoder();
});
afterAll(() => rmSync(place, { recursive: true }));

describeWithOnnx('train({ config: { encoder: { tune } } })', () => {
  it.each([
    ['norms', 'small-encoder is tuned (norms): 8 numbers are trained, in the last 2 of 2 layers with weights'],
    ['last', 'small-encoder is tuned (last): 78 numbers are trained, in the last 2 of 2 layers with weights'],
    ['lora', 'small-encoder is tuned (lora): 40 numbers are trained, in the last 2 of 2 layers with weights'],
  ])('trains %s, and its ONNX file predicts what the training evaluated', async (tune, remark) => {
    const remarks: string[] = [];
    const out = join(place, tune);
    const run = await train(
      options(tune, {
        config: configOf({ tune }),
        on: { remark: (text) => remarks.push(text) },
      }),
    );
    expect(remarks).toContain(remark);
    expect(existsSync(join(out, 'encoder', 'preprocess.json'))).toBe(true);
    const moved = join(place, `${tune}-moved`);
    renameSync(out, moved);
    const predictor = await openPredictor(moved);
    const { samples, labels, probabilities } = await readPredictions(moved);
    const [first] = samples;
    const { image } = data.dataset.samples.find(({ id }) => id === first.id)!;
    const predicted = await predictor.predict(image as string);
    labels.forEach((label, i) => expect(predicted.labels[label].probability).toBeCloseTo(probabilities[i], 4));
    await predictor.dispose();
    const again = await evaluateRun({ run: moved, data, split: 'test', out: join(place, `${tune}-again`) });
    expect(again.evaluation.macro.auroc).toBeCloseTo(run.evaluation.macro.auroc!, 6);
    expect(await extract({ data, encoder: join(moved, 'encoder'), out: join(place, `${tune}-store`) })).toMatchObject({
      dim: 6,
      encoder: 'encoder',
    });
  });

  it('trains what is on an encoder that stands still as on its stored features', async () => {
    const still = { rotation: 0, translation: 0, scale: 0, brightness: 0, contrast: 0 };
    const more = { learningRates: { encoder: 0 }, augmentation: still, weightDecay: 0 };
    await train(options('in-steps', { config: configOf({ tune: 'last' }, more) }));
    await train(options('stored', { config: configOf({ tune: 'none', views: 1 }, more) }));
    const [inSteps, stored] = ['in-steps', 'stored'].map((name) => readHistory(join(place, name)).epochs);
    inSteps.forEach(({ loss, validation }, i) => {
      expect(loss).toBeCloseTo(stored[i].loss, 2);
      expect(validation).toBeCloseTo(stored[i].validation!, 2);
    });
  });

  it('changes the encoder by its learning rate, and what is beside it too', async () => {
    const still = configOf({ tune: 'last', imageBranch: 'on' }, { learningRates: { encoder: 0 }, weightAveraging: 0 });
    await train(options('still', { config: still }));
    expect(readFileSync(join(place, 'still', 'encoder', 'model.onnx'))).toEqual(
      readFileSync(join(encoder, 'model.onnx')),
    );
    await train(options('moving', { config: configOf({ tune: 'last', imageBranch: 'on' }) }));
    expect(readFileSync(join(place, 'moving', 'encoder', 'model.onnx'))).not.toEqual(
      readFileSync(join(encoder, 'model.onnx')),
    );
  });

  it('continues bit for bit where it was stopped', async () => {
    await train(options('whole', {}));
    const stop = new AbortController();
    const stopped = options('resumed', {
      signal: stop.signal,
      on: { step: ({ step }) => void (step === 2 && stop.abort(new Error('stop'))) },
    });
    await expect(train(stopped)).rejects.toThrow('stop');
    await train(options('resumed', { resume: true }));
    const [whole, resumed] = ['whole', 'resumed'].map((name) => contentOf(join(place, name)));
    for (const file of ['encoder/model.onnx', 'model/model.safetensors', 'evaluation.json'])
      expect([file, resumed.get(file) === whole.get(file)]).toEqual([file, true]);
    rmSync(join(place, 'resumed', 'encoder'), { recursive: true });
    await train(options('resumed', { resume: true }));
    expect(contentOf(join(place, 'resumed')).get('encoder/model.onnx')).toBe(whole.get('encoder/model.onnx'));
  });

  it('reports a store that is not read, and refuses to tune without an encoder, or what is not frozen', async () => {
    const remarks: string[] = [];
    const features = join(place, 'none');
    await train(
      options('unread', {
        features,
        config: configOf({ tune: 'norms' }, { epochs: 1 }),
        on: { remark: (text) => remarks.push(text) },
      }),
    );
    expect(remarks).toContain(`${features} is not read: an encoder that is tuned encodes the images of each step`);
    expect(existsSync(features)).toBe(false);
    await expect(train(options('nothing', { encoder: undefined }))).rejects.toThrow(
      'expected the folder of a frozen encoder in ONNX, which encoder.tune changes, got none; name it (encoder)',
    );
    await expect(train(options('archive', { unlabelled: data }))).rejects.toThrow(
      'expected encoder.tune none with images without labels, whose pseudo-labels train stored views, got a tuned encoder; leave one of them out, or pretrain the encoder on those images',
    );
    for (const wrong of [{ kind: 'conv', tune: 'last' }, { tune: 'last', views: 2 }, { tuneLayers: 2 }])
      expect(() => configOf(wrong)).toThrow('expected tune none unless kind is frozen, views 0 with it');
  });
});
