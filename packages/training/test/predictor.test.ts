import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  drawLabelMap,
  folderHash,
  loadModel,
  openPredictor,
  Predictor,
  type ImageSource,
  type LabelPrediction,
} from '@cxr-align/classifier';
import { startEngine, type Engine } from '@cxr-align/engine';
import { openParquet } from '@cxr-align/files';
import { decodeImage, imageSize } from '@cxr-align/image-backbone';
import { greyDicomElements, madeUpData, quick, writeDicom } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { checkConfig } from '../src/config/config.js';
import { readPredictions } from '../src/evaluate/predictions-file.js';
import { silentProgress } from '../src/progress.js';
import { trainRun } from './run-helpers.js';

let engine: Engine;
let path: string;
const place = mkdtempSync(join(tmpdir(), 'predictor-'));
const train = (name: string, changes: object) =>
  trainRun(
    { path, out: join(place, name), config: checkConfig({ ...quick, ...changes }, 'test') },
    engine,
    silentProgress,
  );
const imageOf = (id: string): string => join(path, 'images', id);

beforeAll(async () => {
  engine = await startEngine('wasm');
  path = await madeUpData();
  await train('plain', {});
});

/** Predictions of every image of the test split, with what the evaluation of the run has for them. */
async function withEvaluated(run: string) {
  const evaluated = await readPredictions(join(place, run));
  const predictor = await openPredictor(join(place, run));
  const files = evaluated.samples.map(({ id }) => imageOf(id));
  const predicted = await predictor.predict(files, { explain: true });
  await predictor.dispose();
  const evaluation = JSON.parse(readFileSync(join(place, run, 'evaluation.json'), 'utf8'));
  return { evaluated, predicted, files, evaluation };
}

/** The parts of an explanation sum to the probability, and on its scale to the log-odds. */
function expectSums({ probability, explanation }: LabelPrediction): void {
  const { parts, value, start } = explanation!;
  expect(explanation!.probability).toBe(probability);
  expect(Math.abs(0.5 + parts.reduce((sum, { change }) => sum + change, 0) - probability)).toBeLessThan(1e-6);
  const sum = parts.reduce((total, { contribution }) => total + contribution!, start);
  expect(Math.abs(sum - value!)).toBeLessThan(1e-6);
  expect(Math.abs(1 / (1 + Math.exp(-sum)) - probability)).toBeLessThan(1e-6);
}

describe('Predictor.predict(image) of DICOM', () => {
  it('refuses another modality, of a path and of bytes, unless asked to predict it', async () => {
    const bytes = writeDicom(greyDicomElements(new Array<number>(400).fill(7), { '00080060': ['CS', 'MG'] }));
    const file = join(place, 'breast.jpg');
    writeFileSync(file, bytes);
    const predictor = await openPredictor(join(place, 'plain'));
    await expect(predictor.predict(file)).rejects.toThrow(/breast\.jpg: expected a chest radiograph .*got Modality MG/);
    await expect(predictor.predict(bytes)).rejects.toThrow(/got Modality MG; .*\(anyModality\)/);
    const { labels } = await predictor.predict(bytes, { anyModality: true });
    expect(Object.keys(labels)).toEqual([...predictor.labels]);
    await predictor.dispose();
  });
});

