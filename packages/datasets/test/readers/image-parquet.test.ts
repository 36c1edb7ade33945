import { join, relative } from 'node:path';
import { annotationsOf, openTable, readDataset, type Dataset } from '../../src/index.js';
import { folderWith } from '../temporary.js';
import { imageParquet } from './write-image-parquet.js';

const values = ({ annotations }: Dataset, label: string): number[] => [...annotationsOf(annotations, label)];
const images = (count: number): { bytes: Uint8Array; path: string }[] =>
  Array.from({ length: count }, (_, i) => ({ bytes: Uint8Array.of(i + 1), path: `${i}.png` }));
const image = { _type: 'Image' };
const classes = (...names: string[]): unknown => ({ names, _type: 'ClassLabel' });

describe('readDataset(path) on Parquet files with images', () => {
  it('reads shards of splits in data/, with a class for each image, and names each image by file, column and row', async () => {
    const features = { image, label: classes('NORMAL', 'PNEUMONIA') };
    const shard = (...data: number[]): Uint8Array =>
      imageParquet({ images: images(data.length), columns: [{ name: 'label', data }], features, rowGroupSize: 2 });
    const folder = folderWith({
      'README.md': '',
      'data/train-00000-of-00002.parquet': shard(0, 1, 1),
      'data/train-00001-of-00002.parquet': shard(1),
      'data/validation-00000-of-00001.parquet': shard(0),
      'data/test-00000-of-00001-0123456789abcdef.parquet': shard(-1, 0),
    });
    const dataset = await readDataset(folder);
    expect(dataset).toMatchObject({ format: 'hugging-face', hasOwnSplits: true, badRows: [] });
    expect(dataset.reason).toContain('has images in the column "image"');
    expect(dataset.annotations.labels).toEqual(['NORMAL', 'PNEUMONIA']);
    expect(dataset.samples.map(({ split }) => split)).toEqual([
      'test',
      'test',
      'train',
      'train',
      'train',
      'train',
      'val',
    ]);
    expect(values(dataset, 'PNEUMONIA')).toEqual([NaN, 0, 0, 1, 1, 1, 0]);
    expect(values(dataset, 'NORMAL')).toEqual([NaN, 1, 1, 0, 0, 0, 1]);
    const { id, image: path } = dataset.samples[4];
    expect(id).toBe('data/train-00000-of-00002.parquet/image/2');
    expect(relative(folder, path as string)).toBe(join('data', 'train-00000-of-00002.parquet', 'image', '2'));
    expect(dataset.remarks).toContain('labels of the column "label": NORMAL, PNEUMONIA');
    expect(dataset.remarks.join('\n')).toContain('no column of patients was found');
  });
  const head = (info: string): string => `---\nlicense: mit\ndataset_info:\n${info}\n---\n# A set\n`;
  const label = '- name: label\n  dtype:\n    class_label:\n      names:\n        "0": NORMAL\n        "1": PNEUMONIA';
  const indented = (text: string, by: string): string => text.replace(/^/gm, by);
  const infos = { default: { features: { image, label: classes('NORMAL', 'PNEUMONIA') } }, small: { features: {} } };
  it.each<[string, Record<string, string>]>([
    ['README.md', { 'README.md': head(`  features:\n${indented(label, '  ')}`) }],
    [
      'README.md',
      {
        'README.md': head(
          `- config_name: other\n  features:\n  - name: label\n    dtype: int64\n- config_name: default\n  features:\n${indented(label, '  ')}`,
        ),
      },
    ],
    ['dataset_infos.json', { 'dataset_infos.json': JSON.stringify(infos), 'README.md': '# A set without a head' }],
  ])('takes the names of classes from %s where the files have none', async (source, card) => {
    const file = imageParquet({ images: images(3), columns: [{ name: 'label', data: [0, 1, 1] }] });
    const dataset = await readDataset(folderWith({ ...card, 'default/train/0000.parquet': file }));
    expect(dataset.annotations.labels).toEqual(['NORMAL', 'PNEUMONIA']);
    expect(values(dataset, 'PNEUMONIA')).toEqual([0, 1, 1]);
    expect(dataset.remarks).toContain(`the Parquet files name no classes: their names are those of ${source}`);
  });
  it('refuses a page whose head is no YAML, and ignores one that names no classes', async () => {
    const file = imageParquet({ images: images(2), columns: [{ name: 'Edema', data: [0, 1] }] });
    await expect(readDataset(folderWith({ 'README.md': '---\na: [\n---\n', 'train.parquet': file }))).rejects.toThrow(
      /README\.md: expected YAML between the two lines of three hyphens, got .*; correct it there/,
    );
    const deep = `---\na: ${'['.repeat(6000)}\n---\n`;
    await expect(readDataset(folderWith({ 'README.md': deep, 'train.parquet': file }))).rejects.toThrow(
      'README.md: expected YAML between the two lines of three hyphens, got values nested more than 100 deep',
    );
    const plain = await readDataset(folderWith({ 'README.md': '---\nlicense: mit\n---\n', 'train.parquet': file }));
    expect(plain.annotations.labels).toEqual(['Edema']);
    expect(plain.remarks.join()).not.toContain('name no classes');
  });
  it('reads lists of classes, lists of names, columns of 0 and 1, yes and no, and the roles of other columns', async () => {
    const file = imageParquet({
      images: images(3),
      columns: [
        { name: 'findings', data: [[0, 2], [], null] },
        { name: 'devices', data: [['Tube'], ['Wire', 'Tube'], []], type: 'STRING' },
        { name: 'Edema', data: [1, 0, null] },
        { name: 'urgent', data: [1, 0, 1] },
        { name: 'sex', data: [0, 1, 1] },
        { name: 'patient_id', data: ['p1', 'p1', 'p2'], type: 'STRING' },
        { name: 'report', data: ['a', 'b', 'c'], type: 'STRING' },
      ],
      features: {
        image,
        findings: { feature: classes('Mass', 'Nodule', 'Effusion'), _type: 'Sequence' },
        urgent: classes('no', 'yes'),
        sex: classes('F', 'M'),
      },
    });
    const dataset = await readDataset(folderWith({ 'train.parquet': file }));
    expect(dataset.annotations.labels).toEqual(['Mass', 'Nodule', 'Effusion', 'Tube', 'Wire', 'urgent', 'Edema']);
    expect(values(dataset, 'Mass')).toEqual([1, 0, NaN]);
    expect(values(dataset, 'Effusion')).toEqual([1, 0, NaN]);
    expect(values(dataset, 'Tube')).toEqual([1, 1, 0]);
    expect(values(dataset, 'Wire')).toEqual([0, 1, 0]);
    expect(values(dataset, 'urgent')).toEqual([1, 0, 1]);
    expect(values(dataset, 'Edema')).toEqual([1, 0, NaN]);
    expect(dataset.samples.map(({ sex, patient }) => [sex, patient])).toEqual([
      ['F', 'p1'],
      ['M', 'p1'],
      ['M', 'p2'],
    ]);
    expect(dataset.columns.unused).toEqual(['report']);
  });
  it('reads folders of splits, and a file alone; says which shards are missing and which files have no images', async () => {
    const file = imageParquet({ images: images(1), columns: [{ name: 'Edema', data: [1] }] });
    const folders = await readDataset(
      folderWith({ 'default/train/0000.parquet': file, 'default/test/0000.parquet': file }),
    );
    expect(folders.samples.map(({ split }) => split)).toEqual(['test', 'train']);
    const folder = folderWith({ 'train-00001-of-00003.parquet': file, 'notes.parquet': 'text' });
    const { remarks } = await readDataset(folder);
    expect(remarks).toContain('warning: 1 of 3 files of train are here; download the others');
    expect(remarks).toContain('Parquet files without images were not read: notes.parquet');
    expect((await readDataset(join(folder, 'train-00001-of-00003.parquet'))).samples).toHaveLength(1);
  });
  it('lists a class that the file does not name as a bad row of its file', async () => {
    const file = imageParquet({
      images: images(2),
      columns: [{ name: 'label', data: [7, 1] }],
      features: { image, label: classes('A', 'B') },
    });
    const { badRows } = await readDataset(folderWith({ 'train.parquet': file }), { maxBad: 1 });
    expect(badRows).toMatchObject([{ row: 2, column: 'A', got: '"7"' }]);
    expect(badRows[0].file).toMatch(/train\.parquet$/);
  });
  it('refuses several configurations, other columns, and the file as a table of image names', async () => {
    const file = (name: string): Uint8Array => imageParquet({ images: images(1), columns: [{ name, data: [1] }] });
    await expect(
      readDataset(folderWith({ 'a/train.parquet': file('Edema'), 'b/train.parquet': file('Edema') })),
    ).rejects.toThrow('expected the files of one configuration, got those of a, b; pass one of these folders');
    const folder = folderWith({ 'test.parquet': file('Mass'), 'train.parquet': file('Edema') });
    await expect(readDataset(folder)).rejects.toThrow(
      'expected the columns of test.parquet (image, Mass), got image, Edema',
    );
    await expect(openTable(join(folder, 'test.parquet'))).rejects.toThrow(
      'got the images themselves in the column "image"',
    );
  });
});
