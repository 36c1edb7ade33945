import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import { columnOf, decideLabels, thresholdOf } from '@cxr-align/evaluation';
import { coverFiles, lockFolder, observeDisk, type DiskChange } from '@cxr-align/files';
import { madeUpData, quick } from '@cxr-align/testkit';
import { readTrainedModel, resolveConfig } from '../src/config/config.js';
import { evaluateRun } from '../src/evaluate/evaluate-run.js';
import { readValidation } from '../src/evaluate/predictions-file.js';
import { openDataset, type OpenedDataset } from '../src/inputs/prepare-data.js';
import { loadRun } from '../src/run.js';
import { isRunWhole } from '../src/run-folder.js';
import { changeThresholds } from '../src/thresholds/change-thresholds.js';
import { runThresholds } from '../src/thresholds/run-thresholds.js';
import { train } from '../src/train/train.js';

const place = mkdtempSync(join(tmpdir(), 'thresholds-'));
const trained = join(place, 'trained');
const config = resolveConfig({ ...quick, model: 'linear', bootstrap: 0, epochs: 2, calibration: 'platt' });
let data: OpenedDataset;
let copies = 0;

/** A copy of the trained run, to be changed. */
function copied(): string {
  const run = join(place, `run-${copies++}`);
  cpSync(trained, run, { recursive: true });
  return run;
}
const thresholdsOf = (run: string): number[] => readTrainedModel(run).thresholds;

