import { existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { itWithShared } from '@cxr-align/testkit';
import { annotationsOf, draftMapping, readDataset, type Dataset } from '../src/index.js';
import { folderWith } from './temporary.js';

/** Twelve images, whose labels all the cases share: image n has Pneumonia where n is a multiple of 3, Edema of 4. */
const pneumonia = [1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0];
const edema = [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0];
const values = ({ annotations }: Dataset, label: string): number[] => [...annotationsOf(annotations, label)];
const expectTwelve = (dataset: Dataset): void => {
  expect(values(dataset, 'Pneumonia')).toEqual(pneumonia);
  expect(values(dataset, 'Edema')).toEqual(edema);
  expect(dataset.samples.every(({ image }) => existsSync(image as string))).toBe(true);
};
const remark = (dataset: Dataset, start: string): string =>
  dataset.remarks.find((one) => one.includes(start)) ?? `none of ${dataset.remarks.join('\n')}`;

describe('tables as other programs write them', () => {
  for (const name of ['30-semicolon', '30b-semicolon-decimal'])
    itWithShared(`cases/${name}`, `reads ${name}`, async (path) => {
      const dataset = await readDataset(path);
      expectTwelve(dataset);
      expect(dataset.samples.map(({ age }) => age)).toEqual(Array.from({ length: 12 }, (_, i) => 40 + i));
      expect(new Set(dataset.samples.map(({ patient }) => patient)).size).toBe(6);
      expect(dataset.columns).toEqual({
        used: { image: 'image', patient: 'patient', sex: 'sex', age: 'age' },
        unused: [],
      });
    });
  itWithShared('cases/32-fold-numbers', 'takes no numbered folds for splits', async (path) => {
    const dataset = await readDataset(path);
    expectTwelve(dataset);
    expect(dataset.hasOwnSplits).toBe(false);
    expect(dataset.columns.unused).toEqual(['fold']);
    expect(remark(dataset, 'no words')).toContain(
      'no words for splits (0, 1, 2, 3, 4 …), so all images count as training',
    );
  });
  itWithShared('cases/34b-na', 'takes NA, None, N/A, null and #N/A for blanks', async (path) => {
    const dataset = await readDataset(path);
    expect(values(dataset, 'Pneumonia')).toEqual([1, 0, NaN, NaN, NaN, NaN, NaN, NaN, 1, 0, NaN, NaN]);
    const drafted = await draftMapping(join(path, 'labels.csv'));
    expect(drafted.columns.map(({ role }) => role)).toEqual(['image', 'patient', 'label', 'label']);
  });
  itWithShared('cases/35c-trailing-comma', 'names rows with a cell too many', async (path) => {
    await expect(readDataset(path)).rejects.toThrow(
      'labels.csv, row 2: expected 4 cells as in the header, got 5, in this row and all others',
    );
  });
  itWithShared('cases/39-long-format', 'reads a row for each image and finding', async (path) => {
    const dataset = await readDataset(path);
    expectTwelve(dataset);
    expect(dataset.samples).toHaveLength(12);
    expect(remark(dataset, 'row for each image and finding')).toContain('"finding" names the labels');
    await expect(draftMapping(join(path, 'labels.csv'))).rejects.toThrow('one for each image and finding');
  });
  itWithShared('cases/40-one-bad-cell', 'has a bad row for a mistyped cell, and keeps the label', async (path) => {
    await expect(readDataset(path)).rejects.toThrow(
      'labels.csv, row 7, column Edema: expected 1, 0, -1 or blank, got "l"',
    );
    const dataset = await readDataset(path, { maxBad: 0.1 });
    expect(dataset.annotations.labels).toEqual(['Pneumonia', 'Edema', 'Effusion']);
    expect(dataset.samples).toHaveLength(11);
    expect(dataset.badRows).toMatchObject([{ row: 7, column: 'Edema' }]);
  });
  itWithShared('cases/40b-one-NA-R', "reads R's NA", async (path) => {
    expect(values(await readDataset(path), 'Edema')).toEqual(edema.map((value, i) => (i === 5 ? NaN : value)));
  });
  itWithShared('cases/41-ages', 'reads ages in words, and counts those that are none', async (path) => {
    const dataset = await readDataset(path);
    expectTwelve(dataset);
    expect(dataset.samples.map(({ age }) => age)).toEqual([
      90,
      undefined,
      undefined,
      57,
      0.5,
      57,
      57,
      57,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(remark(dataset, 'no age')).toContain(
      '3 cells of the column "age" are no age that is known, and count as missing',
    );
  });
  itWithShared('cases/42-sex-words', 'reads words for the sexes', async (path) => {
    const { samples } = await readDataset(path);
    expect(samples.map(({ sex }) => sex).join('')).toBe('FMFMFMFMFMFM');
  });
  itWithShared('cases/44-pid', 'knows pid for the column of patients', async (path) => {
    const dataset = await readDataset(path);
    expectTwelve(dataset);
    expect(new Set(dataset.samples.map(({ patient }) => patient)).size).toBe(6);
    expect(dataset.columns.used.patient).toBe('pid');
  });
  itWithShared('cases/43b-yaml-float-cells', 'compares cells with a mapping by value', async (path) => {
    expect(values(await readDataset(path), 'Pneumonia')).toEqual(pneumonia);
  });
  itWithShared('cases/37c-list-python', 'drafts a column of lists', async (path) => {
    const { yaml } = await draftMapping(join(path, 'findings.csv'));
    const text = yaml.replace('table: findings.csv', `table: findings.csv`).replace(/^images: .*$/m, 'images: .');
    const { readFileSync } = await import('node:fs');
    const folder = folderWith({ 'dataset.yaml': text, 'findings.csv': readFileSync(join(path, 'findings.csv')) });
    const dataset = await readDataset(folder);
    expect(values(dataset, 'Pneumonia')).toEqual(pneumonia);
    expect(values(dataset, 'Edema')).toEqual(edema);
  });
  itWithShared('cases/36-proto', 'takes __proto__ for a label like any other', async (path) => {
    const dataset = await readDataset(path);
    expect(dataset.annotations.labels).toEqual(['Pneumonia', '__proto__']);
    expect(values(dataset, '__proto__')).toEqual(edema);
  });
  itWithShared('cases/r10-500-labels/l500.csv', 'reads 500 labels', async (path) => {
    expect((await readDataset(path)).annotations.labels).toHaveLength(500);
  });
});

describe('image names as other programs write them', () => {
  for (const [name, rule] of [
    [
      '33-names-no-extension',
      '12 image names of the table were found with the extension added (img00 is images/img00.png)',
    ],
    ['33b-names-case', '12 image names of the table were found with another case (IMG00.PNG is images/img00.png)'],
    ['33e-names-dot', undefined],
    ['33g-file_name', undefined],
    ['77-images-folder-elsewhere', undefined],
  ] as const)
    itWithShared(`cases/${name}`, `finds the images of ${name}`, async (path) => {
      const dataset = await readDataset(path);
      expectTwelve(dataset);
      if (rule) expect(remark(dataset, 'image names')).toBe(rule);
      else expect(dataset.remarks.filter((one) => one.includes('image names'))).toEqual([]);
    });
});

describe('what is no table', () => {
  for (const [file, what] of [
    ['labels.xlsx', 'labels.xlsx is an Excel workbook (.xlsx): open it in a spreadsheet'],
    ['train.csv.zip', 'train.csv.zip is a ZIP archive: unpack it'],
    ['labels.csv.gz', 'got a ZIP archive; unpack it'],
    ['findings.xls', 'findings.xls is an HTML page with a table'],
    ['lfs', 'got a Git LFS pointer'],
    ['mimic', 'got a web page'],
  ] as const)
    itWithShared(`cases/45-not-a-csv/${file}`, `names ${file} by what it is`, async (path) => {
      await expect(readDataset(path)).rejects.toThrow(what);
      expect(basename(path)).toBe(file);
    });
});

describe('columns of a plain table', () => {
  it('are named by the caller where their names are not known, and listed where nothing is read of them', async () => {
    const folder = folderWith({ 'labels.csv': 'image,Kürzel,Note,A\na.png,x,fine,1\nb.png,x,,0\n' });
    const unnamed = await readDataset(folder);
    expect(unnamed.columns).toEqual({ used: { image: 'image' }, unused: ['Kürzel', 'Note'] });
    expect(remark(unnamed, 'no column of patients')).toContain('images of one patient may be in training and test');
    expect(remark(unnamed, 'no column of patients')).toContain('is it one of Kürzel, Note?');
    const named = await readDataset(folder, { columns: { patient: 'Kürzel' } });
    expect(named.samples.map(({ patient }) => patient)).toEqual(['x', 'x']);
    expect(named.remarks).toEqual(['columns: image = "image", patient = "Kürzel"; not used: "Note"']);
    await expect(readDataset(folder, { columns: { patient: 'pid' } })).rejects.toThrow(
      'labels.csv, row 1: expected a column "pid" for patient, got "image", "Kürzel", "Note", "A"; name one of these',
    );
  });
  it('are known in five languages', async () => {
    const headers = [
      'Bild,Patientennummer,Geschlecht,Alter,Aufnahmerichtung,A',
      'Nom du fichier,ID patient,Sexe,Âge,Incidence,A',
      'Archivo,ID_Paciente,Sexo,Edad,Proyección,A',
      'Arquivo,Prontuário,Gênero,Idade,Projeção,A',
      'ImageID,MRN,Patient Gender,Patient Age,View Position,A',
    ];
    for (const header of headers) {
      const folder = folderWith({ 'labels.csv': `${header}\na.png,7,F,60,PA,1\nb.png,7,M,61,AP,0\n` });
      expect((await readDataset(folder)).samples[0]).toMatchObject({ patient: '7', sex: 'F', age: 60, view: 'PA' });
    }
  });
  it('of sexes with H and M but without F are not read, as M may be mujer', async () => {
    const folder = folderWith({ 'labels.csv': 'image,sexo,A\na.png,H,1\nb.png,M,0\n' });
    const dataset = await readDataset(folder);
    expect(dataset.samples.map(({ sex }) => sex)).toEqual([undefined, undefined]);
    expect(remark(dataset, 'has H and M, but no F')).toContain('give the meaning in dataset.yaml');
    writeFileSync(
      join(folder, 'dataset.yaml'),
      'table: labels.csv\nimage: image\nsex: {column: sexo, F: [M], M: [H]}\nlabels: [A]\n',
    );
    expect((await readDataset(folder)).samples.map(({ sex }) => sex)).toEqual(['M', 'F']);
  });
  it('of patients have no blank patient, and whole numbers for floats', async () => {
    const folder = folderWith({ 'labels.csv': 'image,patient,A\na.png,12.0,1\nb.png,12,0\nc.png,NA,0\nd.png,,1\n' });
    expect((await readDataset(folder)).samples.map(({ patient }) => patient)).toEqual(['12', '12', 'c.png', 'd.png']);
    const rounded = folderWith({ 'labels.csv': 'image,patient,A\na.png,1.2E+07,1\n' });
    await expect(readDataset(rounded)).rejects.toThrow('expected all digits of an id, got "1.2E+07", a rounded number');
  });
  it('that count something are no labels, and one that is mostly 1 and 0 is named', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => `${i}.png,${i % 4},${i % 10 < 4 ? 'x' : 1},${i % 2}`);
    const folder = folderWith({ 'labels.csv': `image,visits,odd,A\n${rows.join('\n')}\n` });
    const dataset = await readDataset(folder, { maxBad: 0.5 });
    expect(dataset.annotations.labels).toEqual(['odd', 'A']);
    expect(dataset.badRows).toHaveLength(8);
    expect(remark(dataset, '"visits" is no label')).toContain('only 10 of 20 cells are 1, 0 or -1');
  });
  it('cannot be named for a layout that has its own', async () => {
    const folder = folderWith({ 'Data_Entry_2017.csv': 'Image Index,Finding Labels\na.png,No Finding\n' });
    await expect(readDataset(folder, { columns: { patient: 'x' } })).rejects.toThrow(
      'the layout nih has columns of its own',
    );
  });
});

describe('values of a mapping', () => {
  it('gives words of its own to sex, age and view', async () => {
    const folder = folderWith({
      'dataset.yaml': `
table: t.csv
image: f
sex: {column: Geschlecht, F: [2], M: [1]}
age: {column: Alter, unit: months, years: {alt: 95}}
view: {column: Lage, AP: [liegend], lateral: [quer]}
labels: [A]
`,
      't.csv': 'f,Geschlecht,Alter,Lage,A\na.png,2.0,18,liegend,1\nb.png,1,alt,quer,0\nc.png,3,12,schräg,0\n',
    });
    const dataset = await readDataset(folder);
    expect(dataset.samples).toMatchObject([
      { sex: 'F', age: 1.5, view: 'AP' },
      { sex: 'M', age: 95, view: 'lateral' },
      { sex: undefined, age: 1, view: undefined },
    ]);
    expect(remark(dataset, 'no sex')).toContain('1 cells of the column "Geschlecht" are no sex that is known');
    expect(remark(dataset, 'no view')).toContain('"schräg" (1)');
    expect(dataset.columns.used).toMatchObject({ sex: 'Geschlecht', age: 'Alter', view: 'Lage' });
  });
  it.each(['table: ../../../../etc/passwd', 'table: /etc/passwd', 'table: t.csv\ngraph: ../secret.json'])(
    'refuses %s',
    async (line) => {
      const folder = folderWith({ 'dataset.yaml': `${line}\nimage: f\nlabels: [A]\n`, 't.csv': 'f,A\na,1\n' });
      await expect(readDataset(folder)).rejects.toThrow('expected a path inside the data folder');
    },
  );
});
