import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { writePhantom, type PhantomImage } from '@cxr-align/phantoms';
import { lockFolder, lockName, InputError, isUnfinished, markFinished, markUnfinished } from '@cxr-align/files';
import {
  progressOf,
  refuseUnknownOptions,
  startThreads,
  workerFile,
  type Progress,
  type RunControl,
} from '@cxr-align/training';
import type { PaintTask } from './workers/phantom-worker.js';

/** Which phantoms are drawn. */
export interface PhantomOptions extends Omit<RunControl, 'stallSeconds'> {
  /** Folder to write: new, or without a data set. */
  out: string;
  /** Default 2000. */
  images?: number;
  /** Random seed; the same seed draws the same images. Default 0. */
  seed?: number;
  /** Pixels along a side, 32 to 2048. Default 224. */
  size?: number;
}

/**
 * Draws a synthetic data set of chest radiographs in CheXpert's format, on all processors.
 *
 * @throws {RangeError} if a number is out of range; {TypeError} for an unknown option.
 * @throws {InputError} if the folder holds a data set.
 */
export async function drawPhantoms(options: PhantomOptions): Promise<void> {
  const where = 'curation/drawPhantoms';
  refuseUnknownOptions(where, options, ['out', 'images', 'seed', 'size', 'on', 'signal']);
  const { out, images = 2000, seed = 0, size = 224 } = options;
  const progress = progressOf(options);
  const limits = { images: [1, Infinity], size: [32, 2048], seed: [0, 2 ** 32 - 1] } as const;
  for (const [name, value] of Object.entries({ images, size, seed })) {
    const [least, most] = limits[name as keyof typeof limits];
    if (!Number.isInteger(value) || value < least || value > most)
      throw new RangeError(
        `${where}: expected ${name} to be a whole number ${most === Infinity ? `of ${least} or more` : `from ${least} to ${most}`}, got ${value}`,
      );
  }
  const refuseDataset = (): void => {
    if (existsSync(join(out, 'train.csv')) && !isUnfinished(out))
      throw new InputError(
        'expected a folder without a data set, got one with a train.csv; use another folder, or remove it',
        { file: out },
      );
  };
  // Before the lock, so that a lock is only ever left in a folder that its owner may write.
  if (!existsSync(join(out, lockName))) refuseDataset();
  const lock = lockFolder(out, 'phantom');
  try {
    if (!lock.wasLeft) refuseDataset();
    await drawInto({ out, images, seed, size }, progress);
  } finally {
    lock.release();
  }
}

async function drawInto(
  { out, images, seed, size }: Required<Pick<PhantomOptions, 'out' | 'images' | 'seed' | 'size'>>,
  progress: Progress,
): Promise<void> {
  const bar = progress.start('drawing phantoms', images);
  const threads = availableParallelism();
  const painters = startThreads<PaintTask, PhantomImage['boxes']>(
    workerFile(import.meta.url, 'phantom-worker'),
    threads,
  );
  try {
    markUnfinished(out);
    await writePhantom(out, {
      images,
      seed,
      concurrency: threads,
      draw: (plan) => painters.run({ plan, folder: out, seed, size }),
      onImage: (done) => bar.update(done),
    });
    markFinished(out);
  } finally {
    await painters.stop();
    bar.stop();
  }
}
