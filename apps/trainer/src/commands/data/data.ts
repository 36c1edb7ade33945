import type { Argv } from 'yargs';
import { commonFlags, dataFlags, type Command } from '../command.js';
import { describe } from './describe.js';

const { data, format, images, projection, 'one-per-study': onePerStudy, 'max-bad': maxBad } = dataFlags;
const readFlags = { format, images, projection, 'one-per-study': onePerStudy, 'max-bad': maxBad } as const;

/** `cxr-align data describe`. */
export const dataCommand: Command<unknown> = {
  command: 'data',
  describe: 'See what is in data sets before anything is trained on them; shape them',
  builder: (yargs) =>
    parts
      .reduce(
        (built, { command, describe: words, flags, run }) =>
          built.command(
            command,
            words,
            (sub: Argv) => sub.options({ ...commonFlags, ...flags }),
            (given) => run(given as never),
          ),
        yargs,
      )
      .demandCommand(1, 'expected data describe'),
  handler: async () => {},
};

const parts = [
  {
    command: 'describe',
    describe: 'Count labels, patients, splits, and what each label policy does; draw it',
    flags: {
      data,
      ...readFlags,
      graph: { type: 'string', default: 'auto', describe: 'Label graph whose hierarchy the labels are held against' },
      'check-images': {
        type: 'boolean',
        default: false,
        describe: 'Decode every image, too: sizes, grey values, the same image twice',
      },
      html: { type: 'string', describe: 'File for a page with figures' },
    },
    run: describe,
  },
] as const;
