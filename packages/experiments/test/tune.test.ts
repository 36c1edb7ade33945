import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { madeUpData, quick } from '@cxr-align/testkit';
import { type OpenedDataset, type PartialConfig, openDataset, resolveConfig } from '@cxr-align/training';
import { tune, type TuneOptions } from '../src/tune/tune.js';

const place = mkdtempSync(join(tmpdir(), 'tune-'));
const small = { ...quick, model: 'linear', bootstrap: 0, epochs: 1, schedule: 'constant' };
let data: OpenedDataset;
const options = (name: string, changes: object = {}, more: Partial<TuneOptions> = {}): TuneOptions => ({
  data,
  config: resolveConfig({ ...small, ...changes } as PartialConfig),
  space: { learningRate: { from: 1e-4, to: 1e-1 } },
  trials: 2,
  out: join(place, name),
  engine: 'wasm',
  ...more,
});
const contentOf = (name: string): Map<string, string> => {
  const folder = join(place, name);
  const files = (readdirSync(folder, { recursive: true }) as string[]).filter((file) =>
    statSync(join(folder, file)).isFile(),
  );
  return new Map(files.sort().map((file) => [file, readFileSync(join(folder, file)).toString('base64')]));
};

beforeAll(async () => {
  data = await openDataset(await madeUpData(36));
});
afterAll(() => rmSync(place, { recursive: true }));

describe('tune(options)', () => {
  it('goes on where it was stopped, and leaves the same bytes; halved, it trains the best on', async () => {
    const halved = (name: string, more: Partial<TuneOptions> = {}) =>
      options(name, { epochs: 2 }, { jobs: 1, halving: { reduction: 2 }, test: false, ...more });
    const straight = await tune(halved('straight'));
    expect(straight.halving).toEqual({ rungs: [1, 2], reduction: 2 });
    expect(straight.trials.map(({ rungs }) => rungs.length).sort()).toEqual([1, 2]);
    expect(straight.best.folder).toMatch(/^trial-00\d$/);
    expect(straight.test).toBeNull();
    const stop = new AbortController();
    const on = {
      progress: ({ note }: { note?: string }) => note === 'trial-001' && stop.abort(new Error('stopped')),
    } as never;
    await expect(tune(halved('stopped', { signal: stop.signal, on }))).rejects.toThrow('stopped');
    expect(existsSync(join(place, 'stopped', 'trials.json'))).toBe(false);
    await tune(halved('stopped'));
    expect(contentOf('stopped')).toEqual(contentOf('straight'));
  });
  it('chooses on validation alone, past trials that became NaN, and looks at test once; other schedules are trained anew', async () => {
    const { trials, best, test, remarks } = await tune(
      options(
        'anew',
        { epochs: 2, schedule: 'warmup-cosine', maxBadSteps: 0, maxGradientNorm: 1e30, warmup: 0 },
        { space: { learningRate: [1e-3, 1e38] }, halving: { rungs: [1, 2], reduction: 2 } },
      ),
    );
    const broken = trials.find(({ settings }) => settings.learningRate === 1e38)!;
    expect(broken.rungs).toMatchObject([{ epochs: 1, error: expect.stringContaining('was skipped') }]);
    const { trial, rungs } = trials.find((one) => one !== broken)!;
    expect(best).toMatchObject({ trial, settings: { learningRate: 1e-3 }, folder: `trial-00${trial}/epochs-0002` });
    const read = (...parts: string[]) => JSON.parse(readFileSync(join(place, 'anew', ...parts), 'utf8'));
    for (const { folder, validation } of rungs) {
      const { split, macro } = read(folder, 'evaluation.json');
      expect(split).toBe('val');
      expect(validation).toBeCloseTo(macro.auroc, 9);
      expect(existsSync(join(place, 'anew', folder, 'evaluations'))).toBe(folder === best.folder);
    }
    expect(read(test!.folder, 'evaluation.json')).toMatchObject({ split: 'test', macro: { auroc: test!.auroc } });
    expect(read('best.json')).toMatchObject({ learningRate: 1e-3, epochs: 2 });
    expect(read('trials.json')).toMatchObject({ best, test });
    expect(remarks).toEqual([]);
  });
  it('refuses settings that are none before anything is trained', async () => {
    const refused = (space: TuneOptions['space'], more: Partial<TuneOptions> = {}) =>
      tune(options('refused', {}, { space, ...more }));
    await expect(refused({ learningRat: [1, 2] })).rejects.toThrow(/did you mean learningRate\?/);
    await expect(refused({ weighting: ['fixed', 'fixd'] })).rejects.toThrow('the settings of trial');
    await expect(refused({})).rejects.toThrow('expected one or more keys to search');
    await expect(refused({ seed: [1, 2] })).rejects.toThrow('the best seed is luck');
    await expect(refused({ epochs: [1, 2] }, { halving: true })).rejects.toThrow('the rungs are numbers of epochs');
    await expect(tune({ ...options('refused'), trial: 3 } as TuneOptions)).rejects.toThrow('did you mean trials?');
    expect(existsSync(join(place, 'refused'))).toBe(false);
  });
});
