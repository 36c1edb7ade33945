import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import * as tf from '@tensorflow/tfjs-core';
import { describeTensorflow, madeUpData, quick } from '@cxr-align/testkit';
import { resolveConfig, type PartialConfig } from '../src/config/config.js';
import { openDataset, type OpenedDataset } from '../src/inputs/prepare-data.js';
import { train } from '../src/train/train.js';
import type { TrainOptions } from '../src/train/train-options.js';

const place = mkdtempSync(join(tmpdir(), 'compiled-'));
let data: OpenedDataset;

afterAll(() => rmSync(place, { recursive: true }));

const options = (name: string, changes: object, more: Partial<TrainOptions> = {}): TrainOptions => ({
  data,
  config: resolveConfig({ ...quick, epochs: 1, bootstrap: 0, ...changes } as PartialConfig),
  out: join(place, name),
  ...more,
});
const read = (name: string, file: string): string => readFileSync(join(place, name, file), 'base64');
const lossesOf = (name: string): number[] =>
  readFileSync(join(place, name, 'history.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { loss: number }).loss);

// Compiling a step for the processor takes XLA seconds, hence few cases.
describeTensorflow('a step that XLA compiles', (name) => {
  beforeAll(async () => {
    await startEngine(name);
    data = await openDataset(await madeUpData());
  });

  const patch = { model: 'vision-only', encoder: { ...quick.encoder, kind: 'patch', patch: 4 } };

  it.each<[string, object, broken: boolean, digits: number]>([
    ['the default losses', {}, true, 3],
    ['the patch encoder, batches of two sizes', { ...patch, batchSize: 15 }, false, 3],
    ['the patch encoder, products in bfloat16', { ...patch, precision: 'bf16' }, true, 1],
  ])(
    'trains as one that is replayed, and a resumed run has the bits of an unbroken one: %s',
    async (kind, changes, isBroken, digits) => {
      const tensors: number[] = [];
      const count = { step: () => void tensors.push(tf.memory().numTensors) } as never;
      await train(options(kind, { ...changes, stepCapture: 'xla' }, { on: count }));
      expect(new Set(tensors.slice(1)).size).toBe(1);
      await train(options(`${kind}, replayed`, { ...changes, stepCapture: 'replay' }));
      const expected = lossesOf(`${kind}, replayed`);
      expect(expected).toHaveLength(1);
      lossesOf(kind).forEach((loss, epoch) => expect(loss).toBeCloseTo(expected[epoch], digits));
      const { engine } = JSON.parse(readFileSync(join(place, kind, 'config.json'), 'utf8')) as {
        engine: { steps: { compiled: { largestDifference: number } } };
      };
      expect(engine.steps).toMatchObject({ mode: 'xla', opByOp: 0 });
      // Loss, gradients, AdamW and the average are one function.
      expect(engine.steps.compiled).toMatchObject({ functions: 1 });
      expect(engine.steps.compiled).not.toHaveProperty('rejected');
      expect(engine.steps.compiled.largestDifference).toBeGreaterThan(0);

      if (!isBroken) return;
      const stop = new AbortController();
      const on = { step: (event: { step: number }) => event.step === 3 && stop.abort(new Error('stopped')) } as never;
      const broken = `${kind}, broken off`;
      await expect(
        train(options(broken, { ...changes, stepCapture: 'xla' }, { on, signal: stop.signal })),
      ).rejects.toThrow('stopped');
      await train(options(broken, { ...changes, stepCapture: 'xla' }, { resume: true }));
      for (const file of ['history.jsonl', 'model/model.safetensors'])
        expect(read(broken, file)).toBe(read(kind, file));
    },
    900_000,
  );
});
