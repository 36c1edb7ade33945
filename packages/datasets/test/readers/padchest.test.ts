import { join } from 'node:path';
import { zipSync } from 'fflate';
import { readDataset } from '../../src/index.js';
import { folderWith } from '../temporary.js';

const header =
  ',ImageID,ImageDir,StudyDate_DICOM,StudyID,PatientID,PatientBirth,PatientSex_DICOM,Projection,Report,Labels';
const rows = [
  `0,a.png,0,20140915,s1,p1,1930.0,F,PA,"dice: ""normal"", sí","['normal']"`,
  `1,b.png,0,20140915,s2,p2,1940.0,M,L,texto,"['pneumonia', ' pleural effusion', '']"`,
  `2,c.png,1,20140915,s2,p2,1940.0,M,PA,texto,"['exclude']"`,
  `3,d.png,1,20140915,s3,p3,,,PA,texto,`,
  `4,e.png,1,20140915,s4,p3,,,AP_horizontal,texto,"[""stent'"", 'unchanged']"`,
];

describe('readDataset(path) on PadChest', () => {
  it("reads Python's lists of findings, years of birth, and images in archives", async () => {
    const folder = folderWith({
      'PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv': [header, ...rows].join('\n'),
      '0.zip': zipSync({ 'a.png': new Uint8Array(1) }),
      'images/b.png': '',
    });
    const {
      format,
      samples,
      excluded,
      annotations: { labels, values: cells },
    } = await readDataset(folder);
    expect(format).toBe('padchest');
    expect(labels).toEqual(['normal', 'pleural effusion', 'pneumonia', "stent'"]);
    expect([...cells]).toEqual([1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1]);
    expect(samples[0]).toEqual({
      id: 'a.png',
      image: join(folder, '0.zip/a.png'),
      patient: 'p1',
      study: 's1',
      split: 'train',
      sex: 'F',
      age: 84,
      view: 'PA',
    });
    expect(samples[1].image).toBe(join(folder, 'images/b.png'));
    expect(excluded).toEqual([
      { reason: 'their label is "exclude"', images: 1 },
      { reason: 'they have no labels', images: 1 },
    ]);
    expect((await readDataset(folder, { projection: 'frontal' })).samples.map(({ id }) => id)).toEqual([
      'a.png',
      'e.png',
    ]);
  });
  it('leaves out images that are only said to be poor or as before', async () => {
    const folder = folderWith({
      'PADCHEST_chest_x_ray_images_labels_160K.csv': [
        header,
        rows[0],
        `1,x.png,0,,,,,,PA,,"['unchanged', 'suboptimal study']"`,
      ].join('\n'),
    });
    const { samples, excluded } = await readDataset(folder);
    expect(samples.map(({ id }) => id)).toEqual(['a.png']);
    expect(excluded).toEqual([{ reason: 'their labels are suboptimal study or unchanged alone', images: 1 }]);
  });
  it('lists a cell that is no list', async () => {
    const folder = folderWith({
      'PADCHEST_chest_x_ray_images_labels_160K.csv': [header, rows[0], '1,x.png,0,,,,,,PA,,normal'].join('\n'),
    });
    const { badRows } = await readDataset(folder, { maxBad: 0.6 });
    expect(badRows).toMatchObject([{ row: 3, column: 'Labels', got: '"normal"' }]);
  });
});
