import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { joinDescriptions, joinMaps, openPredictor } from '@cxr-align/classifier';
import { FeatureStore, FeatureStoreWriter } from '@cxr-align/datasets';
import { startEngine } from '@cxr-align/engine';
import { averagePoolModel, describeWithOnnx, expectClose, madeUpData, quick } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { resolveConfig, type PartialConfig } from '../src/config/config.js';
import { evaluateRun } from '../src/evaluate/evaluate-run.js';
import { extract } from '../src/inputs/extract.js';
import { openDataset, type OpenedDataset } from '../src/inputs/prepare-data.js';
import { train } from '../src/train/train.js';

const place = mkdtempSync(join(tmpdir(), 'joined-'));
const [a, b] = ['a', 'b'].map((name) => join(place, name));
const configOf = (changes: object) =>
  resolveConfig({ ...quick, model: 'linear', bootstrap: 0, epochs: 2, ...changes } as PartialConfig);
let path: string;
let data: OpenedDataset;

/** An encoder of 16 × 16 images: the means of windows. */
function encoderOf(name: string, window: number, channels: number): string {
  const folder = mkdtempSync(join(tmpdir(), `encoder-${name}-`));
  writeFileSync(join(folder, 'model.onnx'), averagePoolModel({ channels, window, output: 'both' }));
  writeFileSync(join(folder, 'preprocess.json'), JSON.stringify({ size: 16 }));
  return folder;
}

beforeAll(async () => {
  await startEngine('wasm');
  path = await madeUpData();
  data = await openDataset(path);
});
afterAll(() => rmSync(place, { recursive: true }));

const partOf = (grid: number, dim: number) =>
  ({
    kind: 'features',
    grid,
    dim,
    dtype: 'float16',
    source: { encoder: `of ${grid}`, weightsHash: String(grid), preprocessing: {} },
    encoder: null,
  }) as const;

describe('features of several encoders', () => {
  it('lie side by side, a coarse map repeated over the finer grid', () => {
    const fine = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
    const coarse = tf.tensor4d([10, 20], [1, 1, 1, 2]);
    expectClose(joinMaps([fine, coarse], 2), [1, 10, 20, 2, 10, 20, 3, 10, 20, 4, 10, 20]);
    const wide = joinMaps([tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]), tf.zeros([1, 4, 4, 1])], 4);
    expectClose(tf.slice(wide, [0, 0, 0, 0], [1, 4, 4, 1]), [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
    expect(joinDescriptions([partOf(1, 3), partOf(4, 5)])).toMatchObject({
      grid: 4,
      dim: 8,
      source: { encoder: 'of 1 + of 4', weightsHash: '1+4' },
    });
  });
  it('are refused where no grid divides the other', () => {
    expect(() => joinDescriptions([partOf(4, 1), partOf(6, 1)])).toThrow(
      'expected feature maps whose grids divide the largest one, 6 × 6, to be joined, got 4 × 4 of of 4',
    );
  });
});

describeWithOnnx('train(options) with joined stores', () => {
  it('joins them by image, keeps what each encoder is, and predicts images by both', async () => {
    const [one, two] = [encoderOf('a', 4, 2), encoderOf('b', 8, 1)];
    await extract({ data, encoder: one, out: a, map: true, views: 2 });
    // In another order: they are joined by name.
    const reversed = { ...data, dataset: { ...data.dataset, samples: [...data.dataset.samples].reverse() } };
    await extract({ data: reversed, encoder: two, out: b, views: 2, dtype: 'float32' });
    const run = join(place, 'run');
    const config = configOf({ encoder: { kind: 'frozen' }, model: 'vision-only', heads: 'classification' });
    const stores = { features: a, joined: [{ features: b, encoder: two }], encoder: one };
    const { stored, predictions } = await train({ data, config, out: run, ...stores });
    expect(stored.input).toMatchObject({ kind: 'features', grid: 4, dim: 3 });
    const { input } = JSON.parse(readFileSync(join(run, 'model', 'config.json'), 'utf8'));
    expect(input.joined.map(({ encoder }: { encoder: string }) => encoder)).toEqual([one, two]);
    const hashes = [a, b].map((folder) => new FeatureStore(folder).index.weightsHash);
    expect(input.joined.map((part: { source: { weightsHash: string } }) => part.source.weightsHash)).toEqual(hashes);
    const again = await evaluateRun({ run, data, split: 'test', features: a, joined: [{ features: b }] });
    expect([...again.predictions.probabilities]).toEqual([...predictions.probabilities]);
    const predictor = await openPredictor(run);
    const { labels, samples } = predictions;
    const { labels: predicted } = await predictor.predict(join(path, 'images', samples[3].id));
    labels.forEach((label, i) =>
      expect(predicted[label].score).toBeCloseTo(predictions.probabilities[3 * labels.length + i], 3),
    );
    await predictor.dispose();
    await expect(openPredictor(run, { encoder: [one] })).rejects.toThrow('expected the 2 encoders of this run');
    await expect(openPredictor(run, { encoder: [two, one] })).rejects.toThrow(
      'expected the encoder that the model was',
    );
    await expect(evaluateRun({ run, data, features: a })).rejects.toThrow('expected 2 feature stores, of ');
    await expect(evaluateRun({ run, data, features: b, joined: [{ features: a }] })).rejects.toThrow(
      'expected features as the model was trained on',
    );
  });
  it('names a store that lacks images, and how many', async () => {
    const few = join(place, 'few');
    const { ids, contents, ...index } = new FeatureStore(b).index;
    const writer = new FeatureStoreWriter(few, index, { dim: 1, grid: 1, views: 1, dtype: 'float32' });
    writer.append(
      ids.slice(0, 90).map((id, i) => ({ id, content: contents[i] })),
      new Float32Array(90),
    );
    writer.finish([]);
    const config = configOf({ encoder: { kind: 'frozen' } });
    const options = { data, config, out: join(place, 'x'), features: a };
    await expect(train({ ...options, joined: [{ features: few }] })).rejects.toThrow(
      /few: expected features of all 96 images of .*, got none of 6, the first/,
    );
    const tuned = configOf({ encoder: { kind: 'frozen', tune: 'norms' } });
    await expect(train({ ...options, config: tuned, joined: [{ features: b }], encoder: place })).rejects.toThrow(
      'expected one encoder with encoder.tune=norms, got 2',
    );
    await expect(
      train({ ...options, joined: [{ features: b }], unlabelled: data, unlabelledFeatures: a }),
    ).rejects.toThrow('expected other images without labels in the stores of the data where the features of several');
    await expect(
      train({ ...options, config: configOf({ encoder: { kind: 'frozen' }, model: 'logistic' }), unlabelled: data }),
    ).rejects.toThrow('expected no other images without labels with model logistic, which takes no pseudo-labels');
  });
});
