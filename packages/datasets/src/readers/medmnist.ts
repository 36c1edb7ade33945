import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError, readNpz, type NumericArray } from '@cxr-align/files';
import type { Split } from '../dataset.js';
import { DatasetBuilder } from './dataset-builder.js';
import { type DatasetReader } from './reader.js';

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
 * test; colour and channels first or last are read, too; `chestmnist.npz` (28 × 28) as well as `chestmnist_64.npz`, `_128` and `_224`.
 */
export const medmnistReader: DatasetReader = {
  format: 'medmnist',
  description: 'one .npz archive',
  detect: async (path) => {
    const file = archiveFile(path);
    return file && `${basename(file)} is an .npz archive`;
  },
  read: async (path) => {
    const file = archiveFile(path)!;
    const arrays = await readNpz(file);
    const splits = (['train', 'val', 'test'] as const).filter((split) => arrays.has(`${split}_images`));
    if (splits.length === 0)
      throw new InputError(
        `expected the arrays train_images, train_labels, …, got ${[...arrays.keys()].join(', ')}; name them so`,
        { file },
      );
    const name = basename(file).replace(/\.npz$/, '');
    // One label may be saved as [n].
    const count = arrays.get(`${splits[0]}_labels`)?.shape[1] ?? 1;
    const known = Object.entries(knownLabels).find(([start]) => name.startsWith(start))?.[1];
    const builder = new DatasetBuilder(
      known?.length === count ? known : Array.from({ length: count }, (_, i) => `label ${i}`),
    );
    for (const split of splits) addSplit(builder, file, split, arrays);
    builder.remarks.push('warning: the archive names no patients, so every image counts as a patient of its own');
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
  const place = { file: `${file}:${split}_images` };
  const images = arrays.get(`${split}_images`)!;
  const { rows, height, width, pixelsOf } = imageReader(images, place);
  const labels = arrays.get(`${split}_labels`);
  const count = builder.labels.length;
  if (!labels || labels.shape[0] !== rows || labels.data.length !== rows * count)
    throw new InputError(
      `expected labels [${rows}, ${count}] for the ${rows} images, got ${labels ? `[${labels.shape}]` : 'none'}; save both with the images along the first axis`,
      place,
    );
  for (let row = 0; row < rows; row++) {
    const id = `${split}-${row}`;
    const values = Array.from(labels.data.subarray(row * count, (row + 1) * count));
    const wrong = values.findIndex((value) => value !== 0 && value !== 1);
    if (wrong >= 0)
      builder.reject({
        file: place.file,
        row,
        column: builder.labels[wrong],
        expected: '0 or 1',
        got: String(values[wrong]),
      });
    else builder.add({ id, image: { data: pixelsOf(row), height, width }, patient: id, study: id, split }, values);
  }
}

/** ITU-R 601 luma, as PIL's convert('L') computes it. */
function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

interface ImageArray {
  rows: number;
  height: number;
  width: number;
  /** Grey pixels of an image. */
  pixelsOf: (row: number) => Uint8Array;
}

/**
 * Reads an array of images, grey or in colour: [n, height, width], channels last [n, height, width, 1 or 3] or channels
 * first [n, 1 or 3, height, width].
 *
 * @throws {InputError} for any other shape or kind of number, and for one that may be either.
 */
function imageReader({ shape, data }: NumericArray, place: { file: string }): ImageArray {
  const expected = '8-bit images [n, height, width], [n, height, width, 1 or 3] or [n, 1 or 3, height, width]';
  if (!(data instanceof Uint8Array))
    throw new InputError(
      `expected ${expected}, got [${shape}] of ${data.constructor.name.replace('Array', '').toLowerCase()}; scale the pixels to 0 … 255 and save them as uint8`,
      place,
    );
  const isChannels = (extent: number): boolean => extent === 1 || extent === 3;
  const [isFirst, isLast] = [shape.length === 4 && isChannels(shape[1]), shape.length === 4 && isChannels(shape[3])];
  if (shape.length !== 3 && isFirst === isLast)
    throw new InputError(
      `expected ${expected}, got [${shape}]${isFirst ? ', which may be either' : ''}; transpose the array`,
      place,
    );
  const [rows] = shape;
  const [height, width] = isFirst ? shape.slice(2) : shape.slice(1);
  const channels = shape.length === 3 ? 1 : isFirst ? shape[1] : shape[3];
  const area = height * width;
  const [pixelStep, channelStep] = isFirst ? [1, area] : [channels, 1];
  return {
    rows,
    height,
    width,
    pixelsOf: (row) => {
      const pixels = data.subarray(row * area * channels, (row + 1) * area * channels);
      if (channels === 1) return pixels;
      return Uint8Array.from({ length: area }, (_, i) => {
        const at = i * pixelStep;
        return luma(pixels[at], pixels[at + channelStep], pixels[at + 2 * channelStep]);
      });
    },
  };
}
