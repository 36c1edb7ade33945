import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { itWithShared } from '@cxr-align/testkit';
import {
  annotationsOf,
  datasetFormats,
  DatasetBuilder,
  readDataset,
  registerReader,
  type Dataset,
} from '../../src/index.js';
import { folderWith } from '../temporary.js';

const onDisk = ({ samples }: Dataset): boolean => samples.every(({ image }) => existsSync(image as string));
const values = ({ annotations }: Dataset, label: string): number[] => [...annotationsOf(annotations, label)];

describe('readDataset(path) on a folder for each class', () => {
  itWithShared(
    'cases/38-imagefolder',
    'reads splits and classes, and leaves what programs keep for themselves',
    async (path) => {
      const dataset = await readDataset(path);
      expect(dataset.format).toBe('image-folder');
      expect(dataset.annotations.labels).toEqual(['NORMAL', 'PNEUMONIA']);
      const counts = Object.fromEntries(
        (['train', 'val', 'test'] as const).map((split) => [
          split,
          dataset.samples.filter((one) => one.split === split).length,
        ]),
      );
      expect(counts).toEqual({ train: 12, val: 4, test: 4 });
      expect(values(dataset, 'PNEUMONIA').reduce((sum, value) => sum + value, 0)).toBe(10);
      expect(dataset.hasOwnSplits).toBe(true);
      expect(onDisk(dataset)).toBe(true);
      expect(dataset.remarks.join('\n')).toContain('folders name no patients');
      expect(dataset.remarks.join('\n')).toContain('1 files in these folders are no images');
    },
  );
  it('reads the layout of the COVID-19 Radiography Database, without its masks', async () => {
    const folder = folderWith({
      'COVID/images/COVID-1.png': '',
      'COVID/masks/COVID-1.png': '',
      'Normal/images/Normal-1.png': '',
      'Normal/masks/Normal-1.png': '',
      'Viral Pneumonia/images/Viral Pneumonia-1.png': '',
    });
    const dataset = await readDataset(folder);
    expect(dataset.annotations.labels).toEqual(['COVID', 'Normal', 'Viral Pneumonia']);
    expect(dataset.samples.map(({ id }) => id)).toEqual([
      'COVID/images/COVID-1.png',
      'Normal/images/Normal-1.png',
      'Viral Pneumonia/images/Viral Pneumonia-1.png',
    ]);
    expect([...dataset.annotations.values]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });
  it('takes numbered folders and single ones for no classes', async () => {
    await expect(readDataset(folderWith({ 'images_001/a.png': '', 'images_002/b.png': '' }))).rejects.toThrow(
      'expected a data set',
    );
    await expect(readDataset(folderWith({ 'images/a.png': '' }))).rejects.toThrow('expected a data set');
  });
});

describe('readDataset(path) on images without a table', () => {
  it('reads them when asked for by name, and only then', async () => {
    const folder = folderWith({ 'a/1.png': '', '2.dcm': '', '.hidden/3.png': '', 'notes.txt': '' });
    const dataset = await readDataset(folder, { format: 'images' });
    expect(dataset.samples.map(({ id }) => id)).toEqual(['2.dcm', 'a/1.png']);
    expect(dataset.annotations).toEqual({ labels: [], values: new Float32Array() });
    await expect(readDataset(folder)).rejects.toThrow('images without a table, by the format "images" alone');
  });
});

describe("readDataset(path) on Hugging Face's layouts", () => {
  it('reads metadata.csv and metadata.jsonl', async () => {
    const csv = await readDataset(
      folderWith({ 'metadata.csv': 'file_name,Edema\na.png,1\nb.png,0\n', 'a.png': '', 'b.png': '' }),
    );
    const jsonl = await readDataset(
      folderWith({
        'metadata.jsonl': '{"file_name": "a.png", "Edema": 1}\n{"file_name": "b.png", "Edema": false, "note": null}\n',
        'a.png': '',
        'b.png': '',
      }),
    );
    for (const dataset of [csv, jsonl]) {
      expect(values(dataset, 'Edema')).toEqual([1, 0]);
      expect(onDisk(dataset)).toBe(true);
    }
    expect(jsonl.columns).toEqual({ used: { image: 'file_name' }, unused: ['note'] });
    await expect(readDataset(folderWith({ 'metadata.jsonl': '{"file_name": "a.png"}\n[1]\n' }))).rejects.toThrow(
      'metadata.jsonl, row 2: expected a JSON object in each line',
    );
  });
});

describe('readDataset(path) on SIIM-ACR, Shenzhen and Montgomery, BRAX, CheXlocalize', () => {
  it('reads masks of SIIM-ACR: an image with one has a pneumothorax', async () => {
    const folder = folderWith({
      'train-rle.csv': 'ImageId, EncodedPixels\n1.2.3, -1\n1.2.4,1 2 3 4\n1.2.4,9 9\n',
      'dicom-images-train/x/y/1.2.3.dcm': '',
      'dicom-images-train/x/y/1.2.4.dcm': '',
    });
    const dataset = await readDataset(folder);
    expect(dataset).toMatchObject({ format: 'siim-acr', samples: [{ id: '1.2.3' }, { id: '1.2.4' }] });
    expect(values(dataset, 'Pneumothorax')).toEqual([0, 1]);
    expect(onDisk(dataset)).toBe(true);
  });
  it('reads the names and clinical readings of Shenzhen and Montgomery, not the masks', async () => {
    const folder = folderWith({
      'CXR_png/CHNCXR_0001_0.png': '',
      'CXR_png/MCUCXR_0104_1.png': '',
      'ManualMask/leftMask/MCUCXR_0104_1.png': '',
      'ClinicalReadings/CHNCXR_0001_0.txt': 'male 45yrs\nnormal',
      'ClinicalReadings/MCUCXR_0104_1.txt': "Patient's Sex: F\nPatient's Age: 040Y\nTB",
    });
    const dataset = await readDataset(folder);
    expect(dataset.format).toBe('tuberculosis');
    expect(dataset.samples.map(({ id, sex, age }) => [id, sex, age])).toEqual([
      ['CHNCXR_0001_0.png', 'M', 45],
      ['MCUCXR_0104_1.png', 'F', 40],
    ]);
    expect(values(dataset, 'Tuberculosis')).toEqual([0, 1]);
    expect(onDisk(dataset)).toBe(true);
  });
  it("reads BRAX' spreadsheet, with the images that are there", async () => {
    const folder = folderWith({
      'master_spreadsheet_update.csv':
        'DicomPath,PngPath,PatientID,PatientSex,PatientAge,AccessionNumber,No Finding,Cardiomegaly,ViewPosition\nAnonymized_DICOMs/a/b.dcm,images/a/b.png,id_1,F,065Y,Study_1,,1.0,PA\n',
      'images/a/b.png': '',
    });
    const dataset = await readDataset(folder);
    expect(dataset.format).toBe('brax');
    expect(dataset.samples[0]).toMatchObject({ patient: 'id_1', sex: 'F', age: 65, view: 'PA' });
    expect(dataset.annotations.labels).toEqual(['No Finding', 'Cardiomegaly']);
    expect([...dataset.annotations.values]).toEqual([NaN, 1]);
    expect(onDisk(dataset)).toBe(true);
  });
  it('reads the tables of CheXlocalize', async () => {
    const table = (split: string): string =>
      `Path,Cardiomegaly,Edema\nCheXpert-v1.0/${split}/patient1${split}/study1/v.jpg,1.0,0.0\n`;
    const folder = folderWith({
      'CheXpert/val_labels.csv': table('val'),
      'CheXpert/test_labels.csv': table('test'),
      'CheXpert/val/patient1val/study1/v.jpg': '',
      'CheXpert/test/patient1test/study1/v.jpg': '',
    });
    const dataset = await readDataset(folder);
    expect(dataset.format).toBe('chexlocalize');
    expect(dataset.samples.map(({ split, patient }) => [split, patient])).toEqual([
      ['val', 'patient1val'],
      ['test', 'patient1test'],
    ]);
    expect(relative(folder, dataset.samples[0].image as string)).toBe('CheXpert/val/patient1val/study1/v.jpg');
    expect(onDisk(dataset)).toBe(true);
  });
});

describe('readDataset(path) on CheXpert Plus and TBX11K', () => {
  const plus = {
    'df_chexpert_plus_240401.csv':
      'path_to_image,path_to_dcm,frontal_lateral,ap_pa,deid_patient_id,age,sex,split\ntrain/patient1/study1/view1_frontal.jpg,x,Frontal,AP,patient1,60,Male,train\nvalid/patient2/study1/view1_frontal.jpg,x,Frontal,PA,patient2,61,Female,valid\n',
    'chexbert_labels/impression_fixed.json':
      '{"path_to_image": "train/patient1/study1/view1_frontal.jpg", "Edema": 1.0, "No Finding": null}\n{"path_to_image": "valid/patient2/study1/view1_frontal.jpg", "Edema": -1.0, "No Finding": 1.0}\n',
    'PNG/train/patient1/study1/view1_frontal.png': '',
    'PNG/valid/patient2/study1/view1_frontal.png': '',
  };
  it('joins the labels of the impressions by the path, and finds the PNG images', async () => {
    const dataset = await readDataset(folderWith(plus));
    expect(dataset.format).toBe('chexpert-plus');
    expect([...dataset.annotations.values]).toEqual([1, NaN, -1, 1]);
    expect(dataset.samples[1]).toMatchObject({ patient: 'patient2', sex: 'F', age: 61, view: 'PA', split: 'val' });
    expect(onDisk(dataset)).toBe(true);
    const { 'chexbert_labels/impression_fixed.json': _labels, ...rest } = plus;
    await expect(readDataset(folderWith(rest))).rejects.toThrow('unpack chexbert_labels.zip here');
  });
  it('reads VinDr-PCXR as VinDr-CXR, but for the view', async () => {
    const header = 'image_id,rad_ID,Bronchiolitis,No finding\n';
    const folder = folderWith({
      'image_labels_train.csv': `${header}a,R1,1.0,0.0\n`,
      'image_labels_test.csv': `${header}b,R1,0.0,1.0\n`,
      'train/a.dicom': '',
      'test/b.dicom': '',
    });
    const dataset = await readDataset(folder);
    expect(dataset.format).toBe('vindr-cxr');
    expect(dataset.samples.map(({ split, view }) => [split, view])).toEqual([
      ['train', undefined],
      ['test', undefined],
    ]);
    expect([...dataset.annotations.values]).toEqual([1, 0, 0, 1]);
    expect(onDisk(dataset)).toBe(true);
  });
  it('reads the types of images of TBX11K, boxes being rows', async () => {
    const folder = folderWith({
      'data.csv':
        'fname,image_height,image_width,source,bbox,target,tb_type,image_type\nh1.png,512,512,train,none,no_tb,none,healthy\ntb1.png,512,512,val,"{1}",tb,active_tb,tb\ntb1.png,512,512,val,"{2}",tb,latent_tb,tb\n',
      'images/h1.png': '',
      'images/tb1.png': '',
    });
    const dataset = await readDataset(folder);
    expect(dataset).toMatchObject({
      format: 'tbx11k',
      annotations: { labels: ['active_tb', 'healthy', 'latent_tb', 'tb'] },
    });
    expect([...dataset.annotations.values]).toEqual([0, 1, 0, 0, 1, 0, 1, 1]);
    expect(dataset.samples.map(({ split }) => split)).toEqual(['train', 'val']);
    expect(onDisk(dataset)).toBe(true);
  });
});

describe('readDataset(path) on the original release of TBX11K', () => {
  const coco = {
    images: [
      { id: 1, file_name: 'tb/tb0001.png' },
      { id: 2, file_name: 'tb/tb0002.png' },
      { id: 4, file_name: 'health/h0001.png' },
    ],
    annotations: [
      { image_id: 1, category_id: 1 },
      { image_id: 1, category_id: 2 },
      { image_id: 2, category_id: 2 },
      { image_id: 2, category_id: 3 },
    ],
    categories: [
      { id: 1, name: 'ActiveTuberculosis' },
      { id: 2, name: 'ObsoletePulmonaryTuberculosis' },
      { id: 3, name: 'PulmonaryTuberculosis' },
    ],
  };
  const release = {
    'imgs/health/h0001.png': '',
    'imgs/sick/s0001.png': '',
    'imgs/tb/tb0001.png': '',
    'imgs/tb/tb0002.png': '',
    'imgs/tb/tb1199.png': '',
    'imgs/test/test_1.png': '',
    'imgs/extra/da/p1.png': '',
    'lists/TBX11K_train.txt': 'health/h0001.png\ntb/tb0001.png\ntb/tb1199.png\n',
    'lists/TBX11K_val.txt': 'tb/tb0002.png\n',
    'lists/TBX11K_trainval.txt': 'health/h0001.png\ntb/tb0002.png\n',
    'annotations/json/TBX11K_train.json': JSON.stringify(coco),
  };
  it('has the labels of the folders, types of the boxes, splits of the lists', async () => {
    const dataset = await readDataset(folderWith(release));
    expect(dataset.format).toBe('tbx11k');
    expect(dataset.annotations.labels).toEqual(['active_tb', 'healthy', 'latent_tb', 'sick_but_no_tb', 'tb']);
    const rows = dataset.samples.map(({ id, split }, i) => [
      id,
      split,
      [...annotationsOf(dataset.annotations, 'active_tb')][i],
      [...annotationsOf(dataset.annotations, 'latent_tb')][i],
      [...annotationsOf(dataset.annotations, 'tb')][i],
    ]);
    expect(rows).toEqual([
      ['health/h0001.png', 'train', 0, 0, 0],
      ['sick/s0001.png', 'train', 0, 0, 0],
      ['tb/tb0001.png', 'train', 1, 1, 1],
      ['tb/tb0002.png', 'val', 0, 1, 1],
      ['tb/tb1199.png', 'train', NaN, NaN, 1],
    ]);
    expect(onDisk(dataset)).toBe(true);
    expect(dataset.remarks.join('\n')).toContain('1 images stand in no list of a split');
    expect(dataset.excluded).toEqual([{ reason: 'they have no published labels (imgs/test)', images: 1 }]);
  });
  it('leaves the types of tuberculosis unknown where no boxes are', async () => {
    const { 'annotations/json/TBX11K_train.json': _, ...plain } = release;
    const dataset = await readDataset(folderWith(plain));
    expect([...annotationsOf(dataset.annotations, 'active_tb')]).toEqual([0, 0, NaN, NaN, NaN]);
    expect(dataset.remarks.join('\n')).toContain('no boxes were found');
  });
  it('refuses an image in two splits', async () => {
    const folder = folderWith({ ...release, 'lists/TBX11K_val.txt': 'tb/tb0001.png\n' });
    await expect(readDataset(folder)).rejects.toThrow(
      'TBX11K_val.txt: expected each image in one split, got tb/tb0001.png in train too; correct the lists',
    );
  });
});

describe('registerReader(reader)', () => {
  it('makes a layout known that goes before the built-in ones, and refuses a name twice', async () => {
    const folder = folderWith({ 'labels.csv': 'image,A\na.png,1\n', 'mine.txt': 'b.png' });
    registerReader({
      format: 'mine',
      description: 'mine.txt',
      detect: async (path) => (existsSync(join(path, 'mine.txt')) ? 'mine.txt is there' : undefined),
      read: async (path) => {
        const builder = new DatasetBuilder(['B']);
        builder.add({ id: 'b', image: join(path, 'b.png'), patient: 'p', study: 's', split: 'train' }, [1]);
        return builder.result(path, { hasOwnSplits: false });
      },
    });
    expect(datasetFormats()[0]).toBe('mine');
    const dataset = await readDataset(folder);
    expect(dataset).toMatchObject({ format: 'mine', reason: 'mine.txt is there', annotations: { labels: ['B'] } });
    expect((await readDataset(folder, { format: 'labels-csv' })).annotations.labels).toEqual(['A']);
    const again = { format: 'mine', description: '', detect: async () => undefined, read: async () => dataset };
    expect(() => registerReader(again)).toThrow(
      'expected a format that is not known yet, got mine; choose another name',
    );
    expect(() => registerReader({ ...again, format: 'auto' })).toThrow('but not auto, got "auto"; rename it');
    expect(() => registerReader({ format: 'x' } as never)).toThrow(
      'expected a reader with format, description, detect and read',
    );
  });
});
