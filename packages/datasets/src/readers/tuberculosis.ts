import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AnnotationError, showCell } from '../annotation-error.js';
import { readAge, readSex } from '../columns/cell-values.js';
import { DatasetBuilder } from './dataset-builder.js';
import { listImages } from './images.js';
import { folderOf, type DatasetReader } from './reader.js';

/** CHNCXR_0001_0.png of Shenzhen, MCUCXR_0001_0.png of Montgomery County: a number a patient, and 1 for abnormal. */
const imageName = /^(CHN|MCU)CXR_(\d+)_([01])$/;

/**
 * The tuberculosis sets of Shenzhen and Montgomery County: images whose names end in 0 (normal) or 1 (manifestation of
 * tuberculosis), and `ClinicalReadings/*.txt` with sex and age where they are there.
 */
export const tuberculosisReader: DatasetReader = {
  format: 'tuberculosis',
  description: 'images CHNCXR_0001_0.png or MCUCXR_0001_0.png (Shenzhen, Montgomery)',
  detect: async (path) => {
    const first = (await listImages(path)).find((file) => imageName.test(stemOf(file)));
    return first && `${basename(first)} is an image of Shenzhen or Montgomery County`;
  },
  read: async (path, { images = folderOf(path) }) => {
    const builder = new DatasetBuilder(['Tuberculosis']);
    const seen = new Set<string>();
    let others = 0;
    for (const file of await listImages(images)) {
      const stem = stemOf(file);
      const [, , , sign] = imageName.exec(stem) ?? [];
      // Masks of the lungs have the names of their images.
      if (sign === undefined || /masks?\//i.test(file)) {
        others++;
        continue;
      }
      if (seen.has(stem)) continue;
      seen.add(stem);
      const name = basename(file);
      builder.attempt({ file, row: 1 }, () => {
        const reading = readingOf(path, stem);
        const age = reading === undefined ? undefined : ageOf(reading);
        if (reading !== undefined && age === undefined && readingSex(reading) === undefined)
          throw new AnnotationError('clinical reading', 'sex and age', showCell(reading.split('\n')[0]));
        builder.add(
          {
            id: name,
            image: join(images, file),
            patient: stem.replace(/_[01]$/, ''),
            study: stem,
            split: 'train',
            sex: reading === undefined ? undefined : readingSex(reading),
            ...(age !== undefined && { age }),
          },
          [Number(sign)],
        );
      });
    }
    if (others > 0)
      builder.remarks.push(`${others} images have other names, or lie in a folder of masks, and were not read`);
    return builder.result(path, { hasOwnSplits: false });
  },
};

function stemOf(file: string): string {
  return basename(file).replace(/\.\w+$/, '');
}

function readingOf(path: string, stem: string): string | undefined {
  const file = ['ClinicalReadings', 'clinical_readings', '.']
    .map((folder) => join(path, folder, `${stem}.txt`))
    .find((one) => existsSync(one));
  return file === undefined ? undefined : readFileSync(file, 'utf8').slice(0, 4096);
}

/** `male 45yrs` of Shenzhen, `Patient's Sex: F` and `Patient's Age: 027Y` of Montgomery County. */
function readingSex(text: string): 'F' | 'M' | undefined {
  const word = /sex:\s*(\w+)/i.exec(text)?.[1] ?? /\b(female|male)\b/i.exec(text)?.[1];
  return word === undefined ? undefined : readSex(word);
}

function ageOf(text: string): number | undefined {
  const word = /age:\s*(\d+\s*\w?)/i.exec(text)?.[1] ?? /(\d+)\s*(yrs?|years?|months?|days?)/i.exec(text)?.[0];
  return word === undefined ? undefined : readAge(word);
}
