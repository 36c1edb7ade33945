import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import { LabelGraph } from '@cxr-align/label-graph';
import { flipBits } from '@cxr-align/testkit';
import { keptThresholdChanges, readModel, writeModel, writeThresholdChange } from '../src/store/model-folder.js';
import type { StoredModel } from '../src/store/stored-model.js';
import { untrainedModel } from '../src/store/untrained-model.js';
import { smallConfig, threeLabels } from './small-model.js';

const run = mkdtempSync(join(tmpdir(), 'model-'));
const folder = join(run, 'model');
let stored: StoredModel;
beforeAll(async () => {
  await startEngine('wasm');
  stored = await untrainedModel({ config: smallConfig, graph: threeLabels() });
});
beforeEach(() => writeModel(run, stored));
afterAll(() => rmSync(run, { recursive: true, force: true }));

describe('readModel(run)', () => {
  it('reads what was written, and refuses any changed bit of any file by its name', async () => {
    expect(readModel(run).graph.labels).toEqual(['A', 'B', 'C']);
    const files = readdirSync(folder).map((name) => join(folder, name));
    expect(await flipBits(files, { flips: 250, seed: 1, read: () => readModel(run) })).toEqual([]);
  });
  it.each(['calibration.json', 'labels.json', 'manifest.json', 'training-set.json'])(
    'refuses a folder without %s',
    (name) => {
      rmSync(join(folder, name));
      expect(() => readModel(run)).toThrow(
        `model/${name}: expected a file of a trained model, got no such file; copy the whole model folder`,
      );
    },
  );
  it('takes no labels from a file that the manifest does not name, and leaves none of an earlier model', () => {
    const zeroShot = new LabelGraph({ name: 'more', labels: ['A', 'B', 'C', 'D'].map((name) => ({ name })) });
    writeModel(run, { ...stored, zeroShot });
    expect(readModel(run).zeroShot?.labels).toHaveLength(4);
    const text = readFileSync(join(folder, 'zero-shot.json'));
    writeModel(run, stored);
    expect(readdirSync(folder)).not.toContain('zero-shot.json');
    writeFileSync(join(folder, 'zero-shot.json'), text);
    expect(readModel(run).zeroShot).toBeUndefined();
  });
  it('reads changed thresholds, refuses a gap between changes, and a change of another model', () => {
    const change = (number: number, old: number | null, value: number) => ({
      ...{ number, date: '2026-01-01T00:00:00.000Z', by: 'anna' },
      labels: { B: { old, new: value, oldRule: 'youden', newRule: 'given' } },
    });
    writeThresholdChange(run, change(1, null, 0.25));
    writeThresholdChange(run, change(2, 0.25, 0.125));
    const changed = readModel(run);
    expect(changed.thresholds).toEqual([NaN, 0.125, NaN]);
    expect(changed.thresholdChanges).toHaveLength(2);
    expect(keptThresholdChanges(run, ['A', 'B', 'C'], [NaN, NaN, NaN])).toEqual(changed.thresholdChanges);
    expect(keptThresholdChanges(run, ['A', 'B', 'C'], [NaN, 0.5, NaN])).toEqual([]);
    // A model that is written again keeps what it has, and one without changes leaves none.
    writeModel(run, changed);
    expect(readModel(run).thresholds).toEqual([NaN, 0.125, NaN]);
    writeModel(run, stored);
    expect(readdirSync(folder).filter((name) => name.startsWith('thresholds-'))).toEqual([]);
    writeThresholdChange(run, change(2, null, 0.25));
    expect(() => readModel(run)).toThrow('thresholds-2.json: expected the changes of the thresholds one by one');
    writeModel(run, stored);
    writeThresholdChange(run, change(1, 0.5, 0.25));
    expect(() => readModel(run)).toThrow('expected the threshold of B before change 1 to be NaN, got 0.5');
  });
  it('refuses a folder of the first format by its version', () => {
    rmSync(join(folder, 'manifest.json'));
    writeFileSync(join(folder, 'config.json'), '{"formatVersion":1}');
    expect(() => readModel(run)).toThrow('expected a run folder of format 2, got format 1; train again');
  });
});
