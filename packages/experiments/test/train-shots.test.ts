import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import { compare } from '@cxr-align/evaluation';
import { madeUpData, quick } from '@cxr-align/testkit';
import {
  openDataset,
  readPredictions,
  resolveConfig,
  type OpenedDataset,
  type PartialConfig,
} from '@cxr-align/training';
import { readShotPlan, shotDataset } from '../src/planned/shot-plan.js';
import { trainShots, type TrainShotsOptions } from '../src/shots/train-shots.js';

const place = mkdtempSync(join(tmpdir(), 'shots-'));
const small = { ...quick, model: 'linear', bootstrap: 20, epochs: 1, schedule: 'constant' };
let data: OpenedDataset;
const options = (name: string, changes: object = {}, more: Partial<TrainShotsOptions> = {}): TrainShotsOptions => ({
  data,
  config: resolveConfig({ ...small, ...changes } as PartialConfig),
  shots: 2,
  draws: 2,
  out: join(place, name),
  engine: 'wasm',
  ...more,
});
const json = (...parts: string[]): ReturnType<typeof JSON.parse> =>
  JSON.parse(readFileSync(join(place, ...parts), 'utf8'));

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
  data = await openDataset(await madeUpData());
});
afterAll(() => rmSync(place, { recursive: true }));

