import {
  cpSync,
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
import { madeUpData, quick } from '@cxr-align/testkit';
import { resolveConfig, type PartialConfig } from '../src/config/config.js';
import { openDataset, type OpenedDataset } from '../src/inputs/prepare-data.js';
import { newestCheckpoint } from '../src/loop/checkpoint.js';
import { train } from '../src/train/train.js';
import type { TrainOptions } from '../src/train/train-options.js';

const place = mkdtempSync(join(tmpdir(), 'train-on-'));
const small = { ...quick, model: 'linear', bootstrap: 0, epochs: 2, schedule: 'constant' };
let data: OpenedDataset;

const options = (name: string, changes: object = {}, more: Partial<TrainOptions> = {}): TrainOptions => ({
  data,
  config: resolveConfig({ ...small, ...changes } as PartialConfig),
  out: join(place, name),
  ...more,
});

async function trainOn(name: string, changes: object): Promise<string> {
  const remarks: string[] = [];
  await train(options(name, changes, { resume: true, on: { remark: (text) => remarks.push(text) } }));
  return remarks.join('\n');
}

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

describe('a finished run that is trained on', () => {
  it.each([
    ['a constant learning rate', {}, {}],
    ['a weighting that remembers', { model: 'aligned', weighting: 'dynamic' }, {}],
    ['a warm-up of as many steps', { schedule: 'warmup-constant', warmup: 0.4, epochs: 2 }, { warmup: 0.2 }],
  ])('is as one that had the epochs from the start, byte for byte: %s', async (name, changes, more) => {
    await train(options(name, changes));
    const remarks = await trainOn(name, { ...changes, epochs: 4, ...more });
    expect(remarks).toContain('trained on with epochs 4 instead of 2');
    expect(remarks).toContain('resumed after epoch 2 of 4');
    await train(options(`${name} straight`, { ...changes, epochs: 4, ...more }));
    expect(contentOf(name)).toEqual(contentOf(`${name} straight`));
    expect(await trainOn(name, { ...changes, epochs: 4, ...more })).toContain('nothing of it is missing');
  });
  it('is so, too, where it was stopped in an epoch, and where its length is changed twice', async () => {
    const stop = new AbortController();
    const on = { step: ({ step }: { step: number }) => step === 1 && stop.abort(new Error('stopped')) } as never;
    await expect(train(options('stopped', {}, { on, signal: stop.signal }))).rejects.toThrow('stopped');
    await trainOn('stopped', { epochs: 1 });
    await trainOn('stopped', { epochs: 3 });
    await train(options('three', { epochs: 3 }));
    expect(contentOf('stopped')).toEqual(contentOf('three'));
  });
  it.each([
    [
      'the checkpoint was written anew',
      (old: string) => cpSync(join(old, 'identity.json'), join(place, 'killed', 'identity.json')),
    ],
    [
      'its identity was, too',
      (old: string) =>
        ['evaluation.json', 'predictions.parquet', 'manifest.json'].forEach((file) =>
          cpSync(join(old, file), join(place, 'killed', file)),
        ),
    ],
  ])('goes on with the new length where it was killed after %s', async (_, damage) => {
    await train(options('old'));
    cpSync(join(place, 'old'), join(place, 'killed'), { recursive: true });
    await expect(
      train(
        options(
          'killed',
          { epochs: 3 },
          {
            resume: true,
            on: {
              resume: () => {
                throw new Error('killed');
              },
            },
          },
        ),
      ),
    ).rejects.toThrow('killed');
    damage(join(place, 'old'));
    await trainOn('killed', { epochs: 3 });
    await train(options('whole', { epochs: 3 }, { overwrite: true }));
    expect(contentOf('killed')).toEqual(contentOf('whole'));
    for (const name of ['old', 'killed']) rmSync(join(place, name), { recursive: true });
  });
  it('has no results of the former length while it goes on, and keeps the evaluations of it aside', async () => {
    await train(options('aside'));
    mkdirSync(join(place, 'aside', 'evaluations', 'elsewhere-test'), { recursive: true });
    writeFileSync(join(place, 'aside', 'evaluations', 'elsewhere-test', 'evaluation.json'), '{}');
    const there: boolean[] = [];
    const epoch = () =>
      void there.push(
        ...['evaluation.json', 'model', 'evaluations'].map((name) => existsSync(join(place, 'aside', name))),
      );
    await train(options('aside', { epochs: 3 }, { resume: true, on: { epoch } }));
    expect(there).toEqual([false, false, false]);
    expect(existsSync(join(place, 'aside', 'evaluations-2-epochs', 'elsewhere-test', 'evaluation.json'))).toBe(true);
    await train(options('aside', {}, { overwrite: true }));
  });
  it.each([
    [
      { schedule: 'warmup-cosine' },
      { epochs: 60 },
      /such as constant, got warmup-cosine, which follows the number of epochs: step 1 had .*\(from\), or train 60 epochs from the start/,
    ],
    [
      { schedule: 'warmup-constant', warmup: 0.5 },
      { epochs: 8 },
      /whose warm-up is a share of all its epochs.*set warmup=0\.13, which is the \d steps that it had/,
    ],
    [{}, { epochs: 1 }, 'expected epochs of 2 or more'],
    [{}, { epochs: 4, seed: 3 }, /got epochs 4 instead of 2|seed 3 instead of 0/],
  ])('is refused where its steps would have been others: %j %j', async (changes, more, message) => {
    await train(options('refused', changes, { overwrite: true }));
    const before = contentOf('refused');
    await expect(trainOn('refused', { ...changes, ...more })).rejects.toThrow(message);
    const after = contentOf('refused');
    expect(after).toEqual(before);
  });
  it('says that early stopping has ended it, and goes on with another patience', async () => {
    const stopping = { patience: 1, learningRate: 1e-9, weightAveraging: 0 };
    await train(options('patient', { ...stopping, epochs: 5 }));
    expect(newestCheckpoint(join(place, 'patient'))!.state.epoch).toBe(2);
    expect(await trainOn('patient', { ...stopping, epochs: 6 })).toContain(
      'the run has ended after epoch 2, since validation has not become better for 1 epochs (patience)',
    );
    await trainOn('patient', { ...stopping, epochs: 3, patience: 0 });
    await train(options('impatient', { ...stopping, epochs: 3, patience: 0 }));
    expect(contentOf('patient')).toEqual(contentOf('impatient'));
    await expect(trainOn('patient', { ...stopping, epochs: 4, patience: 1 })).rejects.toThrow(
      'would have ended after epoch 2; use a larger one, or 0',
    );
  });
});
