import * as tf from '@tensorflow/tfjs-core';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import { describeBackends, madeUpData, quick } from '@cxr-align/testkit';
import { resolveConfig, type PartialConfig } from '../src/config/config.js';
import { openDataset, type OpenedDataset } from '../src/inputs/prepare-data.js';
import { effectOfPadding, padded } from '../src/loop/padding.js';
import { silentProgress } from '../src/progress.js';
import { registerClassificationLoss } from '../src/registry/classification-losses.js';
import { withResources } from '../src/resources.js';
import { prepareTraining } from '../src/train/prepare-training.js';
import { openSession } from '../src/train/session.js';

const place = mkdtempSync(join(tmpdir(), 'padding-'));
afterAll(() => rmSync(place, { recursive: true }));

// The mean over all rows, known or not: what padding must not meet.
registerClassificationLoss('of-the-batch', () => (logits) => tf.mul(tf.onesLike(logits), tf.mean(tf.square(logits))));

describe('effectOfPadding', () => {
  let data: OpenedDataset;
  beforeAll(async () => {
    await startEngine('wasm');
    data = await openDataset(await madeUpData(36));
  });

  const effectOf = (changes: object): Promise<number | undefined> =>
    withResources(async (resources) => {
      const config = resolveConfig({ ...quick, ...changes } as PartialConfig);
      const prepared = await prepareTraining({ data, config, out: join(place, 'run') }, resources, silentProgress);
      const session = await openSession(config, prepared, { resources, progress: silentProgress });
      const { model, parameters, loop } = session;
      const { objective, optimizer, average, trained } = loop;
      const { loaded, training, targets, graph } = prepared;
      const [inputs, labels] = [loaded.inputs, graph.labels.length];
      const before = tf.memory().numTensors;
      const effect = await effectOfPadding({
        ...{ config, model, parameters, objective, optimizer, average, trained, batchSizes: [3, 4] },
        data: { inputs, training, targets, labels },
        onGradients: () => undefined,
      });
      expect(tf.memory().numTensors).toBe(before);
      return effect;
    });

  const cases: [string, object][] = [
    ['the default losses', {}],
    ['three classes', { labelPolicy: 'u-multiclass' }],
    [
      'the patch encoder and a loss per row',
      { encoder: { ...quick.encoder, kind: 'patch', patch: 4 }, classificationLoss: 'max-constraint' },
    ],
    [
      'a mixture of prompts, and weights that are learned',
      { prompts: { mixture: ['basic', 'question'] }, heads: 'similarity', weighting: 'uncertainty' },
    ],
  ];
  it.each(cases)('is rounding: %s', async (_, changes) => {
    expect(await effectOf(changes)).toBeUndefined();
  });
  it('is seen where a loss takes the mean over all rows', async () => {
    expect(await effectOf({ classificationLoss: 'of-the-batch' })).toBeGreaterThan(1e-3);
  });
});

describeBackends('padded', () => {
  it('repeats the first image with unknown targets, weighs the rows, and disposes what it replaces', () => {
    const before = tf.memory().numTensors;
    const batch = {
      images: { main: tf.tensor4d([1, 2, 3], [3, 1, 1, 1]) },
      targets: tf.ones<tf.Rank.R2>([3, 2]),
      mask: tf.ones<tf.Rank.R2>([3, 2]),
      weights: tf.fill<tf.Rank.R2>([3, 2], 0.5),
    };
    const { images, ...targets } = padded(batch, 5);
    expect([...images.main.dataSync()]).toEqual([1, 2, 3, 1, 1]);
    expect([...targets.mask.dataSync()]).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
    expect([...targets.rows!.dataSync()]).toEqual([1, 1, 1, 0, 0]);
    expect([...targets.weights!.dataSync()]).toEqual([0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0]);
    expect(targets.targets.shape).toEqual([5, 2]);
    tf.dispose([{ ...images }, { ...targets }]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