describe('trainShots(options)', () => {
  it('trains each draw on so many images with and without each label, of as many patients, and averages the scores', async () => {
    const remarks: string[] = [];
    const summary = await trainShots(options('two', {}, { on: { remark: (text) => remarks.push(text) } }));
    expect(remarks).toEqual([]);
    expect(summary).toMatchObject({ split: 'test', shots: 2, seed: 0, samples: 16 });
    expect(json('two', 'summary.json')).toEqual(summary);
    const aurocs = [1, 2].map((draw) => json('two', `draw-${draw}`, 'evaluation.json').macro.auroc as number);
    expect(summary.macro.auroc.byRepeat).toEqual(aurocs);
    expect(summary.macro.auroc.mean).toBeCloseTo((aurocs[0] + aurocs[1]) / 2, 12);
    expect(summary.macro.auroc.sd).toBeCloseTo(Math.abs(aurocs[0] - aurocs[1]) / Math.SQRT2, 12);
    expect(summary.macro.auroc.ci[0]!).toBeLessThanOrEqual(summary.macro.auroc.mean!);
    for (const draw of [1, 2]) {
      const { config, data: described } = json('two', `draw-${draw}`, 'config.json');
      expect(config).toMatchObject({ validation: 'none', seed: draw - 1 });
      const { samples, annotations } = shotDataset(data, readShotPlan(join(place, 'two', 'shots.json')), draw);
      annotations.labels.forEach((label, at) => {
        const of = (value: number): string[] =>
          samples.flatMap(({ patient, split }, row) =>
            split === 'train' && annotations.values[row * annotations.labels.length + at] === value ? [patient] : [],
          );
        expect([of(1).length, of(0).length]).toEqual([2, 2]);
        expect(new Set([...of(1), ...of(0)]).size).toBe(4);
        // What the training itself counted.
        expect(described.labelCounts.train[label]).toEqual({ positives: 2, negatives: 2 });
      });
    }
  });
  it('draws the same images for another model with the same seed, whose runs can be compared', async () => {
    await trainShots(options('mlp', { model: 'mlp' }));
    expect(json('mlp', 'shots.json')).toEqual(json('two', 'shots.json'));
    const [a, b] = await Promise.all(['mlp', 'two'].map((name) => readPredictions(join(place, name, 'draw-2'))));
    expect(compare(a, b, { resamples: 20 }).macro.difference).not.toBeNull();
    await trainShots(options('other', { seed: 5 }, { draws: 1 }));
    expect(json('other', 'shots.json').draws[0]).not.toEqual(json('two', 'shots.json').draws[0]);
  });
  it('names labels that have too few images, which has all of them', async () => {
    const remarks: string[] = [];
    const summary = await trainShots(
      options('many', {}, { shots: 30, draws: 1, on: { remark: (text) => remarks.push(text) } }),
    );
    const at = data.dataset.annotations.labels.indexOf('A/B');
    const having = data.dataset.samples.filter(
      ({ split }, row) => split === 'train' && data.dataset.annotations.values[row * 4 + at] === 1,
    ).length;
    expect(having).toBeLessThan(30);
    expect(remarks).toContain(`A/B: ${having} training images with it, fewer than 30: all are used`);
    expect(remarks.find((line) => line.startsWith('A/B: its'))).toMatch(/are of 16 patients/);
    expect(summary.remarks).toEqual(expect.arrayContaining(remarks));
    expect(summary.labels['A/B'].trained).toEqual({ positives: having, negatives: 30 });
  });
  it('continues where it was killed, and leaves the same bytes as one that was not', async () => {
    const stop = new AbortController();
    const control = {
      jobs: 1,
      signal: stop.signal,
      on: {
        progress: ({ task, done }: { task: string; done: number }) =>
          task === 'training' && done === 1 && stop.abort(new Error('stop')),
      },
    };
    await expect(trainShots(options('killed', {}, control as object))).rejects.toThrow('stop');
    expect(existsSync(join(place, 'killed', 'summary.json'))).toBe(false);
    expect(existsSync(join(place, 'killed', 'draw-1', 'evaluation.json'))).toBe(true);
    await trainShots(options('killed'));
    expect(contentOf('killed')).toEqual(contentOf('two'));
    const written = statSync(join(place, 'killed', 'draw-1', 'manifest.json')).mtimeMs;
    await trainShots(options('killed'));
    expect(statSync(join(place, 'killed', 'draw-1', 'manifest.json')).mtimeMs).toBe(written);
  });
  it('draws labels propagated to their ancestors, and lets images without labels be the others', async () => {
    await trainShots(
      options(
        'propagated',
        { model: 'aligned', propagateToAncestors: true, unlabelled: { split: 'train' } },
        { draws: 1 },
      ),
    );
    const { config, data: described } = json('propagated', 'draw-1', 'config.json');
    expect(config.propagateToAncestors).toBe(false);
    expect(described.labelCounts.train.A).toEqual({ positives: 2, negatives: 2 });
    const drawn = Object.keys(json('propagated', 'shots.json').images).length;
    expect(described.unlabelled.images + drawn).toBeLessThanOrEqual(64);
    expect(described.unlabelled.images).toBeGreaterThan(0);
  });
  it('takes the validation split where there is no test split, and reports that', async () => {
    const folder = await madeUpData(36);
    const table = readFileSync(join(folder, 'labels.csv'), 'utf8').replaceAll('test', 'val');
    writeFileSync(join(folder, 'labels.csv'), table);
    const remarks: string[] = [];
    const own = {
      data: await openDataset(folder),
      shots: 1,
      draws: 1,
      on: { remark: (text: string) => remarks.push(text) },
    };
    expect((await trainShots(options('val', {}, own))).split).toBe('val');
    expect(remarks[0]).toBe('no test split in the data: evaluated on the validation split, which chose nothing');
  });
  it('reports drawn images that cannot be read', async () => {
    const folder = await madeUpData(36);
    writeFileSync(join(folder, 'images', '0.png'), 'no image');
    const remarks: string[] = [];
    const { trained } = (
      await trainShots(
        options(
          'damaged',
          {},
          {
            data: await openDataset(folder, { maxBad: 1 }),
            shots: 40,
            draws: 1,
            on: { remark: (text) => remarks.push(text) },
          },
        ),
      )
    ).labels.A;
    expect(remarks).toContain('draw-1: 1 of the images drawn for A could not be read');
    expect(trained.positives + trained.negatives).toBe(23);
  });
  it('refuses other draws, the training split, and policies that decide a label by others', async () => {
    await expect(trainShots(options('two', {}, { shots: 1 }))).rejects.toThrow(
      'expected the draws of this few-shot training',
    );
    await expect(trainShots(options('two', { learningRate: 0.1 }))).rejects.toThrow(
      'got one with another configuration',
    );
    await expect(trainShots(options('no', {}, { split: 'train' }))).rejects.toThrow(
      'expected a split that is not trained on',
    );
    await expect(trainShots(options('no', { labelPolicy: 'u-hierarchy' }))).rejects.toThrow(
      'expected a label policy under which the annotations of a label stand by themselves',
    );
    await expect(trainShots(options('no', { model: 'aligned', labelPolicy: 'u-multiclass' }))).rejects.toThrow(
      'expected a label policy that leaves unknown labels out',
    );
    await expect(trainShots(options('no', {}, { shots: 0 }))).rejects.toThrow('expected shots to be a whole number');
    await expect(trainShots(options('no', {}, { trainCount: 5 } as object))).rejects.toThrow('trainCount');
    expect(existsSync(join(place, 'no'))).toBe(false);
  });
});
