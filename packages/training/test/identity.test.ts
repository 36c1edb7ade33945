import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import { isCovered, sealJson } from '@cxr-align/files';
import { flipBits, madeUpData, quick } from '@cxr-align/testkit';
import { resolveConfig, type PartialConfig } from '../src/config/config.js';
import { evaluateRun } from '../src/evaluate/evaluate-run.js';
import { readEvaluatedRun } from '../src/evaluate/evaluated-run-file.js';
import { readPredictions } from '../src/evaluate/predictions-file.js';
import { openDataset } from '../src/inputs/prepare-data.js';
import { train } from '../src/train/train.js';
import type { TrainOptions } from '../src/train/train-options.js';

const place = mkdtempSync(join(tmpdir(), 'identity-'));
const run = join(place, 'run');
const small = { ...quick, model: 'linear', bootstrap: 0, epochs: 1 };
let path: string;

/** A copy of the data, changed. */
function changed(change: { table?: (text: string) => string; image?: [string, string] }): string {
  const copy = mkdtempSync(join(place, 'data-'));
  cpSync(path, copy, { recursive: true });
  const table = join(copy, 'labels.csv');
  if (change.table) writeFileSync(table, change.table(readFileSync(table, 'utf8')));
  if (change.image) {
    const [from, to] = change.image.map((name) => join(copy, 'images', name));
    writeFileSync(to, readFileSync(from));
  }
  return copy;
}

const options = async (
  from: string,
  changes: object = {},
  more: Partial<TrainOptions> = {},
): Promise<TrainOptions> => ({
  data: await openDataset(from),
  config: resolveConfig({ ...small, ...changes } as PartialConfig),
  out: run,
  ...more,
});

async function resumed(from: string, changes: object = {}, more: Partial<TrainOptions> = {}): Promise<string[]> {
  const remarks: string[] = [];
  const on = { remark: (text: string) => void remarks.push(text) };
  await train(await options(from, changes, { resume: true, on, ...more }));
  return remarks;
}

/** Turns the last cell of some rows. */
const inverted =
  (...rows: number[]) =>
  (text: string): string =>
    text
      .split('\n')
      .map((line, row) => (rows.includes(row) ? line.replace(/[01]$/, (cell) => String(1 - Number(cell))) : line))
      .join('\n');

