import { drawPhantoms } from '@cxr-align/curation';
import { type Command, commonFlags, printResult, stderrEvents } from './command.js';
import { outputFolder } from '../usage/output-path.js';
import { startAgain, stoppable } from '../usage/stopping.js';

const flags = {
  ...commonFlags,
  out: { type: 'string', demandOption: true, describe: 'Folder to write', coerce: outputFolder('out') },
  images: { type: 'number', default: 2000, describe: 'Number of images' },
  seed: { type: 'number', default: 0, describe: 'Random seed; the same seed draws the same images' },
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
export const phantom: Command = {
  builder: (yargs) => yargs.options(flags),
  handler: async (given) => {
    const { json, out, images, seed, size } = given as unknown as Flags;
    await stoppable(({ signal }) => drawPhantoms({ out, images, seed, size, on: stderrEvents(), signal }), startAgain);
    printResult(
      json,
      { out, images, seed, size },
      () => `${images} phantoms in ${out}: train.csv, valid.csv, test.csv, boxes.csv, images/`,
    );
  },
};
