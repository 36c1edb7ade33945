import { join } from 'node:path';
import { readDataset } from '../../src/index.js';
import { folderWith } from '../temporary.js';

const header = 'dicom_id,subject_id,study_id,ViewPosition,fpath';
const row = (name: string, cells: string): string =>
  `${name},10000001,50000001,PA,files/p10/p10000001/s50000001/${name}.jpg,${cells}`;

describe('readDataset(path) on CXR-LT', () => {
  it('reads a table a split, and finds the images where MIMIC-CXR-JPG is', async () => {
    const folder = folderWith({
      'cxr-lt/train_labeled.csv': [`${header},Mass,Hernia`, row('a', '1,0')].join('\n'),
      'cxr-lt/development_labeled_task1.csv': [`${header},Hernia,Mass`, row('b', '1,0')].join('\n'),
      'cxr-lt/test_labeled_task1.csv': [`${header},Mass,Hernia`, row('c', '0.0,')].join('\n'),
      'cxr-lt/test_labeled_task3.csv': [`${header},Bulla`, row('d', '1')].join('\n'),
      'mimic/files/readme.txt': '',
    });
    const images = join(folder, 'mimic');
    const {
      format,
      samples,
      annotations: { labels, values: cells },
    } = await readDataset(join(folder, 'cxr-lt'), { images });
    expect({ format, labels }).toEqual({ format: 'cxr-lt', labels: ['Mass', 'Hernia'] });
    expect(samples.map(({ id, split }) => [id, split])).toEqual([
      ['a', 'train'],
      ['b', 'val'],
      ['c', 'test'],
    ]);
    expect(samples[0].image).toBe(join(images, 'files/p10/p10000001/s50000001/a.jpg'));
    expect([...cells]).toEqual([1, 0, 0, 1, 0, NaN]);
  });
  it('knows patient and study from the path where no column tells them', async () => {
    const folder = folderWith({
      'train.csv': 'dicom_id,fpath,Mass\na,files/p10/p10000007/s50000003/a.jpg,1\n',
    });
    expect((await readDataset(folder)).samples[0]).toMatchObject({ patient: '10000007', study: '50000003' });
  });
  it('leaves a folder to others whose tables it cannot read', async () => {
    const folder = folderWith({ 'test_notes.csv': '', 'labels.csv': 'image,A\n1.png,1\n' });
    expect((await readDataset(folder)).format).toBe('labels-csv');
  });
  it('refuses two tables of one split', async () => {
    const table = [`${header},Mass`, row('a', '1')].join('\n');
    const folder = folderWith({ 'train.csv': table, 'train_labeled.csv': table });
    await expect(readDataset(folder)).rejects.toThrow('one table of the split train, got train.csv, train_labeled.csv');
  });
});