beforeAll(async () => {
  await startEngine('wasm');
  path = await madeUpData(36);
  await train(await options(path));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

describe('a run that is resumed', () => {
  it.each([
    ['labels', { table: inverted(1, 3) }, 'other labels of 2 images (the first is 0.png)'],
    ['a patient', { table: (text: string) => text.replace('p0-train', 'p9-train') }, 'other patients of 1 image (the'],
    [
      'a split',
      { table: (text: string) => text.replaceAll('p1-train,train', 'p1-train,val') },
      'other splits of 4 images',
    ],
    [
      'a name',
      { table: (text: string) => text.replace('A/C', 'C') },
      'the labels A, A/B, C, D instead of A, A/B, A/C, D',
    ],
    ['fewer rows', { table: (text: string) => text.replace(/\n0.png.*/, '') }, '35 images instead of 36'],
    ['an image', { image: ['1.png', '0.png'] as [string, string] }, 'other contents of 1 image (the first is 0.png)'],
  ])('is refused with other data by the name of what differs: %s', async (_, change, message) => {
    const before = readdirSync(run, { recursive: true }).length;
    await expect(resumed(changed(change))).rejects.toThrow(
      new RegExp(
        `${run}: expected the data and configuration that the run was begun with, got ${message.replace(/[()]/g, '\\$&')}`,
      ),
    );
    expect(readdirSync(run, { recursive: true })).toHaveLength(before);
  });
  it.each([
    [{ learningRate: 0.5 }, {}, /got learningRate 0.5 instead of 0\.\d+; resume it with those/],
    [
      { augmentation: { rotation: 9 }, labelPolicy: 'u-ones' },
      {},
      /labelPolicy "u-ones" instead of .*augmentation.rotation 9|augmentation.rotation 9.*labelPolicy/,
    ],
    [{}, { trainCount: 10 }, /got trainCount 10 instead of null;/],
    [{}, { split: 'val' }, /got split "val" instead of null;/],
  ])('is refused with %j %j', async (changes, more, message) => {
    await expect(resumed(path, changes, more)).rejects.toThrow(message);
  });
  it('goes on with the same data in another place, and says where the machine is another one', async () => {
    expect((await resumed(changed({}))).join()).toContain('nothing of it is missing');
    const file = join(run, 'identity.json');
    const text = readFileSync(file, 'utf8');
    const { sha256: _, ...identity } = JSON.parse(text);
    identity.machine.node = 'v18.0.0';
    writeFileSync(file, sealJson(identity));
    expect((await resumed(path)).join()).toContain(`resumed with node ${process.version}, begun with v18.0.0`);
    writeFileSync(file, text.replace('"images":36', '"images":37'));
    await expect(resumed(path, { seed: 4 })).rejects.toThrow('identity.json: expected the bytes that were written');
    await resumed(path);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
  it('makes again what was damaged or is missing', async () => {
    for (const name of ['evaluation.json', 'predictions.parquet', 'config.json', 'model/graph.json', 'manifest.json']) {
      const file = join(run, name);
      const whole = readFileSync(file);
      const bytes = Uint8Array.from(whole);
      bytes[20] ^= 1;
      writeFileSync(file, bytes);
      await resumed(path);
      expect(readFileSync(file).equals(whole)).toBe(true);
    }
    expect(isCovered(run, 'history.jsonl')).toBe(true);
  });
});

describe('a run folder', () => {
  it('has one writer: neither a training nor an evaluation comes in between', async () => {
    const out = join(place, 'locked');
    const overwriting = await options(path, {}, { out, overwrite: true });
    const refused: Promise<unknown>[] = [];
    const on = {
      step: () => {
        if (refused.length > 0) return;
        for (const other of [
          train(overwriting),
          evaluateRun({ run, data: overwriting.data, out: join(out, 'x', '..') }),
        ])
          refused.push(expect(other).rejects.toThrow('that train writes to (this process'));
      },
    };
    await train(await options(path, { epochs: 2 }, { out, on }));
    expect(refused).toHaveLength(2);
    await Promise.all(refused);
  });
  it('is refused with any changed bit of any file that is read from it', async () => {
    const files = (readdirSync(run, { recursive: true }) as string[])
      .filter((name) => /\.(json|jsonl|parquet|safetensors)$/.test(name) && !name.startsWith('checkpoints'))
      .map((name) => join(run, name));
    expect(files.length).toBeGreaterThan(14);
    expect(await flipBits(files, { flips: 160, seed: 3, read: () => readEvaluatedRun(run) })).toEqual([]);
    await readEvaluatedRun(run);
  });
});

describe('evaluateRun(options) with a folder', () => {
  /** The bytes of what training wrote. */
  const trained = () =>
    new Map(
      (readdirSync(run, { recursive: true }) as string[])
        .filter((name) => !name.startsWith('evaluations') && statSync(join(run, name)).isFile())
        .map((name) => [name, readFileSync(join(run, name), 'base64')]),
    );
  it('writes into one of its own under the run, and replaces nothing that training wrote', async () => {
    const before = trained();
    const data = await openDataset(path);
    const { folder, evaluation } = await evaluateRun({ run, data, split: 'val', out: true });
    expect(folder).toBe(join(run, 'evaluations', `${basename(path)}-val`));
    expect(evaluation.split).toBe('val');
    expect((await readPredictions(folder!)).samples).toHaveLength(6);
    const shifted = await evaluateRun({ run, data, labelShift: true, views: 'max', out: true });
    expect(basename(shifted.folder!)).toBe(`${basename(path)}-test-max-label-shift`);
    expect(trained()).toEqual(before);
    expect((await readEvaluatedRun(run)).evaluation.split).toBe('test');
    expect((await evaluateRun({ run, data })).folder).toBeUndefined();
  });
  it('refuses a run as that folder', async () => {
    const data = await openDataset(path);
    const before = trained();
    for (const out of [run, join(run, '.'), join(place, 'locked')])
      await expect(evaluateRun({ run, data, out })).rejects.toThrow(
        'expected a folder for the evaluation, got a run, whose own evaluation stays as training wrote it',
      );
    expect(trained()).toEqual(before);
  });
  it('goes with the run where that is overwritten', async () => {
    const out = join(place, 'overwritten');
    await train(await options(path, {}, { out }));
    await evaluateRun({ run: out, data: await openDataset(path), out: true });
    await train(await options(path, { seed: 1 }, { out, overwrite: true }));
    expect(existsSync(join(out, 'evaluations'))).toBe(false);
  });
});

describe('evaluateRun(options)', () => {
  const evaluated = async (from: string, more: object = {}) => {
    const { evaluation, remarks } = await evaluateRun({ run, data: await openDataset(from), ...more });
    return { hash: evaluation.dataSha256, remarks: remarks.join('\n') };
  };
  it('has the hash of what it was made on, and says where that was trained on or has changed since', async () => {
    const own = await evaluated(path);
    expect(own.hash).toBe((await readEvaluatedRun(run)).evaluation.dataSha256);
    expect(own.remarks).not.toContain('warning');
    const moved = await evaluated(changed({}));
    expect(moved.hash).toBe(own.hash);
    // An image of the test split is now one that was trained on.
    const other = changed({
      image: ['0.png', '5.png'],
      table: (text) => text.replaceAll('p0-train', 'p0-x').replace('p0-test', 'p0-train'),
    });
    const again = await evaluated(other);
    expect(again.hash).not.toBe(own.hash);
    expect(again.remarks).toContain('1 of the 6 evaluated images were trained on (the first is 5.png)');
  });
  it('leaves a folder of predictions that is checked, and remarks on one that has no manifest', async () => {
    const out = join(place, 'evaluated');
    await evaluated(path, { out });
    const remarks: string[] = [];
    const predictions = await readPredictions(out, (text) => remarks.push(text));
    expect(predictions.samples).toHaveLength(6);
    expect(remarks).toEqual([]);
    const files = ['predictions.parquet', 'manifest.json'].map((name) => join(out, name));
    expect(await flipBits(files, { flips: 60, seed: 4, read: () => readPredictions(out) })).toEqual([]);
    rmSync(join(out, 'manifest.json'));
    await expect(readPredictions(out)).rejects.toThrow('expected manifest.json with the hashes of its files, got none');
    rmSync(join(out, 'evaluation-details.json'));
    await readPredictions(out, (text) => remarks.push(text));
    expect(remarks[0]).toContain('was written by another program or an earlier version');
  });
});
