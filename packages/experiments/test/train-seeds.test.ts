import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import { madeUpData, quick } from '@cxr-align/testkit';
import {
  type OpenedDataset,
  type PartialConfig,
  type ProgressEvent,
  openDataset,
  resolveConfig,
  train,
} from '@cxr-align/training';
import { trainSeeds, type TrainSeedsOptions } from '../src/seeds/train-seeds.js';

const place = mkdtempSync(join(tmpdir(), 'seeds-'));
const out = join(place, 'all');
const small = { ...quick, model: 'linear', bootstrap: 0, epochs: 1, schedule: 'constant' };
let data: OpenedDataset;
const options = (changes: object = {}, more: Partial<TrainSeedsOptions> = {}): TrainSeedsOptions => ({
  data,
  config: resolveConfig({ ...small, ...changes } as PartialConfig),
  seeds: [3, 1],
  out,
  engine: 'wasm',
  ...more,
});
const read = (...parts: string[]): string => readFileSync(join(...parts), 'utf8');

beforeAll(async () => {
  // As the processes have it: evaluations name it.
  await startEngine('wasm', { threads: 1 });
  data = await openDataset(await madeUpData(36));
});
afterAll(() => rmSync(place, { recursive: true }));

describe('trainSeeds(options)', () => {
  it('trains a run with each seed, and has their mean and spread', async () => {
    const summary = await trainSeeds(options());
    expect(summary.runs.map(({ folder }) => folder)).toEqual(['seed-3', 'seed-1']);
    const evaluations = summary.seeds.map((seed) => JSON.parse(read(out, `seed-${seed}`, 'evaluation.json')));
    const aurocs = evaluations.map(({ macro }) => macro.auroc as number);
    const mean = (aurocs[0] + aurocs[1]) / 2;
    expect(summary.macro.auroc.bySeed).toEqual(aurocs);
    expect(summary.macro.auroc.mean).toBeCloseTo(mean, 12);
    expect(summary.macro.auroc.sd).toBeCloseTo(Math.abs(aurocs[0] - aurocs[1]) / Math.SQRT2, 12);
    expect(summary.macro.auroc.range).toEqual([Math.min(...aurocs), Math.max(...aurocs)]);
    expect(summary.labels.D).toMatchObject({ positives: evaluations[0].labels.D.positives, reliability: 'too few' });
    expect(summary.split).toBe('test');
    expect(JSON.parse(read(out, 'summary.json'))).toEqual(summary);
    // A run of it is one as any other.
    const { config } = options({ seed: 1 });
    await train({ data, config, out: join(place, 'one'), splitSeed: 0 });
    for (const file of ['evaluation.json', 'history.jsonl', 'model/model.safetensors'])
      expect(read(out, 'seed-1', file)).toBe(read(place, 'one', file));
  });
  it('leaves finished runs as they are, trains on where that is wanted, and refuses runs of other settings', async () => {
    const begun: string[] = [];
    const on = { progress: ({ note }: ProgressEvent) => void (note && begun.push(note)) };
    const written = statSync(join(out, 'seed-1', 'manifest.json')).mtimeMs;
    const summary = read(out, 'summary.json');
    await trainSeeds(options({}, { on }));
    expect(begun).toEqual([]);
    expect(statSync(join(out, 'seed-1', 'manifest.json')).mtimeMs).toBe(written);
    expect(read(out, 'summary.json')).toBe(summary);
    await expect(trainSeeds(options({ epochs: 2 }))).rejects.toThrow('expected the run of this series of seeds');
    await expect(trainSeeds(options({}, { trainFraction: 0.5 }))).rejects.toThrow(
      'expected a run with trainFraction 0.5',
    );
    await expect(trainSeeds(options({}, { from: join(place, 'one') }))).rejects.toThrow('got one that does not');
    await trainSeeds(options({ epochs: 2 }, { resume: true, seeds: [1], on }));
    expect(begun).toEqual(['seed-1']);
    await train({ data, config: options({ seed: 1, epochs: 2 }).config, out: join(place, 'two'), splitSeed: 0 });
    expect(read(out, 'seed-1', 'evaluation.json')).toBe(read(place, 'two', 'evaluation.json'));
  });
  it('refuses seeds that are none', async () => {
    await expect(trainSeeds(options({}, { seeds: [] }))).rejects.toThrow('expected seeds to be whole numbers');
    await expect(trainSeeds(options({}, { seeds: [1, 1] }))).rejects.toThrow('expected different seeds, got 1 twice');
    await expect(trainSeeds(options({}, { seeds: [0.5] }))).rejects.toThrow('got 0.5');
  });
});
