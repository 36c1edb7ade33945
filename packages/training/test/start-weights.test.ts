import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderHash, readModel } from '@cxr-align/classifier';
import { startEngine } from '@cxr-align/engine';
import { madeUpData, quick } from '@cxr-align/testkit';
import { resolveConfig, type PartialConfig } from '../src/config/config.js';
import { readEvaluatedRun } from '../src/evaluate/evaluated-run-file.js';
import { openDataset } from '../src/inputs/prepare-data.js';
import { train } from '../src/train/train.js';
import type { TrainOptions } from '../src/train/train-options.js';

const place = mkdtempSync(join(tmpdir(), 'from-'));
/** Steps so small that the weights stay as they were in the digits that are compared. */
const still = { learningRate: 1e-12, weightDecay: 0, weightAveraging: 0, epochs: 1 };
const small = { ...quick, model: 'linear', bootstrap: 0, epochs: 1 };
const teacher = join(place, 'first');
let path: string;

/** A copy of the data with other labels: columns by their names, in another order. */
function withLabels(header: string, cellsOf: (cells: string[]) => string[]): string {
  const copy = mkdtempSync(join(place, 'data-'));
  cpSync(path, copy, { recursive: true });
  const file = join(copy, 'labels.csv');
  const [, ...rows] = readFileSync(file, 'utf8').trim().split('\n');
  const changed = rows.map((row) => {
    const [image, patient, split, ...cells] = row.split(',');
    return [image, patient, split, ...cellsOf(cells)].join(',');
  });
  writeFileSync(file, [`image,patientId,split,${header}`, ...changed].join('\n'));
  return copy;
}

async function trainFrom(name: string, changes: object, more: Partial<TrainOptions> & { path?: string } = {}) {
  const { path: other = path, ...options } = more;
  const data = await openDataset(other);
  const config = resolveConfig({ ...small, ...still, ...changes } as PartialConfig);
  return train({ data, config, out: join(place, name), from: teacher, ...options });
}

const weightsOf = (run: string) => readModel(join(place, run)).weights;
const contentOf = (name: string): Map<string, string> => {
  const folder = join(place, name);
  const files = (readdirSync(folder, { recursive: true }) as string[]).filter((file) =>
    statSync(join(folder, file)).isFile(),
  );
  return new Map(files.sort().map((file) => [file, readFileSync(join(folder, file)).toString('base64')]));
};

beforeAll(async () => {
  await startEngine('wasm');
  path = await madeUpData(36);
  await train({ data: await openDataset(path), config: resolveConfig(small as PartialConfig), out: teacher });
});
afterAll(() => rmSync(place, { recursive: true }));

