import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import { madeUpData, quick } from '@cxr-align/testkit';
import { resolveConfig, type PartialConfig } from '../src/config/config.js';
import type { CheckpointEvent, ResumeEvent } from '../src/events.js';
import { openDataset, type OpenedDataset } from '../src/inputs/prepare-data.js';
import { newestCheckpoint } from '../src/loop/checkpoint.js';
import { train } from '../src/train/train.js';
import type { TrainOptions } from '../src/train/train-options.js';

const place = mkdtempSync(join(tmpdir(), 'checkpoints-'));
const linear = { ...quick, model: 'linear', bootstrap: 0, epochs: 3 };
let data: OpenedDataset;

const options = (name: string, changes: object = linear, more: Partial<TrainOptions> = {}): TrainOptions => ({
  data,
  config: resolveConfig(changes as PartialConfig),
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

/** Trains, stops after a step, and resumes. */
async function stoppedAfter(step: number, name: string, changes: object): Promise<ResumeEvent> {
  const stop = new AbortController();
  const on = { step: (event: { step: number }) => event.step === step && stop.abort(new Error('stopped')) } as never;
  await expect(train(options(name, changes, { on, signal: stop.signal }))).rejects.toThrow('stopped');
  const resumed: ResumeEvent[] = [];
  await train(options(name, changes, { resume: true, on: { resume: (event) => resumed.push(event) } }));
  expect(resumed).toHaveLength(1);
  return resumed[0];
}

beforeAll(async () => {
  await startEngine('wasm');
  data = await openDataset(await madeUpData());
  await train(options('straight'));
});
afterAll(() => rmSync(place, { recursive: true }));

describe('a checkpoint', () => {
  it('is one file; the one before stays', () => {
    expect(readdirSync(join(place, 'straight', 'checkpoints'))).toEqual([
      'epoch-0002.safetensors',
      'epoch-0003.safetensors',
    ]);
    expect(newestCheckpoint(join(place, 'straight'))!.state.history).toHaveLength(3);
  });
  it.each([1, 4, 6, 8, 12])(
    'is written where the training is stopped, after step %i, and gives the same bytes',
    async (step) => {
      const event = await stoppedAfter(step, `linear ${step}`, linear);
      expect(event).toMatchObject({ step, steps: 12, epoch: Math.floor((step - 1) / 4), damaged: [] });
      expect(contentOf(`linear ${step}`)).toEqual(contentOf('straight'));
    },
  );
  it.each<[string, object]>([
    ['logged gradients', { logGradientCosines: 2, epochs: 2 }],
    ['no average of the weights', { model: 'linear', weightAveraging: 0 }],
    ['batches together', { model: 'linear', batchSize: 8, accumulation: 2 }],
  ])('holds all that the middle of an epoch is made of: %s', async (name, changes) => {
    const config = { ...quick, bootstrap: 0, ...changes };
    await train(options(`${name}, straight`, config));
    await stoppedAfter(6, name, config);
    expect(contentOf(name)).toEqual(contentOf(`${name}, straight`));
  });
  it('of the last epoch is gone on from where a training fails or is killed', async () => {
    const fail = ({ step }: { step: number }): void => {
      if (step === 7) throw new Error('failed');
    };
    await expect(train(options('failed', linear, { on: { step: fail } }))).rejects.toThrow('failed');
    expect(readdirSync(join(place, 'failed', 'checkpoints'))).toEqual(['epoch-0001.safetensors']);
    await train(options('failed', linear, { resume: true }));
    expect(contentOf('failed')).toEqual(contentOf('straight'));
  });
  it('is written where one is asked for, and the training goes on', async () => {
    const written: CheckpointEvent[] = [];
    await train(
      options('asked', linear, {
        checkpointWhen: (step) => step === 5 || step === 6,
        on: { checkpoint: (event) => written.push(event) },
      }),
    );
    expect(written.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 4],
      [1, 5],
      [1, 6],
      [2, 8],
      [3, 12],
    ]);
    expect(written[1].file).toBe(join(place, 'asked', 'checkpoints', 'epoch-0001-step-00000005.safetensors'));
    expect(contentOf('asked')).toEqual(contentOf('straight'));
  });
  it('is written where a validation is stopped, which is made again', async () => {
    const stop = new AbortController();
    let isAsked = false;
    // The signal is looked at between the batches of the validation, too.
    const on = {
      step: ({ step }: { step: number }) => {
        if (step === 8 && !isAsked) queueMicrotask(() => stop.abort(new Error('stopped')));
        isAsked ||= step === 8;
      },
    };
    await expect(train(options('validation', linear, { on, signal: stop.signal }))).rejects.toThrow('stopped');
    expect(newestCheckpoint(join(place, 'validation'))!.state.epoch).toBe(1);
    await train(options('validation', linear, { resume: true }));
    expect(contentOf('validation')).toEqual(contentOf('straight'));
  });
  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['cut', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['empty', () => Buffer.alloc(0)],
    ['changed in a number', (bytes) => (bytes.writeUInt8(bytes[bytes.length - 9] ^ 4, bytes.length - 9), bytes)],
    ['changed in its hash', (bytes) => (bytes.writeUInt8(bytes[40] ^ 1, 40), bytes)],
    [
      'changed in its state',
      (bytes) => Buffer.from(bytes.toString('latin1').replace('"epoch\\":3', '"epoch\\":1'), 'latin1'),
    ],
  ])('that is %s is passed over, and the one before it taken, which is said', async (name, damage) => {
    cpSync(join(place, 'straight'), join(place, name), { recursive: true });
    const file = join(place, name, 'checkpoints', 'epoch-0003.safetensors');
    const bytes = readFileSync(file);
    const damaged = damage(Buffer.from(bytes));
    expect(damaged.equals(bytes)).toBe(false);
    writeFileSync(file, damaged);
    const resumed: ResumeEvent[] = [];
    const remarks: string[] = [];
    const on = { resume: (event: ResumeEvent) => resumed.push(event), remark: (text: string) => remarks.push(text) };
    await train(options(name, linear, { resume: true, on }));
    expect(resumed).toMatchObject([{ epoch: 2, step: 8, damaged: [expect.stringContaining(file)] }]);
    expect(remarks.join('\n')).toContain('a checkpoint is passed over');
    expect(contentOf(name)).toEqual(contentOf('straight'));
  });
  it('is refused where none is whole, or where it is of an earlier program', async () => {
    cpSync(join(place, 'straight'), join(place, 'none'), { recursive: true });
    const folder = join(place, 'none', 'checkpoints');
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), 'x');
    await expect(train(options('none', linear, { resume: true }))).rejects.toThrow('got damaged ones');
    expect(existsSync(join(place, 'none', 'model', 'model.safetensors'))).toBe(true);
    writeFileSync(join(folder, 'last.json'), '{}');
    await expect(train(options('none', linear, { resume: true }))).rejects.toThrow('an earlier version of the program');
  });
});

