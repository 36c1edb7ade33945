import { join, resolve } from 'node:path';
import { existsSync, readdirSync } from 'node:fs';
import { countTexts, writeLabels, type Dataset, type LabelFormat } from '@cxr-align/datasets';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import { encodePng } from '@cxr-align/image-backbone';

/** What was written. */
export interface WrittenData {
  folder: string;
  images: number;
  patients: number;
  splits: Record<string, number>;
}

/**
 * Writes a data set as a folder that is read again: its labels and their mapping. Images stay where they are, but for those
 * of an archive of arrays, which are written as PNG.
 *
 * @throws {InputError} if the folder has something in it.
 */
export async function writeData(folder: string, dataset: Dataset, format: LabelFormat): Promise<WrittenData> {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new InputError('expected a new or empty folder for --out, got one with files in it; name another', {
      file: folder,
    });
  const samples: Dataset['samples'] = [];
  for (const sample of dataset.samples) {
    if (typeof sample.image === 'string') samples.push({ ...sample, image: resolve(sample.image) });
    else {
      const image = resolve(folder, 'images', `${sample.id}.png`);
      writeFileAtomic(image, await encodePng(sample.image.data, sample.image));
      samples.push({ ...sample, image });
    }
  }
  writeLabels(folder, { ...dataset, samples }, format);
  return {
    folder,
    images: samples.length,
    patients: new Set(samples.map(({ patient }) => patient)).size,
    splits: countTexts(samples.map(({ split }) => split)),
  };
}

/** What was written, for people. */
export function writtenText({ folder, images, patients, splits }: WrittenData): string {
  const parts = Object.entries(splits).map(([split, count]) => `${split} ${count}`);
  return `${join(folder, 'dataset.yaml')}: ${images} images of ${patients} patients (${parts.join(', ')})`;
}
