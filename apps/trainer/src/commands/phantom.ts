import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { writePhantom, type PhantomImage } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import type { PaintTask } from '../workers/phantom-worker.js';
import { startThreads } from '../workers/threads.js';
import { commonFlags, printResult, progress, type Command } from './command.js';

const flags = {
  ...commonFlags,
  out: { type: 'string', demandOption: true, describe: 'Folder to write' },
  images: { type: 'number', default: 2000, describe: 'How many images' },
  seed: { type: 'number', default: 0, describe: 'The same seed draws the same images' },
  size: { type: 'number', default: 224, describe: 'Pixels along a side' },
} as const;

interface Flags {
  json: boolean;
  out: string;
  images: number;
  seed: number;
  size: number;
}

/** `cxr-align phantom`: draws a synthetic data set in CheXpert's format. */
export const phantom: Command<unknown> = {
  command: 'phantom',
  describe: 'Draw a synthetic data set of chest radiographs',
  builder: (yargs) => yargs.options(flags),
  handler: async (given) => {
    const { json, out, images, seed, size } = given as unknown as Flags;
    if (!Number.isInteger(images) || images < 1)
      throw new InputError(`expected --images to be a whole number of 1 or more, got ${images}`);
    if (!Number.isInteger(size) || size < 32 || size > 2048)
      throw new InputError(`expected --size to be a whole number from 32 to 2048, got ${size}`);
    if (!Number.isInteger(seed) || seed < 0)
      throw new InputError(`expected --seed to be a whole number of 0 or more, got ${seed}`);
    if (existsSync(join(out, 'train.csv')))
      throw new InputError(
        'expected a folder without a data set, got one with a train.csv; use another --out, or remove it',
        { file: out },
      );
    const bar = progress.start('drawing phantoms', images);
    const threads = availableParallelism();
    const script = new URL('./phantom-worker.js', import.meta.url);
    const painters = startThreads<PaintTask, PhantomImage['boxes']>(script, threads);
    await writePhantom(out, {
      images,
      seed,
      concurrency: threads,
      draw: (plan) => painters.run({ plan, folder: out, seed, size }),
      onImage: (done) => bar.update(done),
    }).finally(() => painters.stop());
    bar.stop();
    printResult(
      json,
      { out, images, seed, size },
      () => `${images} phantoms in ${out}: train.csv, valid.csv, test.csv, boxes.csv, images/`,
    );
  },
};
