import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine, type Engine } from '@cxr-align/engine';
import { fusedOps, registerFusedOps } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import { describeTensorflow, madeUpData, quick } from '@cxr-align/testkit';
import { checkConfig } from '../src/config/config.js';
import { silentProgress } from '../src/progress.js';
import { trainRun } from './run-helpers.js';

const place = mkdtempSync(join(tmpdir(), 'replays-'));
let path: string;

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
async function trained(engine: Engine, out: string, changes: object): Promise<Buffer[]> {
  const config = checkConfig({ ...quick, epochs: 3, stepCapture: 'replay', ...changes }, 'test');
  await trainRun({ path, out: join(place, out), config }, engine, silentProgress);
  return ['history.jsonl', 'model/model.safetensors'].map((file) => readFileSync(join(place, out, file)));
}

describeTensorflow('captured steps', (name) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine(name);
    path = await madeUpData();
  });
  // The average of the weights and the predictions of validation are always captured; on a device the average is part of the step.
  const others = 2;

  it.each<[string, object, replays: boolean]>([
    ['the default losses', {}, true],
    ['the default losses, products in bfloat16', { precision: 'bf16' }, true],
    ['without prompts', { model: 'vision-only' }, true],
    ['the linear probe', { model: 'linear' }, true],
    ['the dense decoder', { decoder: { ...quick.decoder, kind: 'dense' } }, true],
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
    ['a mixture of prompts', { prompts: { mixture: ['basic', 'question'] }, heads: 'similarity' }, true],
    ['batches together', { accumulation: 2 }, true],
    ['aligning first, and frozen parts', { alignEpochs: 1, freeze: { parts: ['encoder'], epochs: 2 } }, true],
    ['gradients that are looked at', { logGradientCosines: 3 }, true],
  ])('train as JavaScript does, bit for bit: %s', async (kind, changes, replays) => {
    let replayed: Buffer[] = [];
    const names = await callsDuring(async () => (replayed = await trained(engine, kind, changes)));
    const functions = new Set(names.filter((one) => one.startsWith('cxr_align'))).size;
    const forms = fusedOps();
    registerFusedOps('tensorflow', { ...forms, stepCapture: undefined });
    try {
      expect(replayed).toEqual(await trained(engine, `${kind}, plainly`, changes));
    } finally {
      registerFusedOps('tensorflow', forms);
    }
    const { engine: described } = JSON.parse(readFileSync(join(place, kind, 'config.json'), 'utf8')) as {
      engine: { steps: { captured: number } };
    };
    expect(described.steps.captured > 0).toBe(replays);
    if (name === 'cuda') return;
    if (replays) expect(functions).toBeGreaterThan(others);
    else expect(functions).toBe(others);
  });
});