describe('a run that is resumed after its last epoch', () => {
  it.each([
    'history.jsonl',
    'config.json',
    'model/model.safetensors',
    'model/calibration.json',
    'predictions.parquet',
    'evaluation.json',
    'evaluation-details.json',
  ])('gets its %s again', async (file) => {
    const name = file.replace('/', ' ');
    cpSync(join(place, 'straight'), join(place, name), { recursive: true });
    rmSync(join(place, name, file));
    const { isNew } = await train(options(name, linear, { resume: true }));
    expect(isNew).toBe(file !== 'history.jsonl');
    expect(contentOf(name)).toEqual(contentOf('straight'));
  });
  it('gets a history anew whose last line is torn', async () => {
    cpSync(join(place, 'straight'), join(place, 'torn'), { recursive: true });
    const file = join(place, 'torn', 'history.jsonl');
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, -30));
    await train(options('torn', linear, { resume: true }));
    expect(contentOf('torn')).toEqual(contentOf('straight'));
  });
  it('is left alone where nothing is missing, which is said; its results are read', async () => {
    const remarks: string[] = [];
    const again = await train(
      options('straight', linear, { resume: true, on: { remark: (text) => remarks.push(text) } }),
    );
    expect(remarks.join('\n')).toContain('there is nothing to do');
    expect(again.isNew).toBe(false);
    expect(again.evaluation).toEqual(JSON.parse(readFileSync(join(place, 'straight', 'evaluation.json'), 'utf8')));
    expect(again.predictions.samples).toHaveLength(16);
    expect(again.bestEpoch).toBeGreaterThan(0);
  });
});
