import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import { madeUpData, quick } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { resolveConfig, type PartialConfig } from '../src/config/config.js';
import { openDataset, type OpenedDataset } from '../src/inputs/prepare-data.js';
import type { EpochRecord } from '../src/loop/records.js';
import { train } from '../src/train/train.js';
import type { TrainOptions } from '../src/train/train-options.js';

const place = mkdtempSync(join(tmpdir(), 'unlabelled-'));
let path: string;
let data: OpenedDataset;
const fast = { ...quick, bootstrap: 0, epochs: 3, model: 'linear', batchSize: 8 };
const ofSplit = { split: 'train', rampUp: 1 } as const;

async function run(name: string, changes: object, more: Partial<TrainOptions> = {}) {
  const remarks: string[] = [];
  const epochs: EpochRecord[] = [];
  const config = resolveConfig({ ...fast, ...changes } as PartialConfig);
  const on = { remark: (text: string) => remarks.push(text), epoch: (one: EpochRecord) => epochs.push(one) };
  const result = await train({
    data,
    config,
    out: join(place, name),
    trainCount: 20,
    ...more,
    on: { ...on, ...more.on },
  });
  return { ...result, remarks, epochs };
}

const read = (name: string, file: string): Buffer => readFileSync(join(place, name, file));

beforeAll(async () => {
  await startEngine('wasm');
  path = await madeUpData();
  data = await openDataset(path);
});
afterAll(() => rmSync(place, { recursive: true }));

