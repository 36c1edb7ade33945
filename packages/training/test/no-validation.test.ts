import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { thresholdOriginOf } from '@cxr-align/classifier';
import { startEngine } from '@cxr-align/engine';
import { selectSamples } from '@cxr-align/datasets';
import { madeUpData, quick } from '@cxr-align/testkit';
import { makeConfig, readTrainedModel, resolveConfig, type PartialConfig } from '../src/config/config.js';
import { readHistory } from '../src/history.js';
import { openDataset, type OpenedDataset } from '../src/inputs/prepare-data.js';
import { changeThresholds } from '../src/thresholds/change-thresholds.js';
import { readTrainingData } from '../src/training-data.js';
import { train } from '../src/train/train.js';
import type { TrainOptions } from '../src/train/train-options.js';

const place = mkdtempSync(join(tmpdir(), 'no-validation-'));
const small = { ...quick, model: 'linear', bootstrap: 0, epochs: 3, validation: 'none' };
const config = resolveConfig(small as PartialConfig);
let data: OpenedDataset;
const options = (name: string, more: Partial<TrainOptions> = {}): TrainOptions => ({
  data,
  config,
  out: join(place, name),
  ...more,
});

/** All files of a folder, by their names: the bytes. */
function contentOf(name: string): Map<string, string> {
  const folder = join(place, name);
  const files = (readdirSync(folder, { recursive: true }) as string[]).filter((file) =>
    statSync(join(folder, file)).isFile(),
  );
  return new Map(files.sort().map((file) => [file, readFileSync(join(folder, file)).toString('base64')]));
}

beforeAll(async () => {
  await startEngine('wasm');
  data = await openDataset(await madeUpData(36));
});
afterAll(() => rmSync(place, { recursive: true }));

describe('train({ config: { validation: none } })', () => {
  it('keeps the last epoch, with thresholds of 0.5, no calibration and no score of validation, and reports that', async () => {
    const remarks: string[] = [];
    const run = await train(options('none', { on: { remark: (text) => remarks.push(text) } }));
    expect(remarks.join('\n')).toContain(
      'no validation split is used: the averaged weights of the last epoch (3) are kept, thresholds are 0.5, probabilities are not calibrated',
    );
    expect(run).toMatchObject({ bestEpoch: 3, validation: null });
    expect(readHistory(run.path).epochs.map(({ validation }) => validation)).toEqual([null, null, null]);
    const stored = readTrainedModel(run.path);
    expect(stored.thresholds).toEqual([NaN, NaN, NaN, NaN]);
    expect(stored.calibrations[0]).toEqual({
      calibration: { kind: 'none' },
      conformal: null,
      operating: {},
      prior: null,
    });
    expect(thresholdOriginOf(stored)).toBe('0.5: nothing was fitted, for no validation split was used');
    expect(run.evaluation.labels.A).toMatchObject({
      threshold: 0.5,
      operatingPoints: [{ rule: 'none', threshold: 0.5 }],
    });
    expect(existsSync(join(run.path, 'validation.parquet'))).toBe(false);
    await expect(changeThresholds({ run: run.path, rule: 'youden' })).rejects.toThrow('got a run without validation');
    await expect(changeThresholds({ run: run.path, rule: 'youden', data })).rejects.toThrow('without validation');
    expect((await changeThresholds({ run: run.path, labels: { A: 0.3 } })).labels.A.threshold).toBe(0.3);
  });
  it('learns nothing from the validation split, whose scores are those of images that chose nothing', async () => {
    const run = await train(options('val', { split: 'val' }));
    expect(run.evaluation).toMatchObject({ split: 'val', remarks: [] });
    const { samples, annotations } = data.dataset;
    const values = annotations.values.map((value, at) =>
      samples[Math.floor(at / 4)].split === 'val' ? 1 - value : value,
    );
    const other = { ...data, dataset: { ...data.dataset, annotations: { ...annotations, values } } };
    const again = await train(options('other', { data: other }));
    const [a, b] = [run, again].map(({ path }) => readFileSync(join(path, 'model', 'model.safetensors')));
    expect(a.equals(b)).toBe(true);
    expect(again.evaluation.samples).toBe(samples.filter(({ split }) => split === 'test').length);
  });
  it('is drawn no validation split where the data have none', async () => {
    const { dataset } = data;
    const kept = dataset.samples.flatMap(({ split }, row) => (split === 'val' ? [] : [row]));
    const remarks: string[] = [];
    const without = { ...data, dataset: selectSamples(dataset, kept) };
    await train(options('without', { data: without, on: { remark: (text) => remarks.push(text) } }));
    expect(remarks.join('\n')).not.toContain('were drawn');
    expect(readTrainingData(join(place, 'without'))?.images).toMatchObject({ val: 0, train: 24 });
  });
  it('resumes bit for bit where it was stopped', async () => {
    await train(options('whole'));
    const stop = new AbortController();
    const stopped = train(
      options('stopped', {
        signal: stop.signal,
        on: { step: ({ step }) => step === 3 && stop.abort(new Error('stop')) },
      }),
    );
    await expect(stopped).rejects.toThrow('stop');
    await train(options('stopped', { resume: true }));
    expect(contentOf('stopped')).toEqual(contentOf('whole'));
  });
  it('takes ensemble weights that are given', async () => {
    const given = makeConfig({ layers: [small, { 'encoder.ensembleWeights': [0.2, 0.8] }] });
    expect(given.encoder.ensembleWeights).toEqual([0.2, 0.8]);
  });
  it('refuses what needs a validation split', async () => {
    const of = (changes: object) => () => makeConfig({ layers: [small, changes] });
    expect(of({ patience: 2 })).toThrow('patience: expected 0 unless validation is split');
    expect(of({ calibration: 'platt' })).toThrow('calibration: expected none with validation none');
    expect(of({ conformalAlpha: 0.1 })).toThrow('conformalAlpha: expected 0 with validation none');
    await expect(train(options('x', { config: { ...config, validation: 'folds' } }))).rejects.toThrow(
      'got folds, which a cross-validation sets',
    );
  });
});
