import { readFileSync } from 'node:fs';
import { itWithShared, sharedFolder } from '@cxr-align/testkit';
import { datasetFacts, readDataset } from '../src/index.js';
import { folderWith } from './temporary.js';

type Expected = Record<string, unknown> & { labels: string[]; counts: Record<string, Record<string, number>> };

/** Everything that is expected is there; numbers to half of the fourth digit, as far as the reference rounds them. */
function expectFacts(found: unknown, expected: unknown, at = ''): void {
  if (typeof expected === 'number') {
    if (!(Math.abs((found as number) - expected) <= 5e-5)) throw new Error(`${at}: expected ${expected}, got ${found}`);
  } else if (typeof expected === 'object' && expected !== null) {
    for (const [key, value] of Object.entries(expected))
      expectFacts((found as Record<string, unknown>)?.[key], value, `${at}/${key}`);
  } else expect([at, found]).toEqual([at, expected]);
}

describe('datasetFacts(dataset)', () => {
  for (const [set, file] of [
    ['chexpert', 'chexpert-train-labels.csv.gz'],
    ['nih', 'nih-data-entry.csv.gz'],
  ]) {
    itWithShared(`data/labels/${file}`, `are those that pandas counts in ${file}`, async (path) => {
      const expected = JSON.parse(readFileSync(`${sharedFolder}/data/labels/expected.json`, 'utf8'))[set] as Expected;
      const dataset = await readDataset(path);
      const { hierarchy: _edges, otherValues, ...facts } = expected;
      expectFacts({ ...datasetFacts(dataset), ...dataset.tableFacts }, facts);
      expect(dataset.badRows).toHaveLength((otherValues as number | undefined) ?? 0);
    });
  }
  it('counts splits, studies and groups of a small table, worked by hand', async () => {
    const folder = folderWith({
      'labels.csv': [
        'image,patientId,study,sex,age,view,split,Edema,Mass',
        '1.png,p,s1,F,19.5,PA,train,1,1',
        '2.png,p,s1,F,19.5,L,train,1,0',
        '3.png,q,s1,,20,PA,val,-1,',
        '4.png,r,s2,M,90,,test,0,0',
      ].join('\n'),
    });
    const facts = datasetFacts(await readDataset(folder));
    expect(facts).toMatchObject({
      rows: 4,
      patients: 3,
      studies: 3,
      counts: { Edema: { 1: 2, 0: 1, '-1': 1, blank: 0 }, Mass: { 1: 1, 0: 2, '-1': 0, blank: 1 } },
      noFinding: 1,
      cooccurrencePositive: [
        [2, 1],
        [1, 1],
      ],
      positivesPerRow: { 0: 2, 1: 1, 2: 1 },
      uncertainPerRow: { 0: 3, 1: 1 },
      sex: { F: { rows: 2, positives: { Edema: 2, Mass: 1 }, prevalence: { Edema: 1, Mass: 0.5 } }, M: { rows: 1 } },
      view: { PA: 2, L: 1, '(blank)': 1 },
      ageMin: 19.5,
      ageMax: 90,
      splits: {
        train: { images: 2, patients: 1, studies: 1, positives: { Edema: 2, Mass: 1 } },
        val: { images: 1, patients: 1 },
        test: { images: 1, patients: 1 },
      },
      patientsInSeveralSplits: 0,
    });
    expect(Object.keys(facts.age)).toEqual(['0-19', '20-39', '80+']);
  });
  it('has no NaN for a table without rows', async () => {
    const dataset = await readDataset(folderWith({ 'labels.csv': 'image,Edema\n', 'labels.json': '["Edema"]' }));
    expect(JSON.stringify(datasetFacts(dataset))).not.toMatch(/NaN|Infinity/);
    expect(datasetFacts(dataset)).toMatchObject({ rows: 0, ageMean: null, noFinding: 0 });
  });
});
