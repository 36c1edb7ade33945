import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readModel, writeModel } from '@cxr-align/classifier';
import { startEngine } from '@cxr-align/engine';
import { binaryCrossEntropyLoss } from '@cxr-align/losses';
import { madeUpData, quick } from '@cxr-align/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { resolveConfig, type PartialConfig } from '../src/config/config.js';
import { openDataset, type OpenedDataset } from '../src/inputs/prepare-data.js';
import { type BadStep, NonFiniteError } from '../src/loop/bad-step.js';
import type { EpochRecord } from '../src/loop/records.js';
import { registerClassificationLoss } from '../src/registry/classification-losses.js';
import { loadRun } from '../src/run.js';
import { train } from '../src/train/train.js';
import type { TrainOptions } from '../src/train/train-options.js';

const place = mkdtempSync(join(tmpdir(), 'bad-numbers-'));
let data: OpenedDataset;

/** What the loss below is spoilt by: NaN for one label of one image, or a gradient of NaN. */
let spoilt: 'value' | 'gradient' | 'nothing' = 'nothing';
registerClassificationLoss('spoilt', () => (logits, targets, options) => {
  const loss = binaryCrossEntropyLoss(logits, targets, options);
  if (spoilt === 'nothing') return loss;
  const [rows, labels] = logits.shape;
  const one = tf.oneHot(tf.fill([rows], 1, 'int32'), labels);
  // The root of 0 is 0, and its gradient is infinity times 0.
  if (spoilt === 'gradient') return tf.add(loss, tf.sqrt(tf.mul(logits, 0)));
  return tf.where(tf.cast(tf.mul(one, tf.reshape(tf.oneHot([2], rows), [rows, 1])), 'bool'), NaN, loss);
});

/** An image encoder of its own, with batch normalisation: what a bad batch must not leave its traces in. */
const config = { ...quick, model: 'vision-only', classificationLoss: 'spoilt', bootstrap: 0, epochs: 2 };

const options = (name: string, changes: object, on: TrainOptions['on'] = {}): TrainOptions => ({
  data,
  config: resolveConfig({ ...config, ...changes } as PartialConfig),
  out: join(place, name),
  on,
});

const variables = (): Map<string, number[]> =>
  new Map(
    Object.entries(tf.engine().registeredVariables).map(([name, variable]) => [name, Array.from(variable.dataSync())]),
  );

/** Makes a weight NaN, as an overflow of an update would. */
function spoilWeights(): void {
  const [variable] = Object.values(tf.engine().registeredVariables).filter(
    ({ trainable, rank }) => trainable && rank === 2,
  );
  tf.tidy(() => variable.assign(tf.fill(variable.shape, NaN)));
}

/** Trains and is refused. */
async function failure(training: Promise<unknown>): Promise<NonFiniteError> {
  const error: unknown = await training.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NonFiniteError);
  return error as NonFiniteError;
}

