import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { InputError, writeNpy } from '@cxr-align/files';
import { itWithShared } from '@cxr-align/testkit';
import { zipSync } from 'fflate';
import { readDataset, selectSplit } from '../src/index.js';
import { folderWith } from './temporary.js';

const chexpertHeader = 'Path,Sex,Age,Frontal/Lateral,AP/PA,Edema,Fracture';
const row = (cells: string, path = 'images/patient1/study2/view1_frontal.png', age = '60') =>
  `${path},Female,${age},Frontal,AP,${cells}`;
const table = (...lines: string[]) => `${lines.join('\n')}\n`;

describe('readDataset(path) on CheXpert tables', () => {
  it('reads 1, 0, -1 and blank, patients, studies and splits', async () => {
    const folder = folderWith({
      'train.csv': table(chexpertHeader, row('1.0,'), row('-1.0,0.0', 'images/patient2/study1/view1_frontal.png', '')),
      'valid.csv.gz': gzipSync(table(chexpertHeader, row('0.0,1.0', 'images/patient3/study1/view1_frontal.png'))),
    });
    const dataset = await readDataset(folder);
    expect(dataset.format).toBe('chexpert');
    expect(dataset.annotations.labels).toEqual(['Edema', 'Fracture']);
    expect([...dataset.annotations.values]).toEqual([1, NaN, -1, 0, 0, 1]);
    expect(dataset.samples[0]).toMatchObject({
      patient: 'patient1',
      study: 'patient1/study2',
      split: 'train',
      sex: 'F',
      age: 60,
      view: 'AP',
    });
    expect(dataset.samples[0].image).toBe(join(folder, 'images/patient1/study2/view1_frontal.png'));
    expect(dataset.samples[1].age).toBeUndefined();
    expect(selectSplit(dataset, 'val').samples.map(({ patient }) => patient)).toEqual(['patient3']);
    expect([...selectSplit(dataset, 'val').annotations.values]).toEqual([0, 1]);
  });
  it("leaves out the data folder's own name at the start of paths", async () => {
    const folder = folderWith({
      'train.csv': table(chexpertHeader, row('1.0,', 'CheXpert-v1.0-small/train/patient1/study1/v.jpg')),
    });
    expect((await readDataset(folder)).samples[0].image).toBe(join(folder, 'train/patient1/study1/v.jpg'));
  });
  it('accepts a byte order mark, CRLF, quoted cells and NaN for a blank', async () => {
    const folder = folderWith({
      'train.csv': `\ufeff${chexpertHeader}\r\n"images/patient1/a.png",Male,60,Frontal,PA,nan,1\r\n`,
    });
    expect([...(await readDataset(folder)).annotations.values]).toEqual([NaN, 1]);
  });
  const refusals: [string, string | Uint8Array, string][] = [
    ['an empty table', '', 'train.csv: expected a header and rows, got an empty file'],
    [
      'a label of 7',
      table(chexpertHeader, row('7.0,')),
      'train.csv, row 2, column Edema: expected 1, 0, -1 or blank, got "7.0"',
    ],
    [
      'a text for a label',
      table(chexpertHeader, row('0,abc')),
      'row 2, column Fracture: expected 1, 0, -1 or blank, got "abc"',
    ],
    [
      'a text for an age',
      table(chexpertHeader, row('0,0', undefined, 'old')),
      'row 2, column Age: expected years from 0 to 120, got "old"',
    ],
    ['a short row', table(chexpertHeader, row('0,0'), row('0')), 'row 3: expected 7 cells, got 6'],
    ['a long row', table(chexpertHeader, row('0,0,0,0')), 'row 2: expected 7 cells, got 9'],
    [
      'a column that stands twice',
      table(`${chexpertHeader},Edema`, row('0,0,0')),
      'row 1, column Edema: expected each column once, got "Edema" twice',
    ],
    [
      'a path that leaves the folder',
      table(chexpertHeader, row('0,0', '../../etc/passwd')),
      'row 2, column Path: expected a relative path inside the data folder',
    ],
    ['UTF-16', new Uint8Array(Buffer.from(chexpertHeader, 'utf16le')), 'got NUL characters'],
    ['invalid UTF-8', Uint8Array.of(0x50, 0xff, 0xfe, 0x0a), 'expected UTF-8 text'],
    ['an open quote', table(chexpertHeader, '"images/a.png,Male'), 'expected a CSV table'],
    ['no label column', table('Path,Sex,Age,Frontal/Lateral,AP/PA'), 'expected label columns after Path'],
  ];
  it.each(refusals)('refuses %s and says where', async (_, content, message) => {
    const folder = folderWith({ 'train.csv': content });
    await expect(readDataset(folder)).rejects.toThrow(InputError);
    await expect(readDataset(folder)).rejects.toThrow(message);
  });
  it('leaves bad rows out and counts them where they are few enough', async () => {
    const folder = folderWith({ 'train.csv': table(chexpertHeader, row('7,0'), row('1,0')) });
    const dataset = await readDataset(folder, { maxBad: 0.5 });
    expect(dataset.samples).toHaveLength(1);
    expect(dataset.badRows).toEqual([
      { file: join(folder, 'train.csv'), row: 2, column: 'Edema', expected: '1, 0, -1 or blank', got: '"7"' },
    ]);
    await expect(readDataset(folder, { maxBad: 0.4 })).rejects.toThrow('1 of 2 rows are bad');
  });
  it('has no rows and no NaN for a header alone', async () => {
    const dataset = await readDataset(folderWith({ 'train.csv': table(chexpertHeader) }));
    expect(dataset.samples).toEqual([]);
    expect(dataset.annotations.values).toHaveLength(0);
  });
});