describe('train(options) from the weights of a run', () => {
  it('starts where that ended, with an optimizer of its own, and records the model by its hash', async () => {
    await trainFrom('same', {});
    for (const [name, { data }] of weightsOf('first'))
      weightsOf('same')
        .get(name)!
        .data.forEach((value, i) => expect(value).toBeCloseTo(data[i], 6));
    const hash = folderHash(join(teacher, 'model'));
    const read = (file: string) => JSON.parse(readFileSync(join(place, 'same', file), 'utf8'));
    expect(read('identity.json').from).toEqual({ modelSha256: hash });
    expect(read('config.json').from).toMatchObject({ run: teacher, modelSha256: hash, arrays: 2 });
    const { remarks, evaluation } = await readEvaluatedRun(join(place, 'same'));
    expect(remarks.join('\n')).toContain(`started from the weights of ${teacher} (model ${hash.slice(0, 12)})`);
    // Its test images are those that the first run has not seen.
    expect(evaluation.remarks.join('\n')).not.toContain('optimistic');
  });
  it('matches labels by their name, wherever they stand, and names those that are new', async () => {
    const turned = withLabels('D,A/B,New,A', ([a, b, c, d]) => [d, b, c, a]);
    await trainFrom('turned', {}, { path: turned });
    const [then, now] = [weightsOf('first'), weightsOf('turned')];
    const column = (weights: typeof then, label: number) =>
      [...weights.get('pixels/0/weight')!.data].filter((_, at) => at % 4 === label);
    for (const [before, after] of [
      [3, 0],
      [1, 1],
      [0, 3],
    ]) {
      column(now, after).forEach((value, i) => expect(value).toBeCloseTo(column(then, before)[i], 6));
      expect(now.get('pixels/0/bias')!.data[after]).toBeCloseTo(then.get('pixels/0/bias')!.data[before], 6);
    }
    expect(now.get('pixels/0/bias')!.data[2]).toBeCloseTo(0, 6);
    const { remarks } = await readEvaluatedRun(join(place, 'turned'));
    expect(remarks.join('\n')).toContain('labels that it does not have start from random weights: New');
  });
  it.each([
    ['query', { decoder: { ...quick.decoder, kind: 'query' } }],
    ['dense, full', { decoder: { ...quick.decoder, kind: 'dense', mixing: 'full' } }],
    ['dense, factored', { decoder: { ...quick.decoder, kind: 'dense', mixing: 'factored' } }],
  ])('predicts the same for the same labels in another order: %s', async (name, changes) => {
    const model = { model: 'vision-only', dropout: 0, ...changes };
    const from = join(place, `${name} first`);
    await trainFrom(`${name} first`, { ...model, learningRate: 0.01 }, { from: undefined });
    // The moving statistics of its norms go on, in the same way.
    const before = await trainFrom(`${name} straight`, model, { from });
    const turned = withLabels('D,A/C,A,A/B', ([a, b, c, d]) => [d, c, a, b]);
    const after = await trainFrom(`${name} turned`, model, { path: turned, from });
    const [p, q] = [before.predictions, after.predictions];
    expect(q.labels).toEqual(['D', 'A/C', 'A', 'A/B']);
    const order = q.labels.map((label) => p.labels.indexOf(label));
    q.probabilities.forEach((value, at) =>
      expect(value).toBeCloseTo(p.probabilities[4 * Math.floor(at / 4) + order[at % 4]], 5),
    );
  });
  it('names the arrays that only one of the models has', async () => {
    await trainFrom('vision', { model: 'vision-only' }, { from: undefined });
    await trainFrom('aligned', { model: 'aligned' }, { from: join(place, 'vision') });
    const { from } = JSON.parse(readFileSync(join(place, 'aligned', 'config.json'), 'utf8'));
    expect(from.newArrays.join()).toContain('prompts/');
    expect(from.unusedArrays).toEqual(['splitter/queries']);
    const { remarks } = await readEvaluatedRun(join(place, 'aligned'));
    expect(remarks.join('\n')).toContain('arrays of it that are not used: splitter/queries');
    await expect(
      trainFrom('wide', { model: 'aligned', decoder: { ...quick.decoder, dim: 32 } }, { from: join(place, 'vision') }),
    ).rejects.toThrow(
      /expected a run whose arrays have the shapes of this configuration.*instead of.*use its image.size/,
    );
    await expect(trainFrom('mlp', { model: 'aligned' })).rejects.toThrow('got a model linear that shares none');
    await expect(trainFrom('none', {}, { from: place })).rejects.toThrow('expected a trained run');
  });
  it('is resumed bit for bit, and needs the other run no more', async () => {
    const changes = { ...still, epochs: 2, learningRate: 0.01 };
    await trainFrom('straight', changes);
    const stop = new AbortController();
    const on = { step: ({ step }: { step: number }) => step === 1 && stop.abort(new Error('stopped')) } as never;
    await expect(trainFrom('stopped', changes, { on, signal: stop.signal })).rejects.toThrow('stopped');
    await trainFrom('stopped', changes, { resume: true, from: undefined });
    expect(contentOf('stopped')).toEqual(contentOf('straight'));
    await trainFrom('stopped', changes, { resume: true });
    expect(contentOf('stopped')).toEqual(contentOf('straight'));
    await expect(trainFrom('stopped', changes, { resume: true, from: join(place, 'same') })).rejects.toThrow(
      /got the weights of the model [0-9a-f]{12} instead of the weights of the model [0-9a-f]{12}/,
    );
  });
  it('says which evaluated images the other run was trained on', async () => {
    const mixed = withLabels('A,A/B,A/C,D', (cells) => cells);
    const file = join(mixed, 'labels.csv');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replaceAll(/,(train|test)$|,(train|test),/g, (text) =>
        text.includes('train') ? text.replace('train', 'test') : text.replace('test', 'train'),
      ),
    );
    await trainFrom('seen', {}, { path: mixed });
    const { evaluation } = await readEvaluatedRun(join(place, 'seen'));
    expect(evaluation.remarks.join('\n')).toContain('optimistic: by the run that it started from, ');
  });
});
