import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeNpy } from '@cxr-align/files';
import { evaluateScores } from '../src/evaluate-scores.js';
import { readScoreModels, scoreModels } from '../src/score-files.js';

const folder = mkdtempSync(join(tmpdir(), 'score-rows-'));
function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}
const rowsOf = (text: string) => {
  const [header, ...rows] = text
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  return { header, rows };
};
const known = {
  name: 'set',
  labels: ['Edema', 'Fracture'],
  samples: ['a/1.png', 'a/2.png', 'a/3.png'],
  patients: ['p1', 'p1', 'p2'],
  targets: [1, 0, 0, 1, NaN, 0],
};

describe('readScoreModels(sources)', () => {
  it('reads what to_csv of pandas writes: an index, samples, patients as text, several models, blanks', async () => {
    const scores = fileURLToPath(new URL('fixtures/pandas-scores.csv', import.meta.url));
    const { models, remarks } = await readScoreModels({ scores });
    expect(models.map(({ name }) => name)).toEqual(['p', 'noisy']);
    expect(remarks).toEqual([]);
    const [{ table }] = models;
    expect(table.labels).toEqual(['Edema', 'Fracture']);
    expect(table.samples![0]).toBe('p070/140.png');
    expect(new Set(table.patients).size).toBe(20);
    // 0.21208793015781882, all digits.
    expect((table.scores as Float64Array)[0]).toBe(0.21208793015781882);
    const { evaluation } = evaluateScores({ ...table, resamples: 0 });
    expect(evaluation.labels.Fracture.positives + evaluation.labels.Fracture.negatives).toBe(36);
  });
  it('reads semicolons with decimal commas, and rows of one split', async () => {
    const scores = file(
      's.csv',
      'image;split;Edema_true;Edema_prob\nx;val;True;0,5\ny;test;False;0,25\nz;test;1.0;1\n',
    );
    const { models, remarks } = await readScoreModels({ scores });
    expect(models[0]).toMatchObject({ name: 'prob', table: { labels: ['Edema'], samples: ['x', 'y', 'z'] } });
    expect([...(models[0].table.scores as Float64Array)]).toEqual([0.5, 0.25, 1]);
    expect([...(models[0].table.targets as Float64Array)]).toEqual([1, 0, 1]);
    expect(remarks[0]).toBe('samples of all splits (val, test) were evaluated together');
    expect((await readScoreModels({ scores, split: 'test' })).models[0].table.samples).toEqual(['y', 'z']);
    await expect(readScoreModels({ scores, split: 'train' })).rejects.toThrow('got those of val, test');
  });
  it('takes targets of another table by the names of the samples, also beside an array', async () => {
    const targets = file('targets.csv', 'sample,y:Edema,patient\n1.png,1,p1\n2.png,0,p1\n');
    const scores = file('a.npy', writeNpy({ shape: [3, 1], data: Float64Array.of(0.9, 0.1, 0.5) }));
    const [labels, samples] = [file('l.json', '["edema"]'), file('n.txt', 'x/2.png\nx/1.png\nx/9.png\n')];
    const { models, remarks } = await readScoreModels({ scores, targets, labels, samples });
    expect(models[0].table).toMatchObject({ samples: ['2.png', '1.png'], patients: ['p1', 'p1'], targets: [0, 1] });
    expect(remarks[0]).toContain('1 of 3 scored samples are not in');
    await expect(readScoreModels({ scores, targets, labels })).rejects.toThrow('expected names of the samples');
  });
  it.each([
    ['sample,y:A,p:A\nx,1,0.5\nx,0,0.2\n', 'row 3, column sample: expected each sample once, got "x" twice'],
    ['sample,y:A,p:A\nx,1,\n', 'row 2, column p:A: expected a finite score, got a blank'],
    ['sample,y:A,p:A\nx,1,high\n', 'column p:A: expected a finite score, got "high"'],
    ['sample,y:A,p:A\nx,0.7,0.5\n', 'column y:A: expected a target of 1, 0, -1 or blank, got "0.7"'],
    ['sample,y:A,p:A\n,1,0.5\n', 'column sample: expected an id, got a blank'],
    ['sample,y:A,p:A\nx,1\n', 'expected 3 cells, as the header has, got 2'],
    ['sample,y:A,y:B,p:A\nx,1,1,0.5\n', 'got none for B'],
    ['sample,p:A\nx,0.5\n', 'expected targets beside the scores'],
    ['sample,patient\nx,1\n', 'expected columns of scores'],
  ])('refuses %j', async (text, message) => {
    await expect(readScoreModels({ scores: file('wrong.csv', text) })).rejects.toThrow(message);
  });
});

describe('scoreModels(rows, known)', () => {
  it('finds LABEL_MODEL beside LABEL_true, and LABEL_prob beside LABEL', () => {
    const several = scoreModels(rowsOf('sample,Edema_true,Edema_net,Edema_forest\nx,1,0.5,0.25'));
    expect(several.models.map(({ name }) => name)).toEqual(['net', 'forest']);
    const one = scoreModels(rowsOf('sample,Pleural Other,Pleural Other_prob,note\nx,-1,0.5,hello'));
    expect(one.models[0].table.labels).toEqual(['Pleural Other']);
    expect([...(one.models[0].table.targets as Float64Array)]).toEqual([NaN]);
    expect(one.remarks).toEqual(['no column of patients was found: each sample counts as a patient of its own']);
  });
  it('takes the columns that are named', () => {
    const { models } = scoreModels({
      ...rowsOf('name,who,t,s\nx,p,1,0.5'),
      columns: { sample: 'name', patient: 'who', 'y:Edema': 't', 'net:Edema': 's' },
    });
    expect(models[0]).toMatchObject({ name: 'net', table: { labels: ['Edema'], samples: ['x'], patients: ['p'] } });
    expect(() => scoreModels({ ...rowsOf('a,b\n1,2'), columns: { sample: 'c' } })).toThrow('expected a column "c"');
  });
  it('joins a data set by name, file name or its beginning, and tells what is in one alone', () => {
    const { models, remarks } = scoreModels(rowsOf('image,Edema,Cough\n3,0.1,1\nb/1.png,0.9,0\ngone,0.5,0'), known);
    expect(models[0].table).toMatchObject({
      labels: ['Edema'],
      samples: ['a/3.png', 'a/1.png'],
      patients: ['p2', 'p1'],
      targets: [NaN, 1],
    });
    expect([...(models[0].table.scores as Float64Array)]).toEqual([0.1, 0.9]);
    expect(remarks).toEqual([
      '1 of 3 scored samples are not in set and were left out (the first is gone)',
      '1 of 3 samples of set have no score (the first is a/2.png)',
      'set has no targets of Cough, which were left out',
    ]);
    expect(() => scoreModels(rowsOf('image,Edema\nq,0.1'), known)).toThrow('expected samples of set (such as a/1.png)');
    expect(() => scoreModels(rowsOf('image,Cough\n1,0.1'), known)).toThrow('expected labels of set (Edema, Fracture)');
  });
  it('ranks by s:LABEL, as predictions.parquet has it where probabilities lost their order', () => {
    const { models } = scoreModels(rowsOf('sample,y:A,p:A,s:A\nx,1,1,99\ny,0,1,98'));
    expect(evaluateScores({ ...models[0].table, resamples: 0 }).evaluation.labels.A.auroc).toBe(1);
  });
});
