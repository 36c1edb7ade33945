import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { itWithShared } from '@cxr-align/testkit';
import { readDataset } from '../../src/index.js';
import { folderWith } from '../temporary.js';

const labelTable = [
  'subject_id,study_id,Edema,No Finding',
  '10000001,50000001,1.0,',
  '10000001,50000002,-1.0,',
  '10000002,50000003,,1.0',
].join('\n');
const split = [
  'dicom_id,study_id,subject_id,split',
  'aa-1,50000001,10000001,train',
  'aa-2,50000001,10000001,train',
  'bb-1,50000003,10000002,validate',
  'cc-1,50000009,10000002,test',
].join('\n');
const metadata = [
  'dicom_id,subject_id,study_id,ViewPosition,StudyDate',
  'aa-1,10000001,50000001,PA,21800101',
  'aa-2,10000001,50000001,LATERAL,21800101',
  'bb-1,10000002,50000003,,21800101',
].join('\n');
const tables = {
  'mimic-cxr-2.0.0-chexpert.csv.gz': gzipSync(labelTable),
  'mimic-cxr-2.0.0-split.csv.gz': gzipSync(split),
};

describe('readDataset(path) on MIMIC-CXR-JPG', () => {
  it('joins images to the labels of their studies, to their views, and to people', async () => {
    const folder = folderWith({
      ...tables,
      'mimic-cxr-2.0.0-metadata.csv': metadata,
      'patients.csv': 'subject_id,gender,anchor_age,anchor_year\n10000001,F,52,2178\n',
      'files/readme.txt': '',
    });
    const {
      format,
      samples,
      excluded,
      hasOwnSplits,
      annotations: { labels, values: cells },
    } = await readDataset(folder);
    expect({ format, labels, hasOwnSplits }).toEqual({
      format: 'mimic-cxr-jpg',
      labels: ['Edema', 'No Finding'],
      hasOwnSplits: true,
    });
    expect(samples[1]).toEqual({
      id: 'aa-2',
      image: join(folder, 'files/p10/p10000001/s50000001/aa-2.jpg'),
      patient: '10000001',
      study: '50000001',
      split: 'train',
      sex: 'F',
      age: 54,
      view: 'LATERAL',
    });
    expect(samples[2]).toMatchObject({ split: 'val', view: undefined, sex: undefined });
    expect([...cells]).toEqual([1, NaN, 1, NaN, NaN, 1]);
    expect(excluded).toEqual([{ reason: 'their studies have no row in the chexpert table', images: 1 }]);
  });
  it('takes only frontal images, or the first of each study', async () => {
    const folder = folderWith({ ...tables, 'mimic-cxr-2.0.0-metadata.csv': metadata });
    const frontal = await readDataset(folder, { projection: 'frontal' });
    expect(frontal.samples.map(({ id }) => id)).toEqual(['aa-1']);
    expect(frontal.annotations.values).toHaveLength(2);
    expect(frontal.excluded.slice(1)).toEqual([
      { reason: 'they are lateral', images: 1 },
      { reason: 'their view is not known', images: 1 },
    ]);
    const first = await readDataset(folder, { onePerStudy: true });
    expect(first.samples.map(({ id }) => id)).toEqual(['aa-1', 'bb-1']);
  });
  it("takes NegBio's table where that of CheXpert is not there, or where it is asked for", async () => {
    const negbio = { 'mimic-cxr-2.1.0-negbio.csv': labelTable.replace('1.0,\n', '0.0,\n') };
    const only = folderWith({ ...negbio, 'mimic-cxr-2.1.0-split.csv': split });
    expect((await readDataset(only)).format).toBe('mimic-cxr-jpg-negbio');
    const both = folderWith({ ...negbio, ...tables });
    expect((await readDataset(both)).annotations.values[0]).toBe(1);
    expect((await readDataset(both, { format: 'mimic-cxr-jpg-negbio' })).annotations.values[0]).toBe(0);
  });
  it('lists rows that say nothing, and refuses a folder of images that is not there', async () => {
    const folder = folderWith({
      ...tables,
      'mimic-cxr-2.0.0-split.csv.gz': gzipSync(
        `${split}\naa-3,50000001,10000001,later\n,50000001,10000001,train\naa-1,50000001,10000001,train`,
      ),
    });
    const { badRows } = await readDataset(folder, { maxBad: 0.9 });
    expect(badRows.map(({ row, column, got }) => [row, column, got])).toEqual([
      [6, 'split', '"later"'],
      [7, 'dicom_id', 'a blank'],
      [8, 'image', 'another row of aa-1'],
    ]);
    await expect(readDataset(folder, { images: '/nowhere' })).rejects.toThrow('check the path');
  });
  itWithShared('data/labels/mimic-format', 'reads the published layout', async (path) => {
    const {
      samples,
      excluded,
      badRows,
      annotations: { labels },
    } = await readDataset(path);
    expect([labels.length, badRows.length]).toEqual([14, 0]);
    const missing = excluded.reduce((sum, { images }) => sum + images, 0);
    expect(samples.length + missing).toBe(346);
    expect(missing).toBeGreaterThan(0);
    const views = new Set(samples.map(({ view }) => view));
    expect([...views].sort()).toEqual(['AP', 'LATERAL', 'LL', 'PA', undefined]);
    const frontal = await readDataset(path, { projection: 'frontal' });
    expect(frontal.samples.every(({ view }) => view === 'AP' || view === 'PA')).toBe(true);
  });
});
