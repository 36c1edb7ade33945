import { join } from 'node:path';
import { readDataset } from '../../src/index.js';
import { folderWith } from '../temporary.js';

const table = [
  'patientid,offset,sex,age,finding,view,modality,folder,filename',
  '2,0,M,65,Pneumonia/Viral/COVID-19,PA,X-ray,images,a.jpg',
  '2,3,M,65,Pneumonia/Viral,AP Supine,X-ray,images,b.jpg',
  '3,,F,,No Finding,L,X-ray,images,c.jpg',
  '4,,F,,Pneumonia,Axial,CT,volumes,d.nii.gz',
  '5,,F,,todo,PA,X-ray,images,e.jpg',
  '6,,F,,Tuberculosis,PA,X-ray,images,../../../e.jpg',
].join('\n');

describe('readDataset(path) on covid-chestxray-dataset', () => {
  it('makes labels of the tree: above a finding present, below it not known', async () => {
    const folder = folderWith({ 'metadata.csv': table });
    const {
      format,
      samples,
      excluded,
      badRows,
      hierarchy,
      annotations: { labels, values: cells },
    } = await readDataset(folder, { maxBad: 0.5 });
    expect(format).toBe('covid-chestxray');
    expect(labels).toEqual(['No Finding', 'Pneumonia', 'Pneumonia/Viral', 'Pneumonia/Viral/COVID-19', 'Tuberculosis']);
    expect([...cells]).toEqual([0, 1, 1, 1, 0, 0, 1, 1, -1, 0, 1, 0, 0, 0, 0]);
    expect(samples[0]).toMatchObject({ image: join(folder, 'images/a.jpg'), patient: '2', study: '2/0', age: 65 });
    expect(excluded).toEqual([
      { reason: 'they are no X-rays', images: 1 },
      { reason: 'their finding is not known', images: 1 },
    ]);
    expect(badRows).toMatchObject([{ row: 7, column: 'filename', got: '"images/../../../e.jpg"' }]);
    expect(JSON.parse(hierarchy!.text).parent['Pneumonia/Viral']).toBe('Pneumonia');
  });
});
