import { join } from 'node:path';
import { readDataset } from '../../src/index.js';
import { folderWith } from '../temporary.js';

const labels = [
  'patientId,x,y,width,height,Target',
  'a,10.0,20.0,30.0,40.0,1',
  'a,50.0,20.0,30.0,40.0,1',
  'b,,,,,0',
  'c,,,,,0',
].join('\n');

describe('readDataset(path) on the RSNA pneumonia challenge', () => {
  it('has its three classes, boxes, DICOM files, and patients of NIH', async () => {
    const folder = folderWith({
      'stage_2_train_labels.csv': labels,
      'stage_2_detailed_class_info.csv':
        'patientId,class\na,Lung Opacity\na,Lung Opacity\nb,Normal\nc,No Lung Opacity / Not Normal\n',
      'stage_2_train_images/a.dcm': '',
      'pneumonia-challenge-dataset-mappings_2018.json': JSON.stringify([
        { subset_img_id: 'a', img_id: '00000013_005.png' },
        { subset_img_id: 'b', img_id: '00000013_006.png' },
      ]),
    });
    const {
      format,
      samples,
      boxes,
      annotations: { labels: names, values: cells },
    } = await readDataset(folder);
    expect(format).toBe('rsna-pneumonia');
    expect(names).toEqual(['Lung Opacity', 'No Lung Opacity / Not Normal', 'Normal']);
    expect([...cells]).toEqual([1, 0, 0, 0, 0, 1, 0, 1, 0]);
    expect(samples.map(({ patient }) => patient)).toEqual(['13', '13', 'c']);
    expect(samples[0].image).toBe(join(folder, 'stage_2_train_images/a.dcm'));
    expect(boxes).toEqual([
      { image: 'a', label: 'Lung Opacity', x: 10, y: 20, w: 30, h: 40 },
      { image: 'a', label: 'Lung Opacity', x: 50, y: 20, w: 30, h: 40 },
    ]);
  });
  it('has one label without the table of classes', async () => {
    const {
      annotations: { labels: names, values: cells },
    } = await readDataset(folderWith({ 'stage_2_train_labels.csv': labels }));
    expect(names).toEqual(['Lung Opacity']);
    expect([...cells]).toEqual([1, 0, 0]);
  });
  it('takes a box that is none for no opacity, lists paths out of the folder, and refuses classes without their columns', async () => {
    const rows = 'patientId,x,y,width,height,Target\na,?,1,1,1,1\na,,,,,0\n../b,,,,,0\nc,1,1,1,1,1\n';
    const {
      badRows,
      samples,
      annotations: { values: cells },
    } = await readDataset(folderWith({ 'stage_2_train_labels.csv': rows }), {
      maxBad: 0.9,
    });
    expect(badRows.map(({ row, column }) => [row, column])).toEqual([
      [2, 'x'],
      [4, 'patientId'],
    ]);
    expect(samples.map(({ id }) => id)).toEqual(['a', 'c']);
    expect([...cells]).toEqual([0, 1]);
    const folder = folderWith({
      'stage_2_train_labels.csv': labels,
      'stage_2_detailed_class_info.csv': 'patientId,x\na,1\n',
    });
    await expect(readDataset(folder)).rejects.toThrow('got no class');
  });
  it('lists a target of 2 and a class that is none', async () => {
    const folder = folderWith({
      'stage_2_train_labels.csv': `${labels}\nd,,,,,2`,
      'stage_2_detailed_class_info.csv': 'patientId,class\na,Maybe\n',
    });
    const { badRows } = await readDataset(folder, { maxBad: 0.5 });
    expect(badRows.map(({ column, got }) => [column, got])).toEqual([
      ['class', '"Maybe"'],
      ['Target', '"2"'],
    ]);
  });
});
