import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ImageSource, openPredictor, type Predictor } from '@cxr-align/classifier';
import { startEngine } from '@cxr-align/engine';
import { averagePoolModel, describeWithOnnx, madeUpData, quick } from '@cxr-align/testkit';
import { resolveConfig, type PartialConfig } from '../src/config/config.js';
import { evaluateRun } from '../src/evaluate/evaluate-run.js';
import { extract } from '../src/inputs/extract.js';
import { openDataset, type OpenedDataset } from '../src/inputs/prepare-data.js';
import { train } from '../src/train/train.js';

const place = mkdtempSync(join(tmpdir(), 'test-views-'));
const [images, features] = [join(place, 'images'), join(place, 'features')];
const configOf = (changes: object) =>
  resolveConfig({ ...quick, model: 'linear', bootstrap: 0, epochs: 2, ...changes } as PartialConfig);
let path: string;
let data: OpenedDataset;

beforeAll(async () => {
  await startEngine('wasm');
  path = await madeUpData();
  data = await openDataset(path);
  // A flip that is wanted in training is none of a prediction.
  await train({ data, config: configOf({ augmentation: { flip: 1 } }), out: images });
});
afterAll(() => rmSync(place, { recursive: true }));

const logit = (p: number): number => Math.log(p / (1 - p));

describe('test-time augmentation', () => {
  it('averages the logits of views, the first of the image as it is, alike in an evaluation and a prediction', async () => {
    const [one, two, three] = await Promise.all(
      [1, 2, 3].map((testViews) => evaluateRun({ run: images, data, split: 'test', testViews })),
    );
    const of = ({ predictions }: typeof one): number[] => [...predictions.probabilities].map(logit);
    const [first, both, all] = [one, two, three].map(of);
    const second = both.map((value, at) => 2 * value - first[at]);
    const third = all.map((value, at) => 3 * value - 2 * both[at]);
    const distance = (a: number[], b: number[]): number => Math.max(...a.map((value, at) => Math.abs(value - b[at])));
    expect(distance(first, second)).toBeGreaterThan(0.001);
    expect(distance(second, third)).toBeGreaterThan(0.001);
    // A mirrored image has its findings on the other side.
    expect(distance(first, second)).toBeLessThan(
      0.5 *
        distance(
          first,
          first.map((_, at) => first[(at + 8) % first.length]),
        ),
    );
    expect(three.remarks).toContain(
      'test-time augmentation: logits are means over 3 views of each image; thresholds and calibration were fitted on one',
    );
    expect((one.evaluation as { remarks?: string[] }).remarks?.join() ?? '').not.toContain('test-time');
    const predictor = await openPredictor(images);
    const { samples, labels } = three.predictions;
    const { labels: predicted } = await predictor.predict(join(path, 'images', samples[5].id), { testViews: 3 });
    labels.forEach((label, i) =>
      expect(predicted[label].score).toBeCloseTo(three.predictions.probabilities[5 * labels.length + i], 5),
    );
    await predictor.dispose();
  });
  it('is refused where it has no meaning', async () => {
    const predictor: Predictor<ImageSource> = await openPredictor(images);
    const image = join(path, 'images', '0.png');
    await expect(predictor.predict(image, { testViews: 2, explain: true })).rejects.toThrow(
      'expected one view of the image (testViews) with explain, which is of the image as it is, got 2',
    );
    await expect(predictor.predict(image, { testViews: 1.5 })).rejects.toThrow(
      'expected testViews to be a whole number',
    );
    await predictor.dispose();
    await expect(evaluateRun({ run: images, data, testViews: 0 })).rejects.toThrow(
      'expected testViews to be a whole number of 1 or more, got 0',
    );
  });
});

describeWithOnnx('test-time augmentation of features', () => {
  it('takes the stored views, and no more; of an image that is predicted it encodes views', async () => {
    const encoder = mkdtempSync(join(tmpdir(), 'encoder-'));
    writeFileSync(join(encoder, 'model.onnx'), averagePoolModel({ channels: 2, window: 4, output: 'both' }));
    writeFileSync(join(encoder, 'preprocess.json'), JSON.stringify({ size: 16 }));
    const store = join(place, 'store');
    await extract({ data, encoder, out: store, views: 3 });
    const config = configOf({ encoder: { kind: 'frozen' } });
    await train({ data, config, out: features, features: store, encoder });
    const run = { run: features, data, features: store, split: 'test' };
    const [one, three] = [await evaluateRun(run), await evaluateRun({ ...run, testViews: 3, out: true })];
    expect(three.folder).toMatch(/views-3$/);
    expect(JSON.parse(readFileSync(join(three.folder!, 'evaluation.json'), 'utf8')).remarks.join()).toContain(
      'means over 3 views',
    );
    expect([...three.predictions.probabilities]).not.toEqual([...one.predictions.probabilities]);
    await expect(evaluateRun({ ...run, testViews: 4 })).rejects.toThrow(
      'expected features of 4 views of each image, got 3; extract more views into another folder',
    );
    const predictor = await openPredictor(features);
    const image = join(path, 'images', '5.png');
    const [plain, mean] = [await predictor.predict(image), await predictor.predict(image, { testViews: 3 })];
    expect(mean.labels.D.score).not.toBe(plain.labels.D.score);
    expect(Math.abs(mean.labels.D.score - plain.labels.D.score)).toBeLessThan(0.3);
    await predictor.dispose();
  });
});
