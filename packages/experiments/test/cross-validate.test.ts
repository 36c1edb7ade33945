import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import { compare, type Predictions } from '@cxr-align/evaluation';
import { madeUpData, quick } from '@cxr-align/testkit';
import {
  loadRun,
  openDataset,
  readBranches,
  readPredictions,
  readTrainedModel,
  resolveConfig,
  type OpenedDataset,
  type PartialConfig,
} from '@cxr-align/training';
import { crossValidate, type CrossValidateOptions } from '../src/folds/cross-validate.js';

const place = mkdtempSync(join(tmpdir(), 'folds-'));
const small = { ...quick, model: 'linear', bootstrap: 20, epochs: 1, schedule: 'constant' };
let data: OpenedDataset;
const options = (
  name: string,
  changes: object = {},
  more: Partial<CrossValidateOptions> = {},
): CrossValidateOptions => ({
  data,
  config: resolveConfig({ ...small, ...changes } as PartialConfig),
  folds: 2,
  out: join(place, name),
  engine: 'wasm',
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

const rowOf = ({ samples, labels, probabilities }: Predictions, id: string): number[] => {
  const row = samples.findIndex((sample) => sample.id === id);
  return [...probabilities.subarray(row * labels.length, (row + 1) * labels.length)];
};

beforeAll(async () => {
  await startEngine('wasm');
  data = await openDataset(await madeUpData(36));
});
afterAll(() => rmSync(place, { recursive: true }));

describe('crossValidate(options)', () => {
  it('predicts every labelled image by models that did not see its patient, and evaluates that once', async () => {
    const remarks: string[] = [];
    const run = await crossValidate(
      options(
        'all',
        { calibration: 'platt', conformalAlpha: 0.1 },
        { repeats: 2, on: { remark: (text) => remarks.push(text) } },
      ),
    );
    const labelled = data.dataset.samples.filter(({ split }) => split !== 'test');
    const { evaluation, predictions } = run;
    expect(evaluation).toMatchObject({ split: 'out-of-fold', samples: 30, folds: { folds: 2, repeats: 2 } });
    expect(evaluation.folds!.macro.byRepeat).toHaveLength(2);
    expect(evaluation.folds!.macro.ci[0]!).toBeLessThanOrEqual(evaluation.folds!.macro.mean!);
    expect(predictions.samples.map(({ id }) => id)).toEqual(labelled.map(({ id }) => id));
    expect(evaluation.labels.A.conformal?.alpha).toBe(0.1);
    expect(remarks).toContain('logit = the mean of 4 models');
    for (const repeat of [1, 2]) {
      const seen = new Map<string, string>();
      for (const fold of [1, 2]) {
        const { samples } = readBranches(join(place, 'all', `repeat-${repeat}`, `fold-${fold}`));
        for (const id of samples) {
          expect(seen.has(id)).toBe(false);
          seen.set(id, String(fold));
        }
      }
      expect(seen.size).toBe(30);
      for (const a of labelled)
        for (const b of labelled) if (a.patient === b.patient) expect(seen.get(a.id)).toBe(seen.get(b.id));
      expect((await readPredictions(join(place, 'all', `repeat-${repeat}`))).samples).toHaveLength(30);
    }
  });
  it('is a run: its model is the mean of the logits of the folds, with what was fitted out of fold', async () => {
    const run = loadRun(join(place, 'all'));
    const { evaluation, predictions } = await run.evaluate({ data, split: 'test' });
    expect(evaluation.remarks).toEqual([]);
    const stored = readTrainedModel(run.path);
    expect(stored.members?.map(({ name }) => name)).toEqual([
      'repeat-1/fold-1',
      'repeat-1/fold-2',
      'repeat-2/fold-1',
      'repeat-2/fold-2',
    ]);
    const { slope, intercept } = stored.calibrations[0].calibration as { slope: number; intercept: number };
    const logits = await Promise.all(
      stored.members!.map(async ({ name }) => {
        const one = await loadRun(join(run.path, name)).evaluate({ data, split: 'test' });
        return Float64Array.from(one.predictions.probabilities, (p) => Math.log(p / (1 - p)));
      }),
    );
    const mean = logits.reduce((sum, one) => sum + one[0], 0) / 4;
    expect(predictions.probabilities[0]).toBeCloseTo(1 / (1 + Math.exp(-(slope * mean + intercept))), 5);
    const seen = await run.evaluate({ data, split: 'val' });
    expect(seen.evaluation.remarks).toEqual([
      'optimistic: the model was trained on this split; scores on it are too good',
    ]);
    const predictor = await run.predictor();
    const { labels } = await predictor.predict(data.dataset.samples[5].image as string, { explain: true });
    expect(labels.A.score).toBeCloseTo(rowOf(predictions, data.dataset.samples[5].id)[0], 5);
    expect(labels.A.set).toBeDefined();
    await predictor.dispose();
  });
  it('leaves what is there as it is, makes what is missing again, and refuses other folds and configurations', async () => {
    const again = (changes: object = {}, more: object = {}) =>
      crossValidate(options('all', { calibration: 'platt', conformalAlpha: 0.1, ...changes }, { repeats: 2, ...more }));
    const before = contentOf('all');
    expect((await again()).isNew).toBe(false);
    expect(contentOf('all')).toEqual(before);
    rmSync(join(place, 'all', 'evaluation.json'));
    expect((await again()).isNew).toBe(true);
    expect(contentOf('all')).toEqual(before);
    await expect(again({}, { folds: 3 })).rejects.toThrow('expected the folds of this cross-validation (3 folds');
    await expect(again({ learningRate: 0.1 })).rejects.toThrow('got one with another configuration');
    await expect(again({ patience: 2 })).rejects.toThrow('patience: expected 0 unless validation is split');
    await expect(again({ model: 'aligned', holdOut: ['A'] })).rejects.toThrow(
      'expected no labels that are held out (A) in a cross-validation',
    );
    await expect(again({ encoder: { kind: 'frozen', tune: 'last' } })).rejects.toThrow(
      'expected encoder.tune none in a cross-validation',
    );
  });
  it('takes what is fitted anew from the same folds where only that is changed', async () => {
    const { evaluation, isNew } = await crossValidate(options('all', {}, { repeats: 2 }));
    expect(isNew).toBe(true);
    expect(evaluation).toMatchObject({ calibration: 'none' });
  });
  it('continues where it was killed, and leaves the same bytes as one that was not', async () => {
    await crossValidate(options('whole', { epochs: 3 }));
    const stop = new AbortController();
    const stopped = crossValidate(
      options(
        'killed',
        { epochs: 3 },
        {
          jobs: 1,
          signal: stop.signal,
          on: { progress: ({ task, done }) => task === 'training' && done === 1 && stop.abort(new Error('stop')) },
        },
      ),
    );
    await expect(stopped).rejects.toThrow('stop');
    expect(existsSync(join(place, 'killed', 'evaluation.json'))).toBe(false);
    await crossValidate(options('killed', { epochs: 3 }));
    expect(contentOf('killed')).toEqual(contentOf('whole'));
  });
  it('can be compared with another one, image by image', async () => {
    const [a, b] = await Promise.all(['whole', 'all'].map((name) => readPredictions(join(place, name))));
    expect(compare(a, b, { resamples: 20 }).macro.difference).not.toBeNull();
  });
});

describe('out-of-fold predictions', () => {
  it('are of models that remember other images: a memory of the images themselves scores no better than chance', async () => {
    // Each image has a pixel pattern of its own and a random label: only a model that saw the image knows the label.
    const folder = mkdtempSync(join(tmpdir(), 'memory-'));
    mkdirSync(join(folder, 'images'));
    const { default: sharp } = await import('sharp');
    const { RandomStream } = await import('@cxr-align/random');
    const random = new RandomStream({ seed: 5, purpose: 'memory' });
    const rows = ['image,patientId,split,A'];
    for (let i = 0; i < 40; i++) {
      const pixels = Uint8Array.from({ length: 256 }, () => random.integer(256));
      const file = join(folder, 'images', `${i}.png`);
      await sharp(pixels, { raw: { width: 16, height: 16, channels: 1 } })
        .png()
        .toFile(file);
      rows.push(`${i}.png,p${i},${i < 36 ? 'train' : 'test'},${i % 2}`);
    }
    writeFileSync(join(folder, 'labels.csv'), `${rows.join('\n')}\n`);
    const memory = await openDataset(folder);
    const memorising = {
      epochs: 40,
      learningRate: 0.02,
      weightDecay: 0,
      weightAveraging: 0,
      augmentation: { rotation: 0, translation: 0, scale: 0, brightness: 0, contrast: 0 },
    };
    const run = await crossValidate(options('memory', memorising, { data: memory, folds: 3 }));
    const known = await loadRun(join(run.path, 'repeat-1', 'fold-1')).evaluate({ data: memory, split: 'train' });
    // Two thirds of these images the model has seen.
    expect(known.evaluation.macro.auroc).toBeGreaterThan(0.8);
    expect(run.evaluation.macro.auroc!).toBeLessThan(0.7);
    rmSync(folder, { recursive: true });
  });
});
