import { existsSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { writeNpy } from '@cxr-align/files';
import { itWithShared } from '@cxr-align/testkit';
import { zipSync } from 'fflate';
import { annotationsOf, readDataset, type Dataset, type PixelArray } from '../src/index.js';
import { folderWith } from './temporary.js';

const onDisk = ({ samples }: Dataset): number => samples.filter(({ image }) => existsSync(image as string)).length;
const values = ({ annotations }: Dataset, label: string): number[] => [...annotationsOf(annotations, label)];
const remark = (dataset: Dataset, part: string): string =>
  dataset.remarks.find((one) => one.includes(part)) ?? `none of ${dataset.remarks.join('\n')}`;

describe('CheXpert as people have it', () => {
  itWithShared('cases/31b-unnamed-chexpert', "takes pandas' index column for no label", async (path) => {
    const dataset = await readDataset(path);
    expect(dataset.format).toBe('chexpert');
    expect(dataset.annotations.labels).toHaveLength(14);
    expect(dataset.annotations.labels[0]).toBe('No Finding');
    expect(dataset.columns.unused).toEqual(['Unnamed: 0']);
    expect(onDisk(dataset)).toBe(12);
  });
  itWithShared('cases/76-chexpert-first-missing', 'looks for images by many rows, not by the first', async (path) => {
    const dataset = await readDataset(path);
    expect(onDisk(dataset)).toBe(11);
    expect(relative(path, dataset.samples[0].image as string)).toBe('train/patient00000/study1/view1_frontal.jpg');
  });
  itWithShared(
    'cases/72-chexpert-batches',
    'finds the images of the full-size release in its batches',
    async (path) => {
      const dataset = await readDataset(path);
      expect(dataset).toMatchObject({ format: 'chexpert', annotations: { labels: { length: 14 } } });
      expect(dataset.samples).toHaveLength(12);
      expect(onDisk(dataset)).toBe(12);
      expect(remark(dataset, 'batches')).toBe('images are in 4 batches');
      expect(new Set(dataset.samples.map(({ patient }) => patient)).size).toBe(6);
    },
  );
  it('finds the validation images of the full-size release in batch 1', async () => {
    const header = 'Path,Sex,Age,Frontal/Lateral,AP/PA,Edema\n';
    const folder = folderWith({
      'CheXpert-v1.0 batch 1 (validate & csv)/train.csv': `${header}CheXpert-v1.0/train/patient1/study1/v.jpg,Male,5,Frontal,AP,1\n`,
      'CheXpert-v1.0 batch 1 (validate & csv)/valid.csv': `${header}CheXpert-v1.0/valid/patient2/study1/v.jpg,Male,5,Frontal,AP,0\n`,
      'CheXpert-v1.0 batch 1 (validate & csv)/valid/patient2/study1/v.jpg': '',
      'CheXpert-v1.0 batch 2 (train 1)/patient1/study1/v.jpg': '',
    });
    expect(onDisk(await readDataset(folder))).toBe(2);
  });
  it('finds images that were converted to another kind', async () => {
    const folder = folderWith({
      'train.csv':
        'Path,Sex,Age,Frontal/Lateral,AP/PA,Edema\nCheXpert-v1.0-small/train/p1/study1/v.jpg,Male,5,Frontal,AP,1\n',
      'train/p1/study1/v.png': '',
    });
    const dataset = await readDataset(folder);
    expect(onDisk(dataset)).toBe(1);
    expect(remark(dataset, 'another extension')).toContain('1 image names of the table');
  });
});

describe('joins of tables', () => {
  itWithShared('cases/31d-float-ids-mimic', 'match ids that went through a column of floats', async (path) => {
    const dataset = await readDataset(path);
    expect(dataset.samples).toHaveLength(12);
    expect(onDisk(dataset)).toBe(12);
    expect(values(dataset, 'No Finding').slice(0, 2)).toEqual([1, NaN]);
    expect(dataset.samples[0]).toMatchObject({ patient: '10000000', study: '50000000' });
  });
  it('that match nothing are refused, with a key of either side', async () => {
    const mimic = {
      'mimic-cxr-2.0.0-split.csv': 'dicom_id,study_id,subject_id,split\nd1,50,10,train\n',
      'mimic-cxr-2.0.0-chexpert.csv': 'subject_id,study_id,Edema\n10,50,1.0\n',
    };
    await expect(
      readDataset(folderWith({ ...mimic, 'mimic-cxr-2.0.0-chexpert.csv': 'subject_id,study_id,Edema\n10,s50,1.0\n' })),
    ).rejects.toThrow(
      'column study_id: expected rows for the images of the other table, got none that match: this one has study_id "s50" …, the other "50" …',
    );
    await expect(
      readDataset(folderWith({ ...mimic, 'mimic-cxr-2.0.0-metadata.csv': 'dicom_id,ViewPosition\nD1,PA\n' })),
    ).rejects.toThrow('this one has dicom_id "D1" …, the other "d1" …');
    const partly = await readDataset(
      folderWith({
        ...mimic,
        'mimic-cxr-2.0.0-split.csv': 'dicom_id,study_id,subject_id,split\nd1,50,10,train\nd2,50,10,train\n',
        'mimic-cxr-2.0.0-metadata.csv': 'dicom_id,ViewPosition\nd1,PA\n',
      }),
    );
    expect(remark(partly, 'no view')).toContain('1 of 2 images have no row in');
    const rsna = {
      'stage_2_train_labels.csv': 'patientId,x,y,width,height,Target\na,,,,,0\n',
      'stage_2_detailed_class_info.csv': 'patientId,class\nA,Normal\n',
    };
    await expect(readDataset(folderWith(rsna))).rejects.toThrow('this one has patientId "A" …, the other "a" …');
  });
});

describe('NIH and RSNA as people have them', () => {
  itWithShared('cases/71b-nih-sample', "reads Kaggle's sample, with ages such as 060Y", async (path) => {
    const dataset = await readDataset(path);
    expect(dataset.format).toBe('nih');
    expect(dataset.samples).toHaveLength(12);
    expect(dataset.samples[0].age).toBe(40);
    expect(onDisk(dataset)).toBe(12);
    expect(dataset.columns.unused).toContain('OriginalImageWidth');
  });
  itWithShared('cases/71d-nih-targz', 'names archives that are not read', async (path) => {
    expect(remark(await readDataset(path), 'archives')).toBe(
      'archives that are not read: images_001.tar.gz; unpack them (tar -xf), ZIP archives are read as they are',
    );
  });
  itWithShared(
    'cases/71g-nih-resized-beside',
    'refuses two images of one name, and looks into no hidden folders',
    async (path) => {
      await expect(readDataset(path)).rejects.toThrow(
        /expected one image "00000001_000.png" below the folder, got (images-224\/images-224|images_001\/images)\/00000001_000.png and (images_001|images-224)[^;]*; pass the folder of the images that are meant/,
      );
      const dataset = await readDataset(path, { images: join(path, 'images_001') });
      expect(new Set(dataset.samples.map(({ image }) => relative(path, image as string).split('/')[0]))).toEqual(
        new Set(['images_001']),
      );
    },
  );
  itWithShared('cases/74-rsna-floats', 'reads targets of 1.0 and 0.0', async (path) => {
    const dataset = await readDataset(path);
    expect([...dataset.annotations.values]).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
    expect(onDisk(dataset)).toBe(12);
    expect(basename(dataset.samples[11].image as string)).toBe('id11.png');
  });
});

describe('two files of one name', () => {
  it("are told apart by the table's path, and are one where a link leads to it", async () => {
    const { symlinkSync } = await import('node:fs');
    const folder = folderWith({
      'labels.csv': 'image,A\nx/a.PNG,1\ny/a.PNG,0\n',
      'x/a.png': '',
      'y/a.png': '',
      '.cache/x/a.png': '',
    });
    const { samples } = await readDataset(folder);
    expect(samples.map(({ image }) => relative(folder, image as string))).toEqual(['x/a.png', 'y/a.png']);
    const bare = folderWith({ 'labels.csv': 'image,A\na.PNG,1\nb.PNG,0\n', 'x/a.png': '', 'y/a.png': '' });
    await expect(readDataset(bare)).rejects.toThrow('got x/a.png and y/a.png');
    const linked = folderWith({ 'labels.csv': 'image,A\na.PNG,1\n', 'x/a.png': '' });
    symlinkSync(join(linked, 'x'), join(linked, 'y'));
    expect((await readDataset(linked)).samples).toHaveLength(1);
  });
});

describe('arrays of images in other orders', () => {
  const labels = writeNpy({ shape: [2], data: Uint8Array.of(0, 1) });
  const read = async (shape: number[], data: Uint8Array | Float32Array): Promise<PixelArray> => {
    const archive = zipSync({ 'train_images.npy': writeNpy({ shape, data }), 'train_labels.npy': labels });
    const dataset = await readDataset(folderWith({ 'pneumoniamnist.npz': archive }));
    expect([...dataset.annotations.values]).toEqual([0, 1]);
    return dataset.samples[0].image as PixelArray;
  };
  // Red, green, blue and white.
  const pixels = [
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
    [255, 255, 255],
  ];
  const grey = { data: Uint8Array.of(76, 150, 29, 255), height: 2, width: 2 };
  it('reads colour as luma, channels last and first, and labels [n]', async () => {
    expect(await read([2, 2, 2, 3], Uint8Array.from([...pixels, ...pixels].flat()))).toEqual(grey);
    const planes = [0, 1, 2].flatMap((channel) => pixels.map((pixel) => pixel[channel]));
    expect(await read([2, 3, 2, 2], Uint8Array.from([...planes, ...planes]))).toEqual(grey);
    expect(
      await read(
        [2, 1, 2, 2],
        Uint8Array.from({ length: 8 }, (_, i) => i),
      ),
    ).toEqual({ data: Uint8Array.of(0, 1, 2, 3), height: 2, width: 2 });
  });
  it('refuses what may be either, or neither', async () => {
    await expect(read([2, 3, 2, 3], new Uint8Array(36))).rejects.toThrow(
      'got [2,3,2,3], which may be either; transpose the array',
    );
    await expect(read([2, 4, 2, 4], new Uint8Array(64))).rejects.toThrow('got [2,4,2,4]; transpose');
    await expect(read([2, 2, 2], new Float32Array(8))).rejects.toThrow(
      'got [2,2,2] of float32; scale the pixels to 0 … 255',
    );
    await expect(read([4, 4, 2], new Uint8Array(32))).rejects.toThrow(
      'expected labels [4, 1] for the 4 images, got [2]',
    );
  });
  for (const name of ['70b-medmnist-1d', '70f-medmnist-nchw'])
    itWithShared(`cases/${name}`, `reads ${name}`, async (path) => {
      const {
        samples,
        annotations: { labels: names },
      } = await readDataset(path);
      expect(names).toEqual(['Pneumonia']);
      expect(samples.length).toBeGreaterThan(0);
      expect(samples[0].image).toMatchObject({ height: 28, width: 28 });
    });
});