beforeAll(async () => {
  await startEngine('wasm');
  data = await openDataset(await madeUpData(60));
  await train({ data, config, out: trained });
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

describe('validation.parquet', () => {
  it('has what thresholds were chosen on: the rule of the training chooses the same ones again', async () => {
    const validation = (await readValidation(trained))!;
    expect(new Set(validation.samples.map(({ split }) => split))).toEqual(new Set(['val']));
    const { graph, thresholds } = readTrainedModel(trained);
    expect(validation.labels).toEqual(graph.labels);
    const again = graph.labels.map((_, i) =>
      thresholdOf(
        columnOf(validation.targets, graph.labels.length, i),
        columnOf(validation.probabilities, graph.labels.length, i),
        config.threshold,
      ),
    );
    expect(again).toEqual(thresholds);
  });
});

describe('changeThresholds(options)', () => {
  it('changes by a rule, each label or some, and keeps who changed what to what', async () => {
    const run = copied();
    const before = thresholdsOf(run);
    const { labels, changes, origin } = await changeThresholds({
      run,
      rule: 'sensitivity=0.9',
      labels: { D: 0.25 },
      by: 'anna',
      note: 'screening',
    });
    const after = thresholdsOf(run);
    expect(after).not.toEqual(before);
    expect(Object.values(labels).map(({ threshold }) => threshold)).toEqual(after);
    expect(labels.D).toMatchObject({ threshold: 0.25, rule: 'given', change: 1, before: { rule: 'youden' } });
    expect(labels.A.rule).toBe('sensitivity=0.9');
    expect(labels.A.validation!.sensitivity).toBeGreaterThanOrEqual(0.9);
    expect(changes).toEqual([
      {
        number: 1,
        date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        by: 'anna',
        note: 'screening',
        labels: expect.objectContaining({
          D: { old: before[3], new: 0.25, oldRule: 'youden', newRule: 'given' },
        }),
      },
    ]);
    expect(origin).toMatch(/^changed on \d{4}-\d\d-\d\d by anna: sensitivity=0\.9 \(.*\), given \(D\)/);
    // Those of training stay in their file.
    expect(Object.values(JSON.parse(readFileSync(join(run, 'model', 'thresholds.json'), 'utf8')))).toEqual(before);
    expect(isRunWhole(run)).toBe(true);
  });
  it('is obeyed by evaluation and prediction, which say where thresholds are from', async () => {
    const run = copied();
    await changeThresholds({ run, labels: { A: 0.4, D: 'f-max' }, by: 'anna' });
    const { evaluation, predictions, stored } = await evaluateRun({ run, data });
    expect(evaluation.labels.A.threshold).toBe(0.4);
    expect(evaluation.labels.A.operatingPoints[0]).toMatchObject({ rule: 'given', threshold: 0.4 });
    expect(evaluation.labels.D.operatingPoints[0].rule).toBe('max-f1');
    expect(evaluation.identity!.thresholds).toMatch(
      /^changed on .* by anna: given \(A\), max-f1 \(D\); the others fitted on validation by youden$/,
    );
    const n = predictions.labels.length;
    const decisions = decideLabels({ ...predictions, thresholds: stored.thresholds, graph: stored.graph });
    const called = columnOf(decisions, n, 0).filter((one) => one === 1).length;
    expect(evaluation.labels.A.truePositives + evaluation.labels.A.falsePositives).toBe(called);
    const predictor = await loadRun(run).predictor();
    const { labels } = await predictor.predict(join(data.path, 'images', '1.png'));
    await predictor.dispose();
    expect(labels.A.threshold).toBe(0.4);
  });
  it('takes changes back, one by one, and says so', async () => {
    const run = copied();
    const before = thresholdsOf(run);
    await changeThresholds({ run, labels: { A: 0.4 }, by: 'anna' });
    await changeThresholds({ run, labels: { A: 0.3, D: 0.2 }, by: 'ben' });
    await changeThresholds({ run, undo: true, by: 'ben' });
    expect(thresholdsOf(run)[0]).toBe(0.4);
    expect((await runThresholds(run)).labels).toMatchObject({
      A: { rule: 'given', change: 1 },
      D: { rule: 'youden', change: null },
    });
    const { changes, origin } = await changeThresholds({ run, undo: true, by: 'ben' });
    expect(thresholdsOf(run)).toEqual(before);
    expect(changes.map(({ undoes }) => undoes)).toEqual([undefined, undefined, 2, 1]);
    expect(origin).toBe('fitted on validation by youden');
    await expect(changeThresholds({ run, undo: true })).rejects.toThrow('expected changed thresholds to take back');
  });
  it('records nothing where nothing changes', async () => {
    const run = copied();
    const { changed, changes } = await changeThresholds({ run, rule: 'youden' });
    expect({ changed, changes }).toEqual({ changed: null, changes: [] });
    expect(readdirSync(join(run, 'model'))).not.toContain('thresholds-1.json');
  });
  it('leaves labels that the rule for all chooses nothing for, and refuses one that was named', async () => {
    const run = copied();
    const validation = (await readValidation(run))!;
    expect(validation.samples.length).toBeGreaterThan(0);
    const result = await changeThresholds({ run, rule: 'ppv=1' });
    for (const [label, reason] of Object.entries(result.left!)) {
      expect(reason).toContain('precision=1 chooses no threshold on validation');
      await expect(changeThresholds({ run, labels: { [label]: 'ppv=1' } })).rejects.toThrow(
        `expected a rule that chooses a threshold of ${label}`,
      );
    }
  });
  it.each([
    [{ labels: { a: 0.3 } }, 'expected a label of the run (A, A/B, A/C, D), got "a"; did you mean A?'],
    [{ labels: { A: 30 } }, 'threshold of A as a probability in [0, 1], got 30; divide percentages by 100'],
    [{ labels: { A: 'sensitivity=90' } }, 'expected a sensitivity in (0, 1], got "sensitivity=90"'],
    [{ labels: { A: NaN } }, 'expected the threshold of A as a probability in [0, 1], got NaN'],
    [{ rule: 'best' }, 'expected a rule such as youden, f-max, sensitivity=0.9'],
    [{ rule: '0.5' }, 'expected a rule for all labels, got the value 0.5'],
    [{}, 'expected a rule, thresholds of labels, or undo, got none'],
    [{ rule: 'youden', undo: true }, 'or undo, got both'],
  ])('refuses %j', async (options, message) => {
    const run = copied();
    await expect(changeThresholds({ run, ...options })).rejects.toThrow(message);
    expect(thresholdsOf(run)).toEqual(thresholdsOf(trained));
  });
  it('refuses a run that is trained meanwhile, and no run', async () => {
    const run = copied();
    const lock = lockFolder(run, 'train');
    await expect(changeThresholds({ run, rule: 'f-max' })).rejects.toThrow('train');
    lock.release();
    await expect(changeThresholds({ run: place, rule: 'f-max' })).rejects.toThrow('expected a trained run');
  });
  it('goes on with a run of an earlier version by its data, or by values alone', async () => {
    const run = copied();
    rmSync(join(run, 'validation.parquet'));
    coverFiles(run, ['validation.parquet']);
    expect(isRunWhole(run)).toBe(true);
    await expect(changeThresholds({ run, rule: 'f-max' })).rejects.toThrow(
      'the run is of an earlier version, or was not finished; give the data set that it was trained on (data)',
    );
    expect((await changeThresholds({ run, labels: { A: 0.4 } })).labels.A).toMatchObject({
      threshold: 0.4,
      validation: null,
    });
    const byData = await changeThresholds({ run, rule: 'f-max', data });
    const byFile = await changeThresholds({ run: copied(), rule: 'f-max' });
    expect(Object.values(byData.labels).map(({ threshold }) => threshold)).toEqual(
      Object.values(byFile.labels).map(({ threshold }) => threshold),
    );
    const other = await openDataset(await madeUpData(40));
    await expect(changeThresholds({ run, rule: 'youden', data: other })).rejects.toThrow(
      /expected the 10 validation images .*, got other \d+ in split val/,
    );
  });
  it('refuses changed bits of the scores and of the record', async () => {
    const run = copied();
    await changeThresholds({ run, labels: { A: 0.4 } });
    const scores = join(run, 'validation.parquet');
    writeFileSync(scores, readFileSync(scores).fill(0, 100, 101));
    await expect(changeThresholds({ run, rule: 'f-max' })).rejects.toThrow('validation.parquet: expected the bytes');
    const record = join(run, 'model', 'thresholds-1.json');
    writeFileSync(record, readFileSync(record, 'utf8').replace('0.4', '0.5'));
    expect(() => thresholdsOf(run)).toThrow('thresholds-1.json: expected the bytes');
    rmSync(record);
    expect(() => thresholdsOf(run)).toThrow('thresholds-1.json: expected a file of a trained model, got no such file');
  });
});

describe('a change that is stopped', () => {
  it('leaves the old thresholds or the new ones, whatever write it is stopped at, and can be made again', async () => {
    const run = copied();
    const states = join(place, 'states');
    const stops: string[] = [];
    const copy = (name: string): string => {
      cpSync(run, join(states, name), { recursive: true });
      stops.push(join(states, name));
      return join(states, name);
    };
    const stop = observeDisk({
      before: ({ kind, path, bytes }: DiskChange) => {
        if (!path.startsWith(run)) return;
        copy(`${stops.length} ${kind}`);
        if (kind !== 'write') return;
        const torn = copy(`${stops.length} half a write`);
        writeFileSync(join(torn, path.slice(run.length)), bytes!.subarray(0, bytes!.length >> 1));
      },
    });
    const before = thresholdsOf(run);
    await changeThresholds({ run, labels: { A: 0.4 } }).finally(stop);
    const after = thresholdsOf(run);
    expect(stops.length).toBeGreaterThan(8);
    const seen = new Set<string>();
    for (const state of stops) {
      expect(isRunWhole(state)).toBe(true);
      const held = thresholdsOf(state);
      expect([before, after]).toContainEqual(held);
      seen.add(String(held[0]));
      rmSync(join(state, '.cxr-lock'), { force: true });
      await changeThresholds({ run: state, labels: { A: 0.4 } });
      expect(thresholdsOf(state)).toEqual(after);
      expect((await runThresholds(state)).changes).toHaveLength(1);
    }
    expect(seen.size).toBe(2);
  });
  it('is kept by a training that makes the model again, and dropped by one of another model', async () => {
    const run = copied();
    await changeThresholds({ run, labels: { A: 0.4 }, by: 'anna' });
    const after = thresholdsOf(run);
    await train({ data, config, out: run, resume: true });
    expect(thresholdsOf(run)).toEqual(after);
    writeFileSync(join(run, 'model', 'labels.json'), '[]');
    const { evaluation } = await train({ data, config, out: run, resume: true });
    expect(thresholdsOf(run)).toEqual(after);
    expect(evaluation.labels.A.threshold).toBe(0.4);
    expect(isRunWhole(run)).toBe(true);
    await changeThresholds({ run, labels: { A: 0.5 } });
    expect(isRunWhole(run)).toBe(true);
    await train({ data, config: { ...config, seed: 5 }, out: run, overwrite: true });
    expect((await runThresholds(run)).changes).toEqual([]);
  });
});
