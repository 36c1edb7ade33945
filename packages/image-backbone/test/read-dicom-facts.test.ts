import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { greyDicomElements, writeDicom, type DicomElements } from '@cxr-align/testkit';
import sharp from 'sharp';
import { readDicomFacts } from '../src/read-dicom-facts.js';

describe('readDicomFacts(path)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facts-'));
  const file = (name: string, elements: DicomElements): string => {
    const path = join(folder, name);
    writeFileSync(path, writeDicom(greyDicomElements(new Array<number>(60_000).fill(7), elements)));
    return path;
  };
  const own: DicomElements = { '00080060': ['CS', 'DX'], '00180015': ['CS', 'CHEST'], '00101010': ['AS', '041Y'] };

  it('reads the start of a file alone where that has the header', async () => {
    expect(await readDicomFacts(file('a.dcm', own))).toMatchObject({ modality: 'DX', bodyPart: 'CHEST', ageYears: 41 });
  });

  it('reads on where the header is longer than the start', async () => {
    const long: DicomElements = { ...own, '00090010': ['LO', 'X'], '00091001': ['OB', new Uint8Array(200_000)] };
    expect(await readDicomFacts(file('b', long))).toMatchObject({ modality: 'DX', bodyPart: 'CHEST' });
  });

  it('knows a DICOM file by its content where it is named as another image', async () => {
    expect(await readDicomFacts(file('c.png', own))).toMatchObject({ modality: 'DX', bodyPart: 'CHEST' });
  });

  it('knows nothing of other images, of files that are not there, and of folders', async () => {
    const path = join(folder, 'd.png');
    writeFileSync(
      path,
      await sharp({ create: { width: 8, height: 8, channels: 3, background: '#777' } })
        .png()
        .toBuffer(),
    );
    expect(await readDicomFacts(path)).toBeUndefined();
    expect(await readDicomFacts(join(folder, 'none.dcm'))).toBeUndefined();
    expect(await readDicomFacts(folder)).toBeUndefined();
  });

  it('refuses a broken one by its name', async () => {
    const path = join(folder, 'broken.dcm');
    writeFileSync(path, writeDicom(greyDicomElements([1, 2], own)).subarray(0, 260));
    await expect(readDicomFacts(path)).rejects.toThrow(/broken\.dcm/);
  });
});
