import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import { madeUpData, quick } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { resolveConfig } from '../src/config/config.js';
import type { ProgressEvent } from '../src/events.js';
import { openDataset, type OpenedDataset } from '../src/inputs/prepare-data.js';
import type { EpochRecord } from '../src/loop/records.js';
import { loadRun } from '../src/run.js';
import { train } from '../src/train/train.js';
import type { TrainOptions } from '../src/train/train-options.js';

const place = mkdtempSync(join(tmpdir(), 'train-'));
let data: OpenedDataset;
let path: string;
const config = resolveConfig({ ...quick, bootstrap: 0, epochs: 2 });
const options = (name: string): TrainOptions => ({ data, config, out: join(place, name) });

beforeAll(async () => {
  await startEngine('wasm');
  path = await madeUpData();
  data = await openDataset(path);
});

describe('train(options)', () => {
  it('reports steps, epochs and tasks, and returns a run that can be evaluated further', async () => {
    const epochs: EpochRecord[] = [];
    const steps: number[] = [];
    const tasks: ProgressEvent[] = [];
    const run = await train({
      ...options('events'),
      on: {
        epoch: (one) => epochs.push(one),
        step: ({ step }) => steps.push(step),
        progress: (one) => tasks.push(one),
      },
    });
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(tasks.filter(({ ended }) => ended).map(({ task }) => task)).toEqual([
      'looking for images',
      'reading images',
      'training',
      'evaluating on test',
    ]);
    const again = await run.evaluate({ split: 'test' });
    expect(again.evaluation).toEqual(run.evaluation);
    const { predictions } = await run.evaluate({ split: 'val' });
    expect(new Set(predictions.samples.map(({ split }) => split))).toEqual(new Set(['val']));
    expect((await loadRun(run.path).evaluate({ data, split: 'test' })).evaluation).toEqual(run.evaluation);
    await expect(loadRun(run.path).evaluate()).rejects.toThrow('expected the option data');
  });
  it('refuses options that it does not have, with the nearest name, and values out of range', async () => {
    const wrong = { ...options('x'), trainCuont: 3 } as TrainOptions;
    await expect(train(wrong)).rejects.toThrow('training/train: expected options of');
    await expect(train(wrong)).rejects.toThrow('did you mean trainCount?');
    await expect(train({ ...options('x'), trainFraction: 2 })).rejects.toThrow(
      'expected trainFraction to be a number in (0, 1]',
    );
    await expect(train({ ...options('x'), trainCount: 3, trainFraction: 0.1 })).rejects.toThrow('got both');
    await expect(train({ config, out: 'x' } as TrainOptions)).rejects.toThrow('expected the option data, got none');
    expect(existsSync(join(place, 'x'))).toBe(false);
  });
  it('refuses a folder with a run unless it may be replaced, and replaces it only once the data have been read', async () => {
    const before = readFileSync(join(place, 'events', 'evaluation.json'), 'utf8');
    await expect(train(options('events'))).rejects.toThrow('expected a folder without a run, got a finished one');
    const unreadable = await openDataset(path);
    for (const sample of unreadable.dataset.samples) (sample as { image: string }).image = '/nowhere.png';
    await expect(train({ ...options('events'), data: unreadable, overwrite: true })).rejects.toThrow(
      'none of the 96 images exists where the table points',
    );
    expect(readFileSync(join(place, 'events', 'evaluation.json'), 'utf8')).toBe(before);
    await expect(train({ ...options('nothing'), resume: true })).rejects.toThrow('got a folder without one');
    writeFileSync(join(place, 'file'), '');
    await expect(train(options('file'))).rejects.toThrow('expected a folder for the run, got a file');
    const run = await train({ ...options('events'), overwrite: true });
    expect(run.evaluation.samples).toBe(16);
  });
  it('ends with the reason of an aborted signal, whatever it is doing, and releases everything', async () => {
    const before = tf.memory().numTensors;
    for (const at of ['reading images', 'training', 'evaluating on test']) {
      const stop = new AbortController();
      const on = {
        progress: ({ task }: ProgressEvent) => void (task === at && stop.abort(new Error(`stopped: ${at}`))),
      };
      const out = join(place, `aborted ${at}`);
      await expect(train({ data, config, out, on, signal: stop.signal })).rejects.toThrow(`stopped: ${at}`);
      expect(tf.memory().numTensors).toBe(before);
    }
    for (const at of ['training', 'evaluating on test']) {
      const resumed = await train({ ...options(`aborted ${at}`), resume: true });
      expect(resumed.evaluation).toEqual(
        (await loadRun(join(place, 'events')).evaluate({ data, split: 'test' })).evaluation,
      );
    }
  });
  it('says that it starts over where a run is resumed that has no checkpoint yet', async () => {
    const out = join(place, 'killed early');
    mkdirSync(out);
    writeFileSync(join(out, 'config.json'), '{}');
    const remarks: string[] = [];
    const run = await train({ ...options('killed early'), resume: true, on: { remark: (text) => remarks.push(text) } });
    expect(remarks.join()).toContain('no checkpoint was written before the run stopped');
    expect(run.evaluation.samples).toBe(16);
  });
  it('releases everything where a callback throws', async () => {
    const before = tf.memory().numTensors;
    for (const name of ['epoch', 'step', 'remark'] as const) {
      const on = {
        [name]: () => {
          throw new Error(`no ${name}`);
        },
      };
      await expect(train({ ...options(`throws in ${name}`), on })).rejects.toThrow(`no ${name}`);
      expect(tf.memory().numTensors).toBe(before);
    }
  });
});
