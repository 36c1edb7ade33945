import { join } from 'node:path';
import { zipSync } from 'fflate';
import { readDataset } from '../../src/index.js';
import { folderWith } from '../temporary.js';

const table = [
  'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position',
  '00000001_000.png,Cardiomegaly|Hernia,0,1,57,M,PA',
  '00000002_000.png,No Finding,0,2,011M,F,AP',
  '00000003_000.png,Infiltration,0,3,81,F,AP',
].join('\n');

describe('readDataset(path) on ChestX-ray14 as it is published', () => {
  it('finds images in numbered folders and archives, reads the lists and the boxes', async () => {
    const folder = folderWith({
      'Data_Entry_2017_v2020.csv': table,
      'train_val_list.txt': '00000001_000.png\n',
      'test_list.txt': '00000003_000.png\n',
      'images_001/images/00000001_000.png': '',
      'images_002.zip': zipSync({ 'images/00000003_000.png': new Uint8Array(1) }),
      // The published header and rows: the box is four columns, and three blank ones follow.
      'BBox_List_2017.csv': 'Image Index,Finding Label,Bbox [x,y,w,h],,,\n00000003_000.png,Infiltrate,1.5,2,30,40,,,\n',
    });
    const { samples, excluded, boxes } = await readDataset(folder);
    expect(samples.map(({ image, split }) => [image, split])).toEqual([
      [join(folder, 'images_001/images/00000001_000.png'), 'train'],
      [join(folder, 'images_002.zip/images/00000003_000.png'), 'test'],
    ]);
    expect(excluded).toEqual([{ reason: 'neither train_val_list.txt nor test_list.txt names them', images: 1 }]);
    expect(boxes).toEqual([{ image: '00000003_000.png', label: 'Infiltration', x: 1.5, y: 2, w: 30, h: 40 }]);
  });
  it('reads ages in months', async () => {
    const { samples } = await readDataset(folderWith({ 'Data_Entry_2017.csv': table }));
    expect(samples.map(({ age }) => age)).toEqual([57, 11 / 12, 81]);
  });
});
