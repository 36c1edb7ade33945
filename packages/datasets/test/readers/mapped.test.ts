import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { InputError } from '@cxr-align/files';
import { readDataset } from '../../src/index.js';
import { folderWith } from '../temporary.js';

const table = [
  'folder;file;pat;SEX;Jahre;Ansicht;Menge;Herz;Erguss',
  'x;1;p1;w;60;PA;training;ja;nein',
  'x;2;p2;m;;AP;validation;unklar;',
].join('\n');
const mapping = `
name: Klinik
table: befunde.tsv
images: bilder
image: "{folder}/{file}.png"
patient: pat
age: Jahre
view: Ansicht
split: Menge
labels:
  Cardiomegaly: { column: Herz, present: [ja], absent: [nein], uncertain: [unklar] }
  Pleural Effusion: { column: Erguss, present: [ja], absent: [nein] }
graph: tree.json
`;
const files = {
  'dataset.yaml': mapping,
  'befunde.tsv': table.replaceAll(';', '\t'),
  'tree.json': '{}',
};

describe('readDataset(path) by a mapping', () => {
  it('reads any table: templates of columns, its own words, its own folder of images', async () => {
    const folder = folderWith(files);
    const dataset = await readDataset(folder);
    expect(dataset).toMatchObject({
      name: 'Klinik',
      format: 'mapping',
      reason: 'dataset.yaml is a mapping',
      annotations: { labels: ['Cardiomegaly', 'Pleural Effusion'] },
      hierarchy: { file: join(folder, 'tree.json'), text: '{}' },
    });
    expect(dataset.samples[0]).toMatchObject({
      id: 'x/1.png',
      image: join(folder, 'bilder/x/1.png'),
      patient: 'p1',
      split: 'train',
      age: 60,
      view: 'PA',
    });
    expect(dataset.samples[1].split).toBe('val');
    expect([...dataset.annotations.values]).toEqual([1, 0, -1, NaN]);
    expect((await readDataset(join(folder, 'dataset.yaml'))).samples).toHaveLength(2);
  });
  it('reads a column that lists findings', async () => {
    const folder = folderWith({
      'dataset.yaml': `
table: t.csv
image: image
findings: { column: said, separator: ";", none: [normal], labels: { Edema: [oedema, edema], Mass: [tumour] } }
`,
      't.csv': 'image,said\na.png,oedema; tumour\nb.png,normal\nc.png,\nd.png,Edema\n',
    });
    expect([...(await readDataset(folder)).annotations.values]).toEqual([1, 1, 0, 0, NaN, NaN, 1, 0]);
  });
  it('reads Parquet', async () => {
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: 'image', data: ['a.png', 'b.png'], type: 'STRING' },
        { name: 'Edema', data: [1, null], type: 'INT32', nullable: true },
        { name: 'Mass', data: [true, false], type: 'BOOLEAN' },
      ],
    });
    const folder = folderWith({ 'labels.parquet': new Uint8Array(bytes) });
    const {
      format,
      annotations: { labels, values: cells },
    } = await readDataset(folder);
    expect({ format, labels }).toEqual({ format: 'labels-csv', labels: ['Edema', 'Mass'] });
    expect([...cells]).toEqual([1, 1, NaN, 0]);
  });
  it.each([
    ['a key that is none', mapping.replace('view:', 'vieww:'), 'Unrecognized key: "vieww"'],
    [
      'a column that is none',
      mapping.replace('pat\n', 'patient\n'),
      'expected a column "patient", which the mapping names, got "folder"',
    ],
    ['both labels and findings', `${mapping}findings: { column: Herz, labels: [A] }`, 'either labels or findings'],
    ['no YAML', 'a: [', 'expected YAML or JSON'],
    ['a table that is not there', mapping.replace('befunde', 'none'), 'none.tsv: expected a table, got no such file'],
    ['a graph that is not there', mapping.replace('tree.json', 'none.json'), 'none.json: expected a label graph'],
  ])('refuses %s', async (_, text, message) => {
    const folder = folderWith({ ...files, 'dataset.yaml': text });
    await expect(readDataset(folder)).rejects.toThrow(InputError);
    await expect(readDataset(folder)).rejects.toThrow(message);
  });
  it('lists words that mean nothing, with what they could be', async () => {
    const folder = folderWith({ ...files, 'befunde.tsv': files['befunde.tsv'].replace('unklar', 'vielleicht') });
    await expect(readDataset(folder)).rejects.toThrow(
      'row 3, column Herz: expected ja, nein, unklar, got "vielleicht"',
    );
  });
});