describe('readDataset(path) on plain tables', () => {
  const header = 'image,patientId,sex,age,view,split,width,A,A/B';
  it('finds the label columns by what they hold', async () => {
    const folder = folderWith({
      'labels.csv': table(header, 'x.png,p1,F,3,PA,train,64,1,0', 'y.png,p2,,,AP,val,64,0,'),
    });
    const dataset = await readDataset(folder);
    expect(dataset.annotations.labels).toEqual(['A', 'A/B']);
    expect(dataset.hasOwnSplits).toBe(true);
    expect([...dataset.annotations.values]).toEqual([1, 0, 0, NaN]);
    expect(dataset.samples[1]).toMatchObject({ patient: 'p2', split: 'val', image: join(folder, 'y.png') });
  });
  it('takes the labels of a file beside the table, and masks what lies below a node at which a label stops', async () => {
    const folder = folderWith({
      'hierarchy.json': JSON.stringify({ nodes: ['A', 'A/B'], parent: { A: null, 'A/B': 'A' } }),
      'labels.csv': table('image,A,A/B,C,unspecified', 'x.png,1,0,1,A', 'y.png,1,0,1,'),
      'images/x.png': '',
    });
    const dataset = await readDataset(folder);
    expect(dataset.annotations.labels).toEqual(['A', 'A/B']);
    expect([...dataset.annotations.values]).toEqual([1, -1, 1, 0]);
    expect(dataset.hierarchy?.text).toContain('"nodes"');
    expect(dataset.samples[0].image).toBe(join(folder, 'images/x.png'));
  });
  it.each([
    [
      'a split of another name',
      table(header, 'x.png,p1,F,3,PA,trian,64,1,0'),
      'column split: expected train, val or test, got "trian"',
    ],
    ['no label column', table('image,age', 'x.png,3'), 'expected at least one column of 0 and 1, got none'],
    ['a blank image', table('image,A', ' ,1'), 'column image: expected a file name, got a blank'],
  ])('refuses %s', async (_, content, message) => {
    await expect(readDataset(folderWith({ 'labels.csv': content }))).rejects.toThrow(message);
  });
  it('says of a column like a label that the file of the labels does not name it, and of one with few 1 and 0 how many there are', async () => {
    const rows = ['image,A,Other,Size', 'x,1,0,1', 'y,0,1,0', 'z,1,1,7', 'w,0,0,9'];
    const named = folderWith({ 'labels.csv': table(...rows), 'labels.json': '["A"]' });
    const remarks = (await readDataset(named)).remarks.join('\n');
    expect(remarks).toContain('the column "Other" holds 1 and 0, but is no label, since labels.json does not name it');
    expect(remarks).toContain('the column "Size" is no label, as only 2 of 4 cells are 1, 0 or -1');
  });
  it('refuses a label without a column, and a broken labels file', async () => {
    await expect(
      readDataset(folderWith({ 'labels.csv': table('image,A', 'x,1'), 'labels.json': '["B"]' })),
    ).rejects.toThrow('expected a column "B", got none');
    await expect(
      readDataset(folderWith({ 'labels.csv': table('image,A', 'x,1'), 'labels.json': '[' })),
    ).rejects.toThrow('expected JSON');
  });
});

describe('readDataset(path) on the NIH table', () => {
  const header = 'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position';
  it('reads findings and the official test list', async () => {
    const folder = folderWith({
      'Data_Entry_2017.csv': table(header, 'a.png,Edema|Hernia,0,7,50,F,PA', 'b.png,No Finding,0,8,51,M,AP'),
      'test_list.txt': 'b.png\n',
    });
    const dataset = await readDataset(folder);
    expect(dataset.format).toBe('nih');
    const found = dataset.annotations.labels.filter((_, i) => dataset.annotations.values[i] === 1);
    expect(found).toEqual(['Edema', 'Hernia']);
    expect(dataset.samples.map(({ split }) => split)).toEqual(['train', 'test']);
  });
  it.each([
    ['an unknown finding', 'Effusion|Zebra', '59', 'got "Effusion|Zebra"'],
    ['an empty finding', '', '59', 'column Finding Labels: expected No Finding alone'],
    ['No Finding with a finding', 'No Finding|Effusion', '59', 'got "No Finding|Effusion"'],
    ['an age of 414', 'Effusion', '414', 'column Patient Age: expected years from 0 to 120, got "414"'],
  ])('refuses %s', async (_, finding, age, message) => {
    const folder = folderWith({ 'Data_Entry_2017.csv': table(header, `a.png,${finding},0,7,${age},F,PA`) });
    await expect(readDataset(folder)).rejects.toThrow(message);
  });
});

