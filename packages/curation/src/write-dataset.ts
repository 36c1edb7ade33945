import { join, resolve } from 'node:path';
import { existsSync, readdirSync } from 'node:fs';
import { countTexts, writeLabels, type Dataset, type LabelFormat } from '@cxr-align/datasets';
import {
  lockFolder,
  lockName,
  InputError,
  isUnfinished,
  markFinished,
  markUnfinished,
  remove,
  removeLeftOvers,
  writeFileAtomic,
} from '@cxr-align/files';
import { encodePng } from '@cxr-align/image-backbone';
import { refuseUnknownOptions } from '@cxr-align/training';

/** What is in such a folder. */
const written = ['labels.csv', 'labels.parquet', 'graph.yaml', 'dataset.yaml', 'images'];

/** What was written. */
export interface WrittenDataset {
  folder: string;
  images: number;
  patients: number;
  splits: Record<string, number>;
}

/**
 * Writes a data set as a folder that is read again: its labels and their mapping. Images stay where they are, but for those
 * of an archive of arrays, which are written as PNG. A folder whose writing was stopped is written anew.
 *
 * @throws {InputError} if the folder has something in it, or another process writes to it.
 */
export async function writeDataset(options: {
  folder: string;
  dataset: Dataset;
  /** Format of the table of labels. Default `csv`. */
  format?: LabelFormat;
}): Promise<WrittenDataset> {
  refuseUnknownOptions('curation/writeDataset', options, ['folder', 'dataset', 'format']);
  const { folder, dataset, format = 'csv' } = options;
  // Before the lock, so that a lock is only ever left in a folder that its owner may write.
  const names = existsSync(folder) ? readdirSync(folder) : [];
  if (names.length > 0 && !names.includes(lockName) && !isUnfinished(folder)) throw notEmpty(folder);
  const lock = lockFolder(folder, 'data');
  try {
    // A lock that was left is of a writer which had found the folder empty: what is there is its own.
    return await writeInto(folder, dataset, { format, isNew: !lock.wasLeft && !isUnfinished(folder) });
  } finally {
    lock.release();
  }
}

async function writeInto(
  folder: string,
  dataset: Dataset,
  { format, isNew }: { format: LabelFormat; isNew: boolean },
): Promise<WrittenDataset> {
  removeLeftOvers(folder);
  if (!isNew) written.forEach((name) => remove(join(folder, name)));
  else if (readdirSync(folder).some((name) => name !== lockName)) throw notEmpty(folder);
  markUnfinished(folder);
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
  markFinished(folder);
  return {
    folder,
    images: samples.length,
    patients: new Set(samples.map(({ patient }) => patient)).size,
    splits: countTexts(samples.map(({ split }) => split)),
  };
}

function notEmpty(file: string): InputError {
  return new InputError('expected a new or empty folder, got one with files in it; name another', { file });
}

/** What was written, for people. */
export function writtenText({ folder, images, patients, splits }: WrittenDataset): string {
  const parts = Object.entries(splits).map(([split, count]) => `${split} ${count}`);
  return `${join(folder, 'dataset.yaml')}: ${images} images of ${patients} patients (${parts.join(', ')})`;
}
