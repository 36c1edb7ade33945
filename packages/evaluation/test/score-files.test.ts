import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeNpy } from '@cxr-align/files';
import { evaluateScores } from '../src/evaluate-scores.js';
import { type ScoreFiles, readScoreFiles, readScoreModels } from '../src/score-files.js';

const folder = mkdtempSync(join(tmpdir(), 'score-files-'));
function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}
const npy = (name: string, shape: number[], values: number[]): string =>
  file(name, writeNpy({ shape, data: Float64Array.from(values) }));
const two = {
  scores: npy('scores.npy', [3, 2], [0.9, 0.2, 0.1, 0.8, 0.3, 0.4]),
  targets: npy('targets.npy', [3, 2], [1, 0, 0, 1, 0, -1]),
  labels: file('labels.json', '{"labels": ["a", "b"]}'),
};

describe('readScoreFiles(files)', () => {
  it('reads arrays in float64 with the names of their files', async () => {
    const table = await readScoreFiles(two);
    expect(table).toMatchObject({ labels: ['a', 'b'], sources: two });
    expect(Array.from(table.scores as Float64Array)).toEqual([0.9, 0.2, 0.1, 0.8, 0.3, 0.4]);
    expect(evaluateScores({ ...table, resamples: 0 }).evaluation.labels.a.auroc).toBe(1);
  });
  it('reads one label saved as [n]', async () => {
    const labels = file('one.json', '["a"]');
    const one = { scores: npy('s1.npy', [3], [1, 2, 3]), targets: npy('t1.npy', [3, 1], [0, 0, 1]), labels };
    expect(evaluateScores({ ...(await readScoreFiles(one)), resamples: 0 }).evaluation.labels.a.auroc).toBe(1);
    await expect(readScoreFiles({ ...two, scores: one.scores })).rejects.toThrow(
      's1.npy: expected an array [samples, 2], a column for each label, got [3]',
    );
  });
  it('reads groups: blanks are missing, ages become ranges', async () => {
    const groups = file('groups.csv', 'sex;age\nF;20\n;41\nM;83\n');
    expect((await readScoreFiles({ ...two, groups })).groups).toEqual({
      sex: ['F', null, 'M'],
      age: ['20–39', '40–59', '80+'],
      'sex × age': ['F × 20–39', null, 'M × 80+'],
    });
    const short = file('short.csv', 'sex,age\nF,20\nM\n');
    await expect(readScoreFiles({ ...two, groups: short })).rejects.toThrow(
      'short.csv: expected a header and a whole row for each of 3 samples, got 1 and 1 with another number of cells',
    );
  });
  it('refuses what says a thing twice, or not at all', async () => {
    const table = file('table.csv', 'sample,p:a,y:a,split\n1,0.2,0,val\n2,0.7,1,test\n');
    const known = { labels: ['a'], samples: ['1', '2'], targets: Float32Array.of(0, 1) };
    const refusal = (sources: object): Promise<unknown> =>
      readScoreModels({ scores: table, ...sources } as Parameters<typeof readScoreModels>[0]).catch(
        (error: Error) => error.message,
      );
    expect(await refusal({ targets: table, known })).toContain(
      'expected targets in a table or in a data set, got both; leave one out',
    );
    expect(await refusal({ ...two, split: 'test' })).toContain(
      'scores.npy: expected a table of scores to choose columns or a split of, got an array',
    );
    expect(await refusal({ split: 'test', patients: two.targets })).toContain(
      'expected patients and groups in the table of the scores, where rows are left out',
    );
    expect(await refusal({ ...two, labels: undefined })).toContain(
      'expected the names of the labels (labels) beside scores in an array, got none',
    );
  });
  it('refuses a threshold that stands twice, and a missing file', async () => {
    const thresholds = file('twice.json', '{"a": 0.1, "b": 0.2, "a": 0.3}');
    await expect(readScoreFiles({ ...two, thresholds })).rejects.toThrow(
      'twice.json: expected each label once, got "a" twice; remove one',
    );
    await expect(readScoreFiles({ ...two, scores: join(folder, 'none.npy') })).rejects.toThrow(
      'none.npy: expected a file',
    );
    await expect(readScoreFiles({ ...two, labels: file('empty.json', '[]') })).rejects.toThrow(
      'JSON list of label names',
    );
  });
});

const cases = fileURLToPath(new URL('../../../../shared/cases/', import.meta.url));
const withCases = existsSync(cases) ? describe : describe.skip;

withCases('the cases of scores', () => {
  const read = async (name: string, more: Partial<Record<keyof ScoreFiles, string>> = {}) => {
    const inCase = (one: string): string => join(cases, name, one);
    const given = Object.fromEntries(Object.entries(more).map(([key, one]) => [key, inCase(one)]));
    const files = {
      scores: inCase('scores.npy'),
      targets: inCase('targets.npy'),
      labels: inCase('labels.json'),
      ...given,
    };
    return evaluateScores({ ...(await readScoreFiles(files)), resamples: 0 }).evaluation;
  };
  const right = (name: string): number[] =>
    [...readFileSync(join(cases, name, 'right.txt'), 'utf8').matchAll(/float64\(([\d.]+)\)/g)].map(([, value]) =>
      Number(value),
    );
  it.each(['50-large-logits', '50c-percent', '54-groups'])('%s has the right AUROCs', async (name) => {
    const { labels } = await read(name);
    Object.values(labels).forEach(({ auroc }, i) => expect(auroc).toBeCloseTo(right(name)[i], 12));
  });
  it('50c-percent carries a remark', async () => {
    expect((await read('50c-percent')).remarks[0]).toContain('no probabilities');
  });
  it('51: ids and shapes', async () => {
    expect((await read('51c-npy-int64-big', { patients: 'patients.npy' })).patients).toBe(200);
    expect((await read('51d-one-label-1d')).labels.Pneumonia.auroc).toBeGreaterThan(0.5);
    await expect(read('51b-npy-object-patients', { patients: 'patients.npy' })).rejects.toThrow(/dtype=str/);
  });
  it('52d and 53b are refused by name', async () => {
    await expect(read('52d-nan-score')).rejects.toThrow(/scores\.npy: .*row \d+ \(from 0\), label (Pneumonia|Edema)/);
    await expect(read('53b-dup')).rejects.toThrow('labels.json: expected each label once, got "Edema" twice');
  });
  it('54: groups between semicolons as between commas; short rows are refused', async () => {
    const { fairness } = await read('54-groups', { groups: 'groups.csv' });
    expect(fairness.map(({ attribute }) => attribute)).toEqual(['sex', 'age', 'sex × age']);
    expect((await read('54-groups', { groups: 'groups-semicolon.csv' })).fairness).toEqual(fairness);
    await expect(read('54-groups', { groups: 'groups-short.csv' })).rejects.toThrow(
      /groups-short\.csv: expected a header/,
    );
  });
  it.each([
    ['case', '"pneumonia"; write "Pneumonia"'],
    ['unknown', '"Cardiomegaly"; remove it'],
    ['null', 'threshold of Pneumonia, got null'],
    ['object', 'threshold of Pneumonia, got {"threshold":0.2}'],
    ['list', 'expected an object of label to threshold'],
    ['percent', 'threshold of Pneumonia in [0, 1], as the scores are, got 20'],
  ])('57: thresholds %s.json are refused by name', async (name, message) => {
    await expect(read('57-thresholds', { thresholds: `${name}.json` })).rejects.toThrow(message);
  });
});
