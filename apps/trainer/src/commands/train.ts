import { describeConfig, makeConfig, presets } from '../config/config.js';
import { encoderFolder } from '../inputs/hub.js';
import { orNull } from '../maybe-number.js';
import { trainRun } from '../training/train-run.js';
import {
  commonFlags,
  dataFlags,
  downloadFlag,
  encoderFlags,
  engineFlags,
  printResult,
  progress,
  startAsked,
  type Command,
  type DataFlags,
} from './command.js';
import { evaluationText } from './evaluation-text.js';
import { InputError } from '@cxr-align/files';

const flags = {
  ...commonFlags,
  ...engineFlags,
  ...dataFlags,
  ...encoderFlags,
  ...downloadFlag,
  data: { ...dataFlags.data, demandOption: false },
  out: { type: 'string', describe: 'Run folder to write' },
  config: { type: 'string', describe: 'JSON or YAML file with the configuration' },
  preset: { choices: Object.keys(presets), describe: 'A configuration by name' },
  set: { type: 'string', array: true, describe: 'One key of the configuration, key=value; repeat for more' },
  model: {
    choices: ['aligned', 'vision-only', 'linear', 'mlp'] as const,
    describe: 'What is trained; short for the preset of that name',
  },
  seed: { type: 'number', describe: 'Drives everything random' },
  'text-encoder': {
    type: 'string',
    describe: 'Frozen text encoder: built-in, use-lite or a folder (ONNX); short for --set prompts.encoder=',
  },
  'hold-out-label': {
    type: 'string',
    array: true,
    describe: 'Do not train this label: score it by its prompts alone; repeat for more',
  },
  'train-count': { type: 'number', describe: 'Train on so many images, whole patients' },
  'train-fraction': { type: 'number', describe: 'Train on this share of the images, whole patients' },
  'split-seed': { type: 'number', describe: 'Draws the splits that are missing; --seed unless given' },
  split: {
    type: 'string',
    describe: 'Split that is evaluated at the end; test unless given, val where there is no test',
  },
  resume: { type: 'boolean', default: false, describe: 'Go on from the last checkpoint of the run' },
  png: { type: 'boolean', default: false, describe: 'Write the figures of the report as PNG files, too' },
  'help-config': { type: 'boolean', default: false, describe: 'Print every key of the configuration' },
} as const;

/** `cxr-align train`. */
export const train: Command<unknown> = {
  command: 'train',
  describe: 'Train one model and evaluate it',
  builder: (yargs) =>
    yargs
      .options(flags)
      .example('$0 train --data data/phantom --out runs/first', 'train the aligned model')
      .example('$0 train --data chexpert --out runs/few --train-count 500 --set epochs=40', 'train on few images'),
  handler: async (given) => {
    const args = given as unknown as ArgumentsOf;
    if (args.helpConfig) {
      process.stdout.write(`${describeConfig()}\n`);
      return;
    }
    if (!args.data || !args.out) throw new InputError('expected --data DIR and --out RUN, got one of them or none');
    if (args.trainCount !== undefined && args.trainFraction !== undefined)
      throw new InputError('expected --train-count or --train-fraction, got both');
    checkRange(
      '--train-count',
      args.trainCount,
      (value) => Number.isInteger(value) && value >= 1,
      'a whole number of 1 or more',
    );
    checkRange('--train-fraction', args.trainFraction, (value) => value > 0 && value <= 1, 'a number in (0, 1]');
    checkRange(
      '--split-seed',
      args.splitSeed,
      (value) => Number.isInteger(value) && value >= 0,
      'a whole number from 0 on',
    );
    checkRange('--max-bad', args.maxBad, (value) => value >= 0 && value <= 1, 'a number in [0, 1]');
    if (args.preset !== undefined && args.model !== undefined)
      throw new InputError('expected --preset or --model, got both');
    const get = (name: string | undefined) => name && encoderFolder(name, { ...args, progress });
    const encoder = await get(args.encoder);
    const textEncoder = await get(args.textEncoder);
    const config = makeConfig({
      preset: args.preset ?? args.model,
      file: args.config,
      set: args.set,
      flags: {
        seed: args.seed,
        ...(textEncoder !== undefined && { prompts: { encoder: textEncoder } }),
        holdOut: args.holdOutLabel,
        ...((args.encoder ?? args.features) !== undefined && { encoder: { kind: 'frozen' } }),
      },
    });
    if (config.encoder.kind === 'frozen' && args.encoder === undefined && args.features === undefined)
      throw new InputError('expected --encoder DIR or --features STORE with encoder.kind frozen, got neither');
    const engine = await startAsked(args);
    const result = await trainRun({ ...args, encoder, path: args.data, out: args.out, config }, engine, progress);
    printResult(args.json, { ...result, validation: orNull(result.validation ?? NaN) }, () =>
      [
        evaluationText(result.evaluation),
        '',
        `best epoch ${result.bestEpoch} of ${config.epochs}, validation AUROC ${result.validation?.toFixed(3) ?? 'undefined'}; ${result.seconds.toFixed(0)} s; steps waited for data ${(100 * result.dataWaitShare).toFixed(1)} % of their time`,
        `report: ${result.run}/report.html`,
      ].join('\n'),
    );
  },
};

interface ArgumentsOf extends DataFlags {
  json: boolean;
  engine: Parameters<typeof startAsked>[0]['engine'];
  threads?: number;
  data?: string;
  encoder?: string;
  features?: string;
  textEncoder?: string;
  allowDownload: boolean;
  holdOutLabel?: string[];
  out?: string;
  config?: string;
  preset?: string;
  set?: string[];
  model?: string;
  seed?: number;
  trainCount?: number;
  trainFraction?: number;
  splitSeed?: number;
  split?: string;
  png: boolean;
  resume: boolean;
  helpConfig: boolean;
}

function checkRange(flag: string, value: number | undefined, fits: (value: number) => boolean, expected: string): void {
  if (value !== undefined && !fits(value)) throw new InputError(`expected ${flag} to be ${expected}, got ${value}`);
}
