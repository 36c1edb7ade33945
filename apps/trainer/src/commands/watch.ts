import { checkWatchOptions, watchFolder } from '@cxr-align/service';
import { printJson, printText } from '../print.js';
import { outputFolder } from '../usage/output-path.js';
import { stoppable } from '../usage/stopping.js';
import { type Command, commonFlags, printResult } from './command.js';
import { atLeast, openAnswerer, type ServiceFlags, serviceFlags } from './service-flags.js';

const flags = {
  ...commonFlags,
  ...serviceFlags,
  in: { type: 'string', demandOption: true, describe: 'Folder that images come into, at any depth' },
  out: {
    type: 'string',
    demandOption: true,
    describe: 'Folder of the results: NAME.json and, of DICOM images, NAME.sr.dcm, NAME.sc.dcm, NAME.pr.dcm',
    coerce: outputFolder('out'),
  },
  settled: {
    type: 'number',
    default: 2,
    describe: 'Seconds for which a file must not have changed before it is read',
    coerce: atLeast('settled', 0),
  },
  once: { type: 'boolean', default: false, describe: 'End once every image has its results' },
} as const;

interface Flags extends ServiceFlags {
  json: boolean;
  in: string;
  out: string;
  settled: number;
  once: boolean;
}

/** `cxr-align watch`: predicts each image that comes into a folder, until it is stopped. */
export const watch: Command = {
  builder: (yargs) =>
    yargs
      .options(flags)
      .example('$0 watch --run runs/first --in incoming --out results', 'for a DICOM router that writes folders'),
  handler: async (given) => {
    const args = given as unknown as Flags;
    checkWatchOptions({ input: args.in, output: args.out });
    const answerer = await openAnswerer(args);
    try {
      const counts = await stoppable(
        ({ signal }) =>
          watchFolder(answerer, {
            input: args.in,
            output: args.out,
            audit: args.audit,
            settledMs: 1000 * args.settled,
            once: args.once,
            signal,
            onImage: (record) => {
              if (args.json) printJson(record);
              else printText(`${record.file}: ${record.error ?? 'predicted'}`);
            },
            onFault: (message) => printText(`cxr-align: ${message}`, process.stderr),
          }),
        () => '',
      );
      printResult(args.json, counts, () => `${counts.answered} predicted, ${counts.refused} refused`);
    } finally {
      await answerer.close();
    }
  },
};