describe('train(options) with images without labels', () => {
  it('trains on the training images that are left out, and logs how many pseudo-labels are right', async () => {
    const before = tf.memory().numTensors;
    const { epochs, remarks } = await run('split', { unlabelled: ofSplit, epochs: 8 });
    expect(tf.memory().numTensors).toBe(before);
    expect(remarks).toContain('44 images without labels of the split train are trained on with pseudo-labels');
    const { pseudoLabels, losses, weights } = epochs[7];
    // Two or three steps of 16 images.
    expect(pseudoLabels!.images).toBe(16 * epochs[0].step);
    const { positive, negative } = pseudoLabels!;
    expect(positive.used).toBe(positive.checked);
    expect(positive.used).toBeGreaterThan(10);
    expect((positive.right + negative.right) / (positive.used + negative.used)).toBeGreaterThan(0.7);
    expect(losses.unlabelled).toBeGreaterThan(0);
    expect(weights.unlabelled).toBe(1);
    expect(epochs[0].weights.unlabelled).toBeLessThan(1);
    const { data: described } = JSON.parse(String(read('split', 'config.json')));
    expect(described.unlabelled).toEqual({ split: 'train', path: null, images: 44, leftOut: 0 });
  });
  it('changes what is learned, and nothing where no pseudo-label is chosen', async () => {
    await run('without', {});
    await run('with', { unlabelled: ofSplit });
    const none = { ...ofSplit, thresholds: 'fixed', positive: 0.999999, negative: 0.999999 };
    const { epochs } = await run('none chosen', { unlabelled: none });
    expect(epochs[2].losses.unlabelled).toBe(0);
    const weightsOf = (name: string): string => read(name, 'model/model.safetensors').toString('base64');
    expect(weightsOf('with')).not.toBe(weightsOf('without'));
    const auroc = (name: string): number => JSON.parse(String(read(name, 'evaluation.json'))).macro.auroc;
    expect(auroc('none chosen')).toBe(auroc('without'));
  });
  it.each<[string, object]>([
    ['a linear baseline, batches together', { model: 'linear', accumulation: 2, batchSize: 4 }],
    ['the aligned model, mixup and balanced sampling', { model: 'aligned', mixup: 0.4, sampling: 'balanced' }],
    ['three classes', { model: 'vision-only', labelPolicy: 'u-multiclass' }],
  ])('is resumed bit for bit: %s', async (name, changes) => {
    const config = { unlabelled: ofSplit, patience: 9, ...changes };
    await run(`${name}, straight`, config);
    const stop = new AbortController();
    const on = { step: ({ step }: { step: number }) => step === 4 && stop.abort(new Error('stopped')) } as never;
    await expect(run(name, config, { on, signal: stop.signal })).rejects.toThrow('stopped');
    await run(name, config, { resume: true });
    for (const file of [
      'history.jsonl',
      'evaluation.json',
      'model/model.safetensors',
      'checkpoints/epoch-0003.safetensors',
    ])
      expect(read(name, file).equals(read(`${name}, straight`, file))).toBe(true);
  });
  it('takes rows without any label as the archive, and trains on the others', async () => {
    const folder = await madeUpData();
    const table = join(folder, 'labels.csv');
    const lines = readFileSync(table, 'utf8').split('\n');
    const emptied = lines.map((line, i) =>
      i % 2 === 1 && line.includes(',train,') ? line.replace(/,[01],[01],[01],[01]$/, ',,,,') : line,
    );
    writeFileSync(table, emptied.join('\n'));
    const opened = await openDataset(folder);
    const { remarks } = await run('rows', { unlabelled: ofSplit }, { data: opened, trainCount: undefined });
    expect(remarks).toContain(
      '32 images without labels of the split train (32 of them have no label in the table) are trained on with pseudo-labels',
    );
  });
  it('takes other data, but none of evaluated patients and none of the same content', async () => {
    const other = await openDataset(await madeUpData(30));
    const { remarks } = await run('other', {}, { unlabelled: other });
    // The patients have the same names, and the images the same bytes.
    expect(remarks.join('\n')).toMatch(
      /20 images without labels of .* are trained on with pseudo-labels; 10 images of evaluated patients are left out/,
    );
    const { data: described } = JSON.parse(String(read('other', 'config.json')));
    expect(described.unlabelled).toMatchObject({ split: null, images: 20, leftOut: 10 });
  });
  it('takes an evaluated split where it is named, and says what that means', async () => {
    const { remarks } = await run('test', { unlabelled: { split: 'test' } });
    expect(remarks).toContain('16 images without labels of the split test are trained on with pseudo-labels');
    expect(remarks.join('\n')).toContain(
      'transductive: the images of the split test, without their labels, are trained on',
    );
  });
  it('is part of what a run is of', async () => {
    await run('identity', { unlabelled: ofSplit, epochs: 1 });
    await expect(
      run('identity', { unlabelled: { ...ofSplit, share: 0.4 }, epochs: 1 }, { resume: true }),
    ).rejects.toThrow('unlabelled.share 0.4 instead of 0.5');
    expect(JSON.parse(String(read('identity', 'identity.json'))).archive.images).toBe(44);
  });
  it('refuses what cannot be trained on', async () => {
    await expect(run('x', { unlabelled: ofSplit }, { trainCount: undefined })).rejects.toThrow(
      'expected training images without labels, got none',
    );
    await expect(run('x', { unlabelled: ofSplit }, { unlabelled: data })).rejects.toThrow(
      "expected images without labels of the data's own split (unlabelled.split=train) or of other data, got both",
    );
    await expect(run('x', { unlabelled: { ...ofSplit, weight: 0 } })).rejects.toThrow(
      'expected unlabelled.weight above 0 with images without labels, got 0',
    );
    const evaluated = {
      ...data,
      dataset: { ...data.dataset, samples: data.dataset.samples.filter(({ split }) => split === 'val') },
    };
    await expect(run('x', {}, { unlabelled: evaluated })).rejects.toThrow(
      'whose patients are not evaluated, got 16 of evaluated patients',
    );
    const noTest = {
      ...data,
      dataset: {
        ...data.dataset,
        samples: data.dataset.samples.map((one) => ({
          ...one,
          split: one.split === 'test' ? ('val' as const) : one.split,
        })),
      },
    };
    await expect(run('x', { unlabelled: { split: 'test' } }, { data: noTest, split: 'val' })).rejects.toThrow(
      'expected images in the split test, got none',
    );
    expect(existsSync(join(place, 'x', 'model'))).toBe(false);
  });
});