describe('readDataset(path) on MedMNIST archives', () => {
  const archive = (labels: number[]) =>
    zipSync({
      'train_images.npy': writeNpy({ shape: [2, 2, 2], data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }),
      'train_labels.npy': writeNpy({ shape: [2, 1], data: Uint8Array.from(labels) }),
    });
  it('reads the pixels and knows the one label of PneumoniaMNIST', async () => {
    const dataset = await readDataset(folderWith({ 'pneumoniamnist.npz': archive([0, 1]) }));
    expect(dataset.annotations.labels).toEqual(['Pneumonia']);
    expect([...dataset.annotations.values]).toEqual([0, 1]);
    expect(dataset.samples[1].image).toEqual({ data: Uint8Array.of(5, 6, 7, 8), height: 2, width: 2 });
  });
  it('refuses labels that are no 0 or 1', async () => {
    await expect(readDataset(folderWith({ 'pneumoniamnist.npz': archive([0, 3]) }))).rejects.toThrow(
      'expected 0 or 1, got 3',
    );
  });
  itWithShared('data/pneumonia-mnist', 'has the published counts', async (path) => {
    const dataset = await readDataset(path);
    const counts = (['train', 'val', 'test'] as const).map((split) => selectSplit(dataset, split).samples.length);
    expect(counts).toEqual([4708, 524, 624]);
    expect(dataset.annotations.values.reduce((sum, cell) => sum + cell, 0)).toBe(3494 + 389 + 390);
  });
});

describe('readDataset(path)', () => {
  it('says what it looked for', async () => {
    await expect(readDataset('/nowhere')).rejects.toThrow('expected a folder or a table, got /nowhere (no such file)');
    await expect(readDataset(folderWith({ 'a.txt': '' }))).rejects.toThrow('which has none of: dataset.yaml');
    await expect(readDataset(folderWith({ 'a.txt': '' }), { format: 'nih' })).rejects.toThrow(
      'expected a data set of the format nih',
    );
    await expect(readDataset(folderWith({ 'a.txt': '' }), { format: 'x' })).rejects.toThrow(
      'expected a format of auto, mapping',
    );
  });
  itWithShared('data/nih-1000', 'reads nih-1000: 14 labels, none of them No Finding', async (path) => {
    const dataset = await readDataset(path);
    expect(dataset.samples).toHaveLength(724);
    expect(dataset.annotations.labels).toHaveLength(14);
  });
  itWithShared('data/covid-cxr', 'reads covid-cxr: 17 nodes, missing ages, unknown children masked', async (path) => {
    const dataset = await readDataset(path);
    expect(dataset.annotations.labels).toHaveLength(17);
    expect(dataset.samples.filter(({ age }) => age === undefined)).toHaveLength(71);
    expect(dataset.annotations.values.includes(-1)).toBe(true);
  });
  itWithShared(
    'data/labels/chexpert-train-labels.csv.gz',
    'counts 20,000 CheXpert rows as the reference does',
    async (path) => {
      const dataset = await readDataset(path);
      const { readFileSync } = await import('node:fs');
      const { chexpert } = JSON.parse(readFileSync(path.replace(/[^/]*$/, 'expected.json'), 'utf8'));
      expect(dataset.samples).toHaveLength(chexpert.rows);
      expect(new Set(dataset.samples.map(({ patient }) => patient)).size).toBe(chexpert.patients);
      expect(new Set(dataset.samples.map(({ study }) => study)).size).toBe(chexpert.studies);
      dataset.annotations.labels.forEach((label, i) => {
        const cells = dataset.annotations.values.filter((_, at) => at % dataset.annotations.labels.length === i);
        const count = (test: (cell: number) => boolean) => cells.filter(test).length;
        expect({
          1: count((c) => c === 1),
          0: count((c) => c === 0),
          '-1': count((c) => c === -1),
          blank: count(Number.isNaN),
        }).toEqual(chexpert.counts[label]);
      });
    },
  );
});

describe('the broken tables', () => {
  const refused = ['nan-and-text-labels', 'ragged-rows', 'duplicate-header', 'label-7', 'empty', 'nih-bad-findings'];
  for (const name of refused) {
    itWithShared(`data/bad/${name}.csv`, `refuses ${name}.csv with file and row`, async (path) => {
      await expect(readDataset(path)).rejects.toThrow(InputError);
      await expect(readDataset(path)).rejects.toThrow(name === 'empty' ? 'empty.csv' : /, row \d+/);
    });
  }
  for (const name of ['bom-crlf', 'header-only']) {
    itWithShared(`data/bad/${name}.csv`, `accepts ${name}.csv`, async (path) => {
      expect((await readDataset(path)).annotations.labels).toHaveLength(14);
    });
  }
});