describe('openPredictor(run)', () => {
  it.each([
    ['raw probabilities', { epochs: 2 }],
    ['coherent probabilities', { enforceHierarchy: true }],
    ['calibrated probabilities with conformal sets', { calibration: 'platt', conformalAlpha: 0.2 }],
    ['a label that is held out', { holdOut: ['A/C'] }],
    ['a baseline, whose displayed probabilities would call others', { model: 'linear' }],
  ])('calls the same images as the evaluation: %s', async (name, changes) => {
    await train(name, changes);
    const { evaluated, predicted, files, evaluation } = await withEvaluated(name);
    const { labels, probabilities, targets, samples } = evaluated;
    expect(samples.length).toBeGreaterThan(10);
    expect(predicted.map(({ file }) => file)).toEqual(files);
    let displayedDiffers = 0;
    const called = Object.fromEntries(labels.map((label) => [label, { positive: 0, true: 0 }]));
    predicted.forEach((image, row) => {
      expect(Object.keys(image.labels).sort()).toEqual([...labels].sort());
      labels.forEach((label, column) => {
        const { score, threshold, positive, probability } = image.labels[label];
        const at = row * labels.length + column;
        expect(Math.abs(score - probabilities[at])).toBeLessThan(1e-6);
        expect(threshold).toBeCloseTo(evaluation.labels[label].threshold, 9);
        expect(positive).toBe(probabilities[at] >= evaluation.labels[label].threshold);
        expect(probability).toBeGreaterThanOrEqual(score);
        expectSums(image.labels[label]);
        displayedDiffers += Number(positive !== Number(probability.toFixed(6)) >= threshold);
        if (targets[at] === 1) {
          called[label].positive++;
          called[label].true += Number(positive);
        }
      });
      for (const child of ['A/B', 'A/C'])
        expect(image.labels.A.probability).toBeGreaterThanOrEqual(image.labels[child].probability);
    });
    expect(evaluation.identity).toMatchObject({
      model: folderHash(join(place, name, 'model')),
      data: evaluation.dataSha256,
      engine: expect.stringMatching(/^wasm/),
      thresholds: 'fitted on validation by youden',
    });
    const { notes, close } = await openParquet(join(place, name, 'predictions.parquet'));
    await close();
    expect(JSON.parse(notes.get('cxr-align')!)).toMatchObject({ ...evaluation.identity, split: 'test' });
    if (name.startsWith('a baseline')) expect(displayedDiffers).toBeGreaterThan(0);
    for (const label of labels)
      expect(called[label].true / called[label].positive).toBeCloseTo(evaluation.labels[label].sensitivity, 9);
  });
  it('predicts a path, the bytes of the file and its pixels alike', async () => {
    const predictor = await openPredictor(join(place, 'plain'));
    const file = imageOf('3.png');
    const { width, height } = await imageSize(file);
    const data = await decodeImage(file, { size: width, fit: 'stretch' });
    const colour = Uint8ClampedArray.from({ length: 4 * data.length }, (_, i) => (i % 4 === 3 ? 255 : data[i >> 2]));
    const byPath = await predictor.predict(file);
    expect(byPath.file).toBe(file);
    const others = await predictor.predict([
      readFileSync(file),
      { data, width, height },
      { data: colour, width, height },
    ]);
    for (const other of others) expect(other).toEqual({ labels: byPath.labels });
    await predictor.dispose();
  });
  it('predicts, explains and maps without keeping tensors, and releases all of them', async () => {
    const before = tf.memory().numTensors;
    const predictor = await openPredictor(join(place, 'plain'));
    const options = { explain: true, map: { label: 'a_b' } };
    const first = await predictor.predict(imageOf('0.png'), options);
    const held = tf.memory().numTensors;
    for (let i = 0; i < 20; i++) await predictor.predict(imageOf(`${i}.png`), { ...options, zeroShot: i % 2 === 1 });
    expect(tf.memory().numTensors).toBe(held);
    expect(first.labels.D.explanation!.promptsAlone!.observations.length).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(first))).toEqual(first);
    await predictor.dispose();
    await predictor.dispose();
    expect(tf.memory().numTensors).toBe(before);
    await expect(predictor.predict(imageOf('0.png'))).rejects.toThrow('got one that was disposed');
  });
  it('maps a label as data that can be drawn', async () => {
    const predictor = await openPredictor(join(place, 'plain'));
    const image = imageOf('2.png');
    const { map, labels } = await predictor.predict(image, { map: true });
    const best = Object.keys(labels).reduce((a, b) => (labels[b].probability > labels[a].probability ? b : a));
    const { width: w, height: h } = await imageSize(image);
    expect(map).toMatchObject({ label: best, kind: 'occlusion', window: { x: 0, y: 0, w, h } });
    expect(map!.values).toHaveLength(map!.grid ** 2);
    const drawn = await drawLabelMap(image, map!);
    expect(await imageSize(drawn)).toEqual({ width: w, height: h });
    expect(await drawLabelMap(readFileSync(image), map!)).toEqual(drawn);
    await predictor.dispose();
  });
  it('keeps nothing of images that fail, and predicts the next one', async () => {
    const predictor = await openPredictor(join(place, 'plain'));
    const image = imageOf('1.png');
    const sound = await predictor.predict(image);
    const held = tf.memory().numTensors;
    const broken = join(place, 'broken.png');
    writeFileSync(broken, readFileSync(image).subarray(0, 60));
    await expect(predictor.predict([image, broken])).rejects.toThrow('broken.png');
    await expect(predictor.predict('nowhere.png')).rejects.toThrow('got no such file');
    await expect(predictor.predict(Buffer.from('text'))).rejects.toThrow('expected an image');
    const pixels = (data: unknown, width = 2, height = 2) => predictor.predict({ data, width, height } as ImageSource);
    await expect(pixels(new Float32Array(4))).rejects.toThrow('expected pixels as a Uint8Array');
    await expect(pixels(new Uint8Array(5))).rejects.toThrow('got 5 values');
    await expect(pixels(new Uint8Array(4), -2, -2)).rejects.toThrow('expected width and height of 1 or more');
    await expect(pixels(new Uint8Array(16))).rejects.toThrow('got transparent ones');
    await expect(predictor.predict(7 as never)).rejects.toThrow('expected an image as a path');
    expect(tf.memory().numTensors).toBe(held);
    expect(await predictor.predict(image)).toEqual(sound);
    await predictor.dispose();
  });
  it('refuses options that it cannot follow, by name', async () => {
    const predictor = await openPredictor(join(place, 'plain'));
    const refuses = (options: object, text: string) => {
      expect(() => predictor.check(options)).toThrow(text);
    };
    refuses({ explane: true }, 'got explane; try explain');
    refuses({ map: 'D' }, 'expected map to be true or { label, kind }, got string');
    refuses({ map: { label: 'DD' } }, 'got DD; try D');
    refuses({ map: { kinds: 'gradient' } }, 'got kinds');
    refuses({ map: { kind: 'saliency' } }, 'got saliency');
    await predictor.dispose();
    await train('vision-only', { model: 'vision-only' });
    const vision = await openPredictor(join(place, 'vision-only'));
    expect(vision.mapKinds).toEqual(['occlusion', 'gradient']);
    expect(vision.mapObstacle()).toBeUndefined();
    expect(() => vision.check({ map: { kind: 'attention' } })).toThrow('which this predictor has, got attention');
    expect(() => vision.check({ zeroShot: true })).toThrow('expected a run that knows the observations');
    const { labels } = await vision.predict(imageOf('0.png'), { explain: true });
    expect(labels.D.explanation).toMatchObject({ parts: [{ kind: 'score', name: 'decoder, classification head' }] });
    expectSums(labels.D);
    await vision.dispose();
  });
  it('releases the model when it cannot be opened', async () => {
    const before = tf.memory().numTensors;
    await expect(openPredictor(join(place, 'plain'), { encoder: place })).rejects.toThrow('expected no frozen encoder');
    expect(tf.memory().numTensors).toBe(before);
    const loaded = loadModel(join(place, 'plain'));
    const predictor = await openPredictor(loaded);
    expect(predictor).toBeInstanceOf(Predictor);
    await predictor.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
