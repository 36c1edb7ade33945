import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel, predictLogits } from '@cxr-align/classifier';
import { FeatureStoreWriter } from '@cxr-align/datasets';
import { startEngine } from '@cxr-align/engine';
import { RandomStream } from '@cxr-align/random';
import { madeUpData } from '@cxr-align/testkit';
import { readPredictions } from '../src/evaluate/predictions-file.js';
import { resolveConfig, type PartialConfig } from '../src/config/config.js';
import { contentHash } from '../src/inputs/decode-views.js';
import { openDataset, type OpenedDataset } from '../src/inputs/prepare-data.js';
import { train } from '../src/train/train.js';
import type { TrainOptions } from '../src/train/train-options.js';

const place = mkdtempSync(join(tmpdir(), 'fitted-'));
const features = join(place, 'store');
let data: OpenedDataset;
const options = (name: string, config: PartialConfig = {}, more: Partial<TrainOptions> = {}): TrainOptions => ({
  data,
  features,
  config: resolveConfig({ model: 'logistic', encoder: { kind: 'frozen' }, bootstrap: 0, ...config }),
  out: join(place, name),
  ...more,
});

/** Features of 2 × 2 patches that have something of each image's labels in them. */
function fill(): void {
  const { samples, annotations } = data.dataset;
  const [patches, dim, views, count] = [4, 6, 2, annotations.labels.length];
  const writer = new FeatureStoreWriter(
    features,
    { encoder: 'made up', weightsHash: 'none', preprocessing: {} } as never,
    { dim, grid: 2, views, dtype: 'float32' },
  );
  const values = new Float32Array(samples.length * views * patches * dim);
  const random = new RandomStream({ seed: 1, purpose: 'features' });
  values.forEach((_, at) => {
    const label = at % dim;
    const image = Math.floor(at / (views * patches * dim));
    values[at] = random.normal() + (label < count && annotations.values[image * count + label] === 1 ? 0.8 : 0);
  });
  writer.append(
    samples.map(({ id, image }) => ({ id, content: contentHash(readFileSync(image as string)) })),
    values,
  );
  writer.finish([]);
}

beforeAll(async () => {
  await startEngine('cpu');
  data = await openDataset(await madeUpData(60));
  fill();
});
afterAll(() => rmSync(place, { recursive: true }));

describe('train({ config: { model: HEAD } })', () => {
  it.each(['logistic', 'gaussian', 'neighbours', 'propagation', 'csra', 'stack', 'auto'])(
    'fits and stores %s without epochs, and the stored model scores as the run did',
    async (model) => {
      const head = {
        ...(model === 'stack' && { of: ['logistic', 'gaussian'] }),
        ...(model === 'auto' && { candidates: ['gaussian', 'neighbours'] }),
      };
      const remarks: string[] = [];
      const config = { model, head } as PartialConfig;
      const run = await train(options(model, config, { on: { remark: (text) => remarks.push(text) } }));
      expect(run.evaluation.macro.auroc).toBeGreaterThan(0.6);
      expect(run.bestEpoch).toBe(0);
      expect(existsSync(join(run.path, 'history.jsonl')) || existsSync(join(run.path, 'checkpoints'))).toBe(false);
      if (model === 'auto') expect(remarks.join('\n')).toMatch(/taken: (gaussian|neighbours), the/);
      const again = await run.evaluate({ features, split: 'test' });
      expect(again.evaluation.macro.auroc).toBe(run.evaluation.macro.auroc);
      const { probabilities } = await readPredictions(run.path);
      expect([...again.predictions.probabilities].map((p) => p.toFixed(6))).toEqual(
        [...probabilities].map((p) => p.toFixed(6)),
      );
    },
    30_000,
  );

  it('has the same bits twice, names keys that it does not read, and does nothing when it is resumed at its end', async () => {
    const remarks: string[] = [];
    const config = { epochs: 3, head: { shrinkage: 0.5 } } as PartialConfig;
    const more = { on: { remark: (text: string) => remarks.push(text) } };
    const [a, b] = [await train(options('a', config, more)), await train(options('b', config))];
    const weights = (run: string): string => readFileSync(join(run, 'model', 'model.safetensors')).toString('base64');
    expect(weights(a.path)).toBe(weights(b.path));
    expect(remarks).toContain('not read by model logistic: epochs, head.shrinkage');
    expect(remarks).toContain('head.views=first: the unchanged view of each training image of 2 stored');
    expect((await train(options('a', config, { resume: true }))).isNew).toBe(false);
    rmSync(join(a.path, 'evaluation.json'));
    expect((await train(options('a', config, { resume: true }))).isNew).toBe(true);
  });

  it('does without a validation split: thresholds of 0.5, nothing calibrated', async () => {
    const run = await train(options('none', { validation: 'none' }));
    expect(run.validation).toBeNull();
    expect(run.stored.thresholds.every(Number.isNaN)).toBe(true);
    expect(run.remarks.join('\n')).toContain('thresholds are 0.5, probabilities are not calibrated');
  });

  it('refuses a run to start from, an encoder that is no frozen one, and a stack of a stack', async () => {
    await expect(train(options('x', {}, { from: place }))).rejects.toThrow('expected no run to start from with model');
    expect(() => resolveConfig({ model: 'logistic' })).toThrow('expected kind frozen with a model that is fitted');
    const frozen = { encoder: { kind: 'frozen' } } as PartialConfig;
    expect(() => resolveConfig({ ...frozen, model: 'stack', head: { of: ['stack', 'logistic'] } })).toThrow(
      'expected head.of to name heads',
    );
    expect(() => resolveConfig({ ...frozen, model: 'auto', head: { candidates: ['auto', 'logistic'] } })).toThrow(
      'expected head.candidates to name heads',
    );
    await expect(train(options('y', {}, { joined: [{ features }] }))).rejects.toThrow(
      'expected stored features of one frozen encoder to fit a head to',
    );
    await expect(train(options('x', { model: 'text-centroids' }))).rejects.toThrow(
      'expected prompts.encoder to share a space with the image encoder',
    );
  });

  it('computes linear heads by tensors and others from their arrays, with the same logits as in float64', async () => {
    for (const name of ['logistic', 'neighbours']) {
      const loaded = loadModel(join(place, name));
      const { model } = loaded;
      const { tensor4d } = await import('@tensorflow/tfjs-core');
      const values = Float32Array.from({ length: 3 * 4 * 6 }, (_, i) => Math.sin(i));
      const logits = await predictLogits(model, { batch: () => ({ main: tensor4d(values, [3, 2, 2, 6]) }) }, [0, 1, 2]);
      const pooled = Float64Array.from({ length: 18 }, (_, at) => {
        const [image, i] = [Math.floor(at / 6), at % 6];
        return [0, 1, 2, 3].reduce((sum, patch) => sum + values[(image * 4 + patch) * 6 + i] / 4, 0);
      });
      const scores = model.head!.scores({ pooled: { rows: 3, columns: 6, data: pooled } });
      scores.forEach((score, at) => expect(logits[at]).toBeCloseTo(score, 4));
      loaded.dispose();
    }
  });
});
