import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine, type Engine } from '@cxr-align/engine';
import { fastForms, useFastForms } from '@cxr-align/fast-forms';
import * as tf from '@tensorflow/tfjs-core';
import { checkConfig } from '../src/config/config.js';
import { silentProgress } from '../src/progress.js';
import { trainRun } from '../src/training/train-run.js';
import { madeUpData, quick } from './made-up-data.js';

/** TensorFlow may not be set up: this runs where every other test of native does. */
const isOnNative = process.env.TEST_BACKENDS?.includes('native');
const itOnNativeEach = isOnNative ? it.each : it.skip.each;
const place = mkdtempSync(join(tmpdir(), 'replays-'));
let engine: Engine;
let path: string;

beforeAll(async () => {
  if (!isOnNative) return;
  engine = await startEngine('native');
  path = await madeUpData();
});
afterAll(() => rmSync(place, { recursive: true }));

/** What the binding was asked for while something was done, by name. */
async function callsDuring(work: () => Promise<unknown>): Promise<string[]> {
  const backend = tf.backend() as unknown as { binding: { executeOp: (name: string, ...more: unknown[]) => unknown } };
  const { binding } = backend;
  const names: string[] = [];
  const executeOp = (name: string, ...more: unknown[]): unknown => {
    names.push(name);
    return binding.executeOp(name, ...more);
  };
  backend.binding = Object.create(binding, { executeOp: { value: executeOp } }) as typeof binding;
  try {
    await work();
  } finally {
    backend.binding = binding;
  }
  return names;
}

/** The history and the weights of a run. */
async function trained(out: string, changes: object): Promise<Buffer[]> {
  const config = checkConfig({ ...quick, epochs: 3, ...changes }, 'test');
  await trainRun({ path, out: join(place, out), config }, engine, silentProgress);
  return ['history.jsonl', 'model/model.safetensors'].map((file) => readFileSync(join(place, out, file)));
}

describe('steps that TensorFlow runs as one operation', () => {
  itOnNativeEach<[string, object, replays: boolean]>([
    ['the default losses', {}, true],
    ['without prompts', { model: 'vision-only' }, true],
    ['the linear probe', { model: 'linear' }, true],
    ['the dense splitter', { splitter: { ...quick.splitter, kind: 'dense' } }, true],
    ['the patch encoder', { encoder: { ...quick.encoder, kind: 'patch', patch: 4 } }, true],
    ['uncertainty', { weighting: 'uncertainty' }, true],
    ['learnable weights and the focal loss', { weighting: 'learnable', classificationLoss: 'focal' }, true],
    ['task difficulty', { weighting: 'task-difficulty' }, true],
    ['dynamic weights', { weighting: 'dynamic' }, true],
    ['random weights', { weighting: 'random' }, false],
    ['projected gradients', { weighting: 'pcgrad' }, false],
    [
      'the geometric mean and the max constraint',
      { weighting: 'geometric', classificationLoss: 'max-constraint' },
      true,
    ],
    ['three classes', { labelPolicy: 'u-multiclass' }, true],
    ['a drawn prompt a step', { prompts: { set: 'grid', count: 4, sampling: true } }, false],
    ['a mixture of prompts', { prompts: { mixture: ['basic', 'question'] }, score: 'similarity' }, true],
    ['batches together', { accumulation: 2 }, true],
    ['aligning first, and frozen parts', { alignEpochs: 1, freeze: { parts: ['encoder'], epochs: 2 } }, true],
    ['gradients that are looked at', { logGradientCosines: 3 }, true],
  ])('train as JavaScript does, bit for bit: %s', async (name, changes, replays) => {
    let replayed: Buffer[] = [];
    const names = await callsDuring(async () => (replayed = await trained(name, changes)));
    const functions = new Set(names.filter((one) => one.startsWith('cxr_align'))).size;
    const forms = fastForms();
    useFastForms('tensorflow', { ...forms, repeated: undefined });
    try {
      expect(replayed).toEqual(await trained(`${name}, plainly`, changes));
    } finally {
      useFastForms('tensorflow', forms);
    }
    // The average of the weights is always taken so, and validation predicts so.
    if (replays) expect(functions).toBeGreaterThan(2);
    else expect(functions).toBe(2);
  });
});
