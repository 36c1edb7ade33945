import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingImagesText, readDataset, sharedImages, sharedImagesText } from '@cxr-align/datasets';
import { greyDicomElements, madeUpData, writeDicom, type DicomElements } from '@cxr-align/testkit';
import { imagePlaces } from '../src/inputs/checks/missing-images.js';
import { loadInputs } from '../src/inputs/load-inputs.js';
import { openDataset } from '../src/inputs/prepare-data.js';
import { silentProgress } from '../src/progress.js';

const source = { kind: 'image', preprocessing: { size: 8, fit: 'stretch' } } as const;

/** A set of DICOM files with a column of sexes and, if given, of patients. */
function dicomSet(images: Record<string, { elements: DicomElements; sex?: string; patient?: string }>): string {
  const folder = mkdtempSync(join(tmpdir(), 'dicom-'));
  const hasPatients = Object.values(images).some(({ patient }) => patient !== undefined);
  const rows = Object.entries(images).map(([name, { elements, sex = '', patient = '' }], i) => {
    writeFileSync(join(folder, name), writeDicom(greyDicomElements([i, 500, 900, 4000 - i], elements)));
    return [name, ...(hasPatients ? [patient] : []), sex, i % 2].join(',');
  });
  const header = ['image', ...(hasPatients ? ['patient'] : []), 'sex', 'Edema'].join(',');
  writeFileSync(join(folder, 'labels.csv'), [header, ...rows, ''].join('\n'));
  return folder;
}

const film = (patient: string, sex: string, more: DicomElements = {}): DicomElements => ({
  '00080060': ['CS', 'DX'],
  '00100010': ['PN', 'Doe^Jane'],
  '00100020': ['LO', patient],
  '00100040': ['CS', sex],
  '00101010': ['AS', '050Y'],
  '00180015': ['CS', 'CHEST'],
  '00185101': ['CS', 'PA'],
  ...more,
});

describe('imagePlaces(samples)', () => {
  it('counts what is missing, names the first and where it was looked for', async () => {
    const folder = await madeUpData(12);
    rmSync(join(folder, 'images', '3.png'));
    const { samples } = await readDataset(folder);
    const places = await imagePlaces(samples, silentProgress);
    expect(places).toMatchObject({ images: 12, missing: 1, first: { image: '3.png' } });
    expect(missingImagesText(places)).toMatch(
      /^1 of the 12 images does not exist .* 3\.png, was looked for at .*images\/3\.png; pass the folder/,
    );
  });

  it('refuses a set without any image before it reads one', async () => {
    const folder = await madeUpData(12);
    rmSync(join(folder, 'images'), { recursive: true });
    const opened = await openDataset(folder);
    await expect(loadInputs(opened, source, { progress: silentProgress })).rejects.toThrow(
      /none of the 12 images exists where the table points: the first, 0\.png, was looked for at /,
    );
  });
});