const history = (name: string): EpochRecord[] =>
  readFileSync(join(place, name, 'history.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as EpochRecord);

beforeAll(async () => {
  await startEngine('wasm');
  data = await openDataset(await madeUpData());
});
afterAll(() => rmSync(place, { recursive: true }));
beforeEach(() => (spoilt = 'nothing'));

describe('a training step with a number that is NaN or infinite', () => {
  it.each([
    ['value', /^the loss of A\/B for \d+\.png is NaN$/],
    ['gradient', /^the gradient of the array .+ is (NaN|-?Infinity)$/],
  ] as const)('is skipped, counted and named: a bad %s changes nothing', async (kind, cause) => {
    const bad: BadStep[] = [];
    let before = new Map<string, number[]>();
    const remarks: string[] = [];
    const tensors = tf.memory().numTensors;
    await train(
      options(
        kind,
        {},
        {
          remark: (text) => remarks.push(text),
          badStep: (step) => {
            bad.push(step);
            expect(variables()).toEqual(before);
          },
          step: ({ step }) => {
            before = variables();
            // Steps 3 and 4 of the first epoch of four.
            spoilt = step === 2 || step === 3 ? kind : 'nothing';
          },
        },
      ),
    );
    expect(tf.memory().numTensors).toBe(tensors);
    expect(bad.map(({ step }) => step)).toEqual([3, 4]);
    for (const one of bad) {
      expect(one.cause).toMatch(cause);
      expect(one.samples).toHaveLength(16);
      expect(Number.isFinite(one.losses.total)).toBe(kind === 'gradient');
      expect(Number.isFinite(one.gradientNorm)).toBe(false);
    }
    expect(
      remarks.filter((text) => /^step [34] of 8 was skipped: .+; loss .+; batch: \d+\.png, /.test(text)),
    ).toHaveLength(2);
    const [first, second] = history(kind);
    expect(first).toMatchObject({ epoch: 1, skippedSteps: 2 });
    expect(Number.isFinite(first.loss) && Number.isFinite(first.gradientNorm)).toBe(true);
    expect(second).not.toHaveProperty('skippedSteps');
  });
  it('ends the run after maxBadSteps, with the last good checkpoint restored, and counts those before a resume', async () => {
    const at = (wrong: number[]): TrainOptions['on'] => ({
      step: ({ step }) => void (spoilt = wrong.includes(step + 1) ? 'value' : 'nothing'),
    });
    const error = await failure(train(options('too-many', { maxBadSteps: 1, epochs: 3 }, at([2, 7]))));
    expect(error.message).toMatch(
      /^training: step 7 of 12 was skipped: the loss of A\/B for \d+\.png is NaN; loss NaN /,
    );
    expect(error.message).toContain('2 such steps, more than maxBadSteps allows (1)');
    expect(error.message).toContain('the last good checkpoint, after step 4 of 12, is restored: ');
    expect(error.message).toContain('lower learningRate (now 0.002)');
    expect(error.step?.step).toBe(7);
    expect(history('too-many')).toHaveLength(1);
    expect(readdirSync(join(place, 'too-many', 'checkpoints'))).toEqual(['epoch-0001.safetensors']);
    spoilt = 'nothing';
    const again = await failure(
      train({ ...options('too-many', { maxBadSteps: 1, epochs: 3 }, at([9])), resume: true }),
    );
    expect(again.message).toContain('step 9 of 12');
    expect(again.message).toContain('2 such steps');
  });
});

describe('weights that became NaN', () => {
  it.each([
    [1, 'of 8 was skipped', 'there is no good checkpoint yet'],
    [8, 'are not finite (NaN); ', 'the last good checkpoint, after step 4 of 8, is restored'],
  ])('in step %i end the run, whichever step it was', async (last, what, kept) => {
    const on = { step: ({ step }: { step: number }) => void (step === last && spoilWeights()) };
    const error = await failure(train(options(`weights-${last}`, { maxBadSteps: 1 }, on)));
    expect(error.message).toContain(what);
    if (last === 1) expect(error.message).toMatch(/(\d+) of \1 numbers of the array \S+ are not finite \(NaN\)/);
    expect(error.message).toContain(kept);
    expect(readdirSync(join(place, `weights-${last}`))).not.toContain('evaluation.json');
  });
  it('are no model: evaluate and predict refuse it by the name of the array', async () => {
    const run = await train(options('stored', { epochs: 1 }));
    const stored = readModel(run.path);
    const [name, { shape, data: values }] = [...stored.weights].find(
      ([one, { shape }]) => one.startsWith('head') && shape.length === 2,
    )!;
    const spoiltValues = Float32Array.from(values, (value, i) => (i === 1 ? NaN : value));
    writeModel(run.path, { ...stored, weights: new Map([...stored.weights, [name, { shape, data: spoiltValues }]]) });
    const message = `expected finite numbers, got NaN in 1 of ${values.length} numbers of the array ${name}`;
    await expect(loadRun(run.path).evaluate({ data })).rejects.toThrow(message);
    await expect(loadRun(run.path).predictor()).rejects.toThrow(message);
    // Finite weights, and outputs that are not: float32 ends at 3.4e38.
    const huge = [...stored.weights].map(
      ([one, array]) =>
        [
          one,
          one.startsWith('head')
            ? { ...array, data: Float32Array.from(array.data, (value) => Math.sign(value) * 3e38) }
            : array,
        ] as const,
    );
    writeModel(run.path, { ...stored, weights: new Map(huge) });
    await expect(loadRun(run.path).evaluate({ data })).rejects.toThrow(
      /expected finite outputs of the model, got (NaN|-?Infinity) for A of \d+\.png/,
    );
    const predictor = await loadRun(run.path).predictor();
    const { image } = data.dataset.samples[0];
    await expect(predictor.predict(image as string)).rejects.toThrow('expected finite outputs of the model');
    await predictor.dispose();
  });
});
