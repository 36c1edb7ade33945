import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError, readNpz, type NumericArray } from '@cxr-align/files';
import type { Split } from '../dataset.js';
import { DatasetBuilder, type DatasetReader } from './reader.js';

/** The labels of MedMNIST's chest sets, by the start of the file name. */
const knownLabels: Record<string, string[]> = {
  pneumoniamnist: ['Pneumonia'],
  chestmnist: [
    'Atelectasis',
    'Cardiomegaly',
    'Effusion',
    'Infiltration',
    'Mass',
    'Nodule',
    'Pneumonia',
    'Pneumothorax',
    'Consolidation',
    'Edema',
    'Emphysema',
    'Fibrosis',
    'Pleural',
    'Hernia',
  ],
};

/**
 * MedMNIST: one `.npz` with `train_images [n, height, width]`, `train_labels [n, labels]`, and the same for val and
 * test; `chestmnist.npz` (28 × 28) as well as `chestmnist_64.npz`, `_128` and `_224`.
 */
export const medmnistReader: DatasetReader = {
  format: 'medmnist',
  looksFor: 'one .npz archive',
  recognize: async (path) => {
    const file = archiveFile(path);
    return file && `${basename(file)} is an .npz archive`;
  },
  read: async (path) => {
    const file = archiveFile(path)!;
    const arrays = await readNpz(file);
    const splits = (['train', 'val', 'test'] as const).filter((split) => arrays.has(`${split}_images`));
    if (splits.length === 0)
      throw new InputError(`expected the arrays train_images, train_labels, …, got ${[...arrays.keys()].join(', ')}`, {
        file,
      });
    const name = basename(file).replace(/\.npz$/, '');
    const count = arrays.get(`${splits[0]}_labels`)?.shape[1] ?? 0;
    const known = Object.entries(knownLabels).find(([start]) => name.startsWith(start))?.[1];
    const builder = new DatasetBuilder(
      known?.length === count ? known : Array.from({ length: count }, (_, i) => `label ${i}`),
    );
    for (const split of splits) addSplit(builder, file, split, arrays);
    return { ...builder.result(path, { hasOwnSplits: splits.length > 1 }), name };
  },
};

function archiveFile(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  if (!statSync(path).isDirectory()) return path.endsWith('.npz') ? path : undefined;
  const archives = readdirSync(path).filter((name) => name.endsWith('.npz'));
  return archives.length === 1 ? join(path, archives[0]) : undefined;
}

function addSplit(builder: DatasetBuilder, file: string, split: Split, arrays: Map<string, NumericArray>): void {
  const images = arrays.get(`${split}_images`)!;
  const labels = arrays.get(`${split}_labels`);
  const place = { file: `${file}:${split}_images` };
  if (!(images.data instanceof Uint8Array) || images.shape.length < 3 || images.shape.length > 4) {
    throw new InputError(
      `expected 8-bit images [n, height, width] or [n, height, width, 3], got [${images.shape}]`,
      place,
    );
  }
  const [rows, height, width, channels = 1] = images.shape;
  if (labels?.shape[0] !== rows || labels.shape[1] !== builder.labels.length) {
    throw new InputError(
      `expected labels [${rows}, ${builder.labels.length}], got ${labels ? `[${labels.shape}]` : 'none'}`,
      place,
    );
  }
  const area = height * width;
  for (let row = 0; row < rows; row++) {
    const id = `${split}-${row}`;
    const pixels = images.data.subarray(row * area * channels, (row + 1) * area * channels);
    const data = channels === 1 ? pixels : Uint8Array.from({ length: area }, (_, i) => pixels[i * channels]);
    const cells = Array.from(labels.data.subarray(row * builder.labels.length, (row + 1) * builder.labels.length));
    const wrong = cells.findIndex((cell) => cell !== 0 && cell !== 1);
    if (wrong >= 0)
      builder.reject({
        file: place.file,
        row,
        column: builder.labels[wrong],
        expected: '0 or 1',
        got: String(cells[wrong]),
      });
    else builder.add({ id, image: { data, height, width }, patient: id, study: id, split }, cells);
  }
}
