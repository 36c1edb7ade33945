import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { readDataset } from '../../src/index.js';
import { folderWith } from '../temporary.js';

const train = [
  'image_id,rad_id,Cardiomegaly,Nodule/Mass,Other diseases',
  ...['a,R1,1,0,0', 'a,R2,1,1,0', 'a,R3,0,0,0', 'b,R1,0,0,1', 'b,R2,0,0,1', 'b,R3,0,,1'],
].join('\n');
const test = ['image_id,Cardiomegaly,Nodule/Mass,Other disease', 'c,1,0,0'].join('\n');

describe('readDataset(path) on VinDr-CXR', () => {
  it('lets the radiologists vote: most present, fewer uncertain', async () => {
    const folder = folderWith({
      'annotations/image_labels_train.csv': train,
      'annotations/image_labels_test.csv': test,
      'annotations/annotations_train.csv':
        'image_id,rad_id,class_name,x_min,y_min,x_max,y_max\na,R1,Cardiomegaly,10,20,110,70\nb,R1,No finding,,,,\n',
      'annotations/annotations_test.csv': 'image_id,class_name,x_min,y_min,x_max,y_max\nc,Other disease,1,2,3,5\n',
      'train/a.dicom': '',
      'test/c.dicom': '',
    });
    const {
      format,
      samples,
      boxes,
      annotations: { labels, values: cells },
    } = await readDataset(folder);
    expect({ format, labels }).toEqual({
      format: 'vindr-cxr',
      labels: ['Cardiomegaly', 'Nodule/Mass', 'Other diseases'],
    });
    expect([...cells]).toEqual([1, -1, 0, 0, 0, 1, 1, 0, 0]);
    expect(samples.map(({ image, split }) => [image, split])).toEqual([
      [join(folder, 'train/a.dicom'), 'train'],
      [join(folder, 'b.dicom'), 'train'],
      [join(folder, 'test/c.dicom'), 'test'],
    ]);
    expect(boxes).toEqual([
      { image: 'a', label: 'Cardiomegaly', x: 10, y: 20, w: 100, h: 50 },
      { image: 'c', label: 'Other diseases', x: 1, y: 2, w: 2, h: 3 },
    ]);
  });
  it("reads the challenge's table of boxes", async () => {
    const folder = folderWith({
      'train.csv': [
        'image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max',
        'a,Cardiomegaly,3,R1,1,2,3,4',
        'a,Cardiomegaly,3,R1,5,5,9,9',
        'a,No finding,14,R2,,,,',
        'a,Cardiomegaly,3,R3,1,2,3,4',
        'b,No finding,14,R1,,,,',
      ].join('\n'),
    });
    const {
      boxes,
      annotations: { labels, values: cells },
    } = await readDataset(folder);
    expect(labels).toEqual(['Cardiomegaly', 'No finding']);
    expect([...cells]).toEqual([1, -1, 0, 1]);
    expect(boxes).toHaveLength(3);
  });
  it('lists images outside of the folder, and one that is in both tables', async () => {
    const folder = folderWith({
      'image_labels_train.csv': `${train}\n../x,R1,1,0,0`,
      'image_labels_test.csv': `${test}\na,1,0,0`,
    });
    const { badRows, samples } = await readDataset(folder, { maxBad: 0.9 });
    expect(badRows).toMatchObject([
      { file: join(folder, 'image_labels_train.csv'), row: 8, column: 'image_id' },
      { file: join(folder, 'image_labels_test.csv'), row: 3, got: 'another row of a' },
    ]);
    expect(samples.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });
  it.each([
    ['image_labels_train.csv', 'a,b\n1,2\n', 'expected the columns image_id'],
    ['annotations_train.csv', 'image_id,x_min\na,1\n', 'got no class_name, y_min, x_max, y_max'],
  ])('refuses %s without its columns', async (name, content, message) => {
    const folder = folderWith({ 'image_labels_train.csv': train, [name]: content });
    await expect(readDataset(folder, { format: 'vindr-cxr' })).rejects.toThrow(InputError);
    await expect(readDataset(folder, { format: 'vindr-cxr' })).rejects.toThrow(message);
  });
  it('lists cells that are neither 0 nor 1', async () => {
    const folder = folderWith({ 'image_labels_train.csv': `${train}\nd,R1,2,0,0` });
    const { badRows } = await readDataset(folder, { maxBad: 0.5 });
    expect(badRows).toMatchObject([{ row: 8, column: 'Cardiomegaly', expected: '0 or 1', got: '"2"' }]);
  });
});