describe('sharedImages(samples, contentOf)', () => {
  it('finds copies under other patients among images that were loaded', async () => {
    const folder = await madeUpData(36);
    cpSync(join(folder, 'images', '2.png'), join(folder, 'images', '34.png'));
    const { dataset, contentOf } = await loadInputs(await openDataset(folder), source, { progress: silentProgress });
    const found = sharedImages(dataset.samples, contentOf);
    expect(found).toMatchObject({ groups: 1, images: 2, overSplits: 1, compared: 36 });
    expect(found.examples[0]).toMatchObject({ images: ['2.png', '34.png'], patients: 2 });
    expect(sharedImagesText(found)).toMatch(
      /^warning: 1 group of images has the same bytes under several patients \(2 images; 1 over several splits.*2\.png = 34\.png/,
    );
  });

  it('leaves copies of one patient alone', () => {
    const sample = { image: '', split: 'train', patient: 'p' } as const;
    const samples = [
      { ...sample, id: 'a' },
      { ...sample, id: 'b' },
    ];
    expect(sharedImages(samples, () => 'same')).toMatchObject({ groups: 0, images: 0 });
    expect(sharedImagesText(sharedImages(samples, () => 'same'))).toBeUndefined();
  });
});

describe('openDataset(path) with DICOM images', () => {
  it('refuses what is no chest film, counted as unreadable, and takes it where that is asked for', async () => {
    const ct: DicomElements = { ...film('P3', 'F'), '00080060': ['CS', 'CT'] };
    const hand: DicomElements = { ...film('P4', 'F'), '00180015': ['CS', 'HAND'] };
    const folder = dicomSet({
      'a.dcm': { elements: film('P1', 'F') },
      'b.dcm': { elements: film('P2', 'M') },
      'c.dcm': { elements: ct },
      'd.dcm': { elements: hand },
    });
    const opened = await openDataset(folder);
    expect(opened.dataset.samples.map(({ id }) => id)).toEqual(['a.dcm', 'b.dcm']);
    expect(opened.refused?.map(({ id }) => id)).toEqual(['c.dcm', 'd.dcm']);
    await expect(loadInputs(opened, source, { progress: silentProgress })).rejects.toThrow(
      /c\.dcm: expected a chest radiograph .*got Modality CT.*d\.dcm: .*got HAND.*\(2 of 4 cannot be read\)/s,
    );
    const loaded = await loadInputs(opened, source, { maxBad: 0.5, progress: silentProgress });
    expect(loaded.unreadable).toHaveLength(2);
    expect(loaded.remarks.join('\n')).toMatch(/left out 2 unreadable images:\nc\.dcm/);
    const all = await openDataset(folder, { anyModality: true });
    expect([all.dataset.samples.length, all.refused]).toEqual([4, undefined]);
    expect(all.remarks.join('\n')).toMatch(/2 images are no chest films by their headers: c\.dcm/);
  });

  it('refuses what is no chest film by its content, whatever it is called', async () => {
    const ct: DicomElements = { ...film('P3', 'F'), '00080060': ['CS', 'CT'] };
    const folder = dicomSet({ 'a.dcm': { elements: film('P1', 'F') }, 'b.png': { elements: ct } });
    expect((await openDataset(folder)).refused?.map(({ id }) => id)).toEqual(['b.png']);
  });

  it('names and counts where table and headers differ, without any identifier', async () => {
    const folder = dicomSet({
      'a.dcm': { elements: film('MRN-77', 'F'), sex: 'F', patient: 'p1' },
      'b.dcm': { elements: film('MRN-77', 'F'), sex: 'M', patient: 'p1' },
      'c.dcm': { elements: film('MRN-77', 'F'), sex: '', patient: 'p2' },
      'd.dcm': { elements: film('MRN-88', 'M'), sex: 'M', patient: 'p3' },
    });
    const { remarks, dataset } = await openDataset(folder);
    const text = remarks.join('\n');
    expect(text).toMatch(/warning: the sex of 1 of 3 images is another one .*: b\.dcm/);
    expect(text).toMatch(/warning: the headers give 1 of 4 images to another patient .*: c\.dcm/);
    expect(text).toMatch(/the headers have what the table does not \(images\): sex of 1, age of 4, view of 4/);
    expect(text).not.toMatch(/MRN|Doe/);
    expect(dataset.samples[2].sex).toBeUndefined();
  });

  it('takes what the table lacks from headers where that is asked for, patients as pseudonyms', async () => {
    const folder = dicomSet({
      'a.dcm': { elements: film('MRN-77', 'F') },
      'b.dcm': { elements: film('MRN-77', 'F', { '00185101': ['CS', 'LL'] }) },
      'c.dcm': { elements: film('MRN-88', 'M'), sex: 'F' },
      'd.dcm': { elements: film('ANONYMOUS', '') },
    });
    const { dataset, remarks } = await openDataset(folder, { dicomFields: true });
    const [a, b, c, d] = dataset.samples;
    expect(a.patient).toBe(b.patient);
    expect(a.patient).toMatch(/^dicom-[0-9a-f]{16}$/);
    expect([c.sex, c.age, c.view]).toEqual(['F', 50, 'PA']);
    expect([a.sex, d.patient, d.sex]).toEqual(['F', 'd.dcm', undefined]);
    expect(remarks.join('\n')).toMatch(
      /taken from the headers where the table has none \(images\): patient of 3, sex of 2/,
    );
    expect(JSON.stringify(dataset)).not.toMatch(/MRN|Doe/);
    const lateral = await openDataset(folder, { dicomFields: true, projection: 'lateral' });
    expect(lateral.dataset.samples.map(({ id }) => id)).toEqual(['b.dcm']);
  });

  it('compares no Patient ID that all headers share', async () => {
    const folder = dicomSet({
      'a.dcm': { elements: film('Study7', 'F'), patient: 'p1' },
      'b.dcm': { elements: film('Study7', 'F'), patient: 'p2' },
    });
    expect((await openDataset(folder)).remarks.join('\n')).not.toMatch(/another patient/);
  });

  it('reads images without a table that have no ending', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'names-'));
    mkdirSync(join(folder, 'x'));
    writeFileSync(join(folder, 'IM1.dcm'), writeDicom(greyDicomElements([1, 2], film('A1', 'F'))));
    const { dataset } = await openDataset(folder, { format: 'images', dicomFields: true });
    expect(dataset.samples[0]).toMatchObject({ sex: 'F', age: 50, view: 'PA' });
  });
});
