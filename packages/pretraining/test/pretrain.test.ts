import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import { OnnxImageEncoder } from '@cxr-align/image-backbone';
import { describeWithOnnx, madeUpData } from '@cxr-align/testkit';
import { extract, openDataset, type OpenedDataset } from '@cxr-align/training';
import { CollapseError, pretrain, type PretrainingEpoch, type PretrainOptions } from '../src/index.js';

const place = mkdtempSync(join(tmpdir(), 'pretrain-'));
let data: OpenedDataset;
const small = { size: 16, channels: [4, 6], epochs: 3, batchSize: 12, embedding: 16 };
const optionsOf = (name: string, more: Partial<PretrainOptions> = {}): PretrainOptions => ({
  data,
  out: join(place, name),
  ...small,
  ...more,
});
const fileOf = (name: string): Buffer => readFileSync(join(place, name, 'model.onnx'));

beforeAll(async () => {
  await startEngine('wasm');
  data = await openDataset(await madeUpData(36));
});
afterAll(() => rmSync(place, { recursive: true }));

describeWithOnnx('pretrain(options)', () => {
  it('writes an encoder in ONNX of training images alone, which extract and itself take', async () => {
    const epochs: PretrainingEpoch[] = [];
    const remarks: string[] = [];
    const made = await pretrain(
      optionsOf('conv', { on: { epoch: (record) => epochs.push(record), remark: (text) => remarks.push(text) } }),
    );
    expect(made).toMatchObject({ images: 24, isNew: true });
    expect(remarks).toContain(
      `24 images of train without their labels, ${made.parameters} numbers of the encoder are trained`,
    );
    expect(made.history).toEqual(epochs);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(epochs[2].loss).toBeLessThan(epochs[0].loss);
    epochs.forEach(({ spread }) => expect(spread).toBeGreaterThan(0.1));
    expect(existsSync(join(place, 'conv', 'checkpoint.safetensors'))).toBe(false);
    const frozen = await OnnxImageEncoder.load(join(place, 'conv'));
    expect(frozen).toMatchObject({
      dim: 6,
      weightsHash: made.sha256,
      preprocessing: { size: 16, kernel: 'linear', fit: 'stretch' },
    });
    await frozen.dispose();
    const store = await extract({ data, encoder: join(place, 'conv'), out: join(place, 'store') });
    expect(store).toMatchObject({ images: 36, dim: 6 });
    const further = await pretrain(
      optionsOf('further', { encoder: join(place, 'conv'), tune: 'last', tuneLayers: 1, epochs: 1 }),
    );
    expect(further.sha256).not.toBe(made.sha256);
    expect(further.parameters).toBeLessThan(made.parameters);
    expect(existsSync(join(place, 'further', 'preprocess.json'))).toBe(true);
  });

  it('pretrains the patch encoder, and uses other splits where that is asked for', async () => {
    const all = {
      kind: 'patch',
      patch: 4,
      dim: 8,
      layers: 1,
      heads: 2,
      epochs: 1,
      splits: ['train', 'val', 'test'],
    } as const;
    expect(await pretrain(optionsOf('patch', all))).toMatchObject({ images: 36 });
  });

  it('continues bit for bit where it was stopped, and leaves a finished one as it is', async () => {
    await pretrain(optionsOf('whole'));
    const stop = new AbortController();
    const stopped = {
      signal: stop.signal,
      on: { epoch: ({ epoch }: PretrainingEpoch) => void (epoch === 1 && stop.abort(new Error('stop'))) },
    };
    await expect(pretrain(optionsOf('resumed', stopped))).rejects.toThrow('stop');
    await expect(pretrain(optionsOf('resumed'))).rejects.toThrow(
      'expected a folder without an encoder, got one; resume it, overwrite it, or use another folder',
    );
    await expect(pretrain(optionsOf('resumed', { resume: true, seed: 2 }))).rejects.toThrow(
      'expected the checkpoint of a pretraining with these images and settings, got one of others; continue it with those, or overwrite it',
    );
    const remarks: string[] = [];
    await pretrain(optionsOf('resumed', { resume: true, on: { remark: (text) => remarks.push(text) } }));
    expect(remarks).toContain('resumed after epoch 1 of 3');
    expect(fileOf('resumed')).toEqual(fileOf('whole'));
    expect(await pretrain(optionsOf('resumed', { resume: true }))).toMatchObject({ isNew: false, images: 24 });
    await expect(pretrain(optionsOf('resumed', { resume: true, seed: 2 }))).rejects.toThrow(
      'expected an encoder of these images and settings, got one of others; overwrite it, or use another folder',
    );
    await pretrain(optionsOf('resumed', { overwrite: true, seed: 2 }));
    expect(fileOf('resumed')).not.toEqual(fileOf('whole'));
  });

  it('ends aloud where the embeddings collapse', async () => {
    const collapsing = {
      weights: { invariance: 25, variance: 0, covariance: 0 },
      learningRate: 0.1,
      epochs: 40,
      weightDecay: 0,
    };
    const made = pretrain(optionsOf('collapsed', collapsing));
    await expect(made).rejects.toThrow(CollapseError);
    await expect(made).rejects.toThrow(
      /the embeddings collapsed in epoch \d+: their standard deviation is 0\.0\d*, below 0\.05/,
    );
    expect(existsSync(join(place, 'collapsed', 'model.onnx'))).toBe(false);
  });

  it('refuses too few images, values out of range, and folders that are not its own', async () => {
    await expect(pretrain(optionsOf('few', { batchSize: 32 }))).rejects.toThrow(
      'expected at least 32 images (batchSize) of train, got 24; use smaller batches, or more splits',
    );
    await expect(pretrain(optionsOf('wrong', { epochs: 0 }))).rejects.toThrow(
      'expected epochs to be a whole number of 1 or more, got 0',
    );
    await expect(pretrain(optionsOf('wrong', { learningRate: 0 }))).rejects.toThrow(
      'expected learningRate to be a number above 0, got 0',
    );
    const other = join(place, 'other');
    await expect(pretrain(optionsOf('other', { encoder: other }))).rejects.toThrow(
      'expected another folder for the pretrained encoder than that of the encoder, got the same',
    );
    await pretrain(optionsOf('elsewhere', { epochs: 1 }));
    rmSync(join(place, 'elsewhere', 'pretraining.json'));
    writeFileSync(join(place, 'elsewhere', 'note.txt'), 'mine');
    await expect(pretrain(optionsOf('elsewhere', { resume: true }))).rejects.toThrow(
      'expected a pretraining to resume, got an encoder that is from elsewhere; use another folder',
    );
  });
});
