import { InputError } from '@cxr-align/files';
import { makeConfig } from '../config/config.js';
import { withDecoder } from '../inputs/decoder.js';
import { extractFeatures, type ExtractResult } from '../inputs/extract-features.js';
import { encoderFolder } from '../inputs/hub.js';
import { isOnnx, openImageEncoder } from '../inputs/image-encoders.js';
import { openDataset } from '../inputs/prepare-data.js';
import {
  commonFlags,
  dataFlags,
  downloadFlag,
  engineFlags,
  printResult,
  progress,
  startAsked,
  type Command,
  type DataFlags,
} from './command.js';

const flags = {
  ...commonFlags,
  ...engineFlags,
  ...dataFlags,
  ...downloadFlag,
  encoder: {
    type: 'string',
    demandOption: true,
    describe:
      'Folder of the encoder: ONNX or TensorFlow.js with preprocess.json, as the transformers library has it, or a run',
  },
  out: {
    type: 'string',
    demandOption: true,
    describe: 'Folder of the feature store; an unfinished one is gone on with',
  },
  map: { type: 'boolean', default: false, describe: 'Store the map of features, which the query splitter looks at' },
  views: { type: 'number', default: 1, describe: 'Rows of each image: as it is, and changed at random' },
  set: { type: 'string', array: true, describe: 'One change of the views, augmentation.key=value; repeat for more' },
  seed: { type: 'number', default: 0, describe: 'Drives the changes of the views' },
  dtype: { choices: ['float16', 'float32'] as const, default: 'float16' as const, describe: 'How numbers are stored' },
  batch: { type: 'number', default: 16, describe: 'Images that are encoded at once' },
  provider: {
    type: 'string',
    array: true,
    default: ['cpu'],
    describe: 'What ONNX Runtime computes on: cpu, webgpu, cuda; repeat for a second choice',
  },
} as const;

interface Flags extends DataFlags {
  json: boolean;
  engine: Parameters<typeof startAsked>[0]['engine'];
  threads?: number;
  data: string;
  encoder: string;
  allowDownload: boolean;
  out: string;
  map: boolean;
  views: number;
  set?: string[];
  seed: number;
  dtype: 'float16' | 'float32';
  batch: number;
  provider: string[];
}

/** `cxr-align extract`: encodes the images of a data set into a feature store. */
export const extract: Command<unknown> = {
  command: 'extract',
  describe: 'Encode the images of a data set with a frozen encoder',
  builder: (yargs) =>
    yargs
      .options(flags)
      .example('$0 extract --data data/nih --encoder encoders/rad-dino --out features/nih', 'a vector an image')
      .example(
        '$0 extract --data data/nih --encoder encoders/rad-dino --out features/nih --map --views 4',
        'maps, four views',
      ),
  handler: async (given) => {
    const args = given as unknown as Flags;
    const { views, seed, batch, set = [], map, dtype } = args;
    const wrong = set.find((assignment) => !assignment.startsWith('augmentation.'));
    if (wrong !== undefined) throw new InputError(`expected --set augmentation.key=value, got ${wrong}`);
    if (set.length > 0 && views === 1)
      throw new InputError('expected --views of 2 or more with --set, got 1: the first is not changed');
    for (const [name, value, least] of [
      ['views', views, 1],
      ['batch', batch, 1],
      ['seed', seed, 0],
    ] as const) {
      if (!Number.isInteger(value) || value < least)
        throw new InputError(`expected --${name} to be a whole number of ${least} or more, got ${value}`);
    }
    const { augmentation } = makeConfig({ set });
    const { dataset, remarks } = await openDataset({ ...args, path: args.data });
    remarks.forEach((line) => progress.say(line));
    // An encoder of TensorFlow.js runs on the engine; one in ONNX brings its own.
    const folder = await encoderFolder(args.encoder, { ...args, progress });
    if (!isOnnx(folder)) await startAsked(args);
    // The threads start while the encoder is opened.
    const result = await withDecoder(async (decode) => {
      const encoder = await openImageEncoder(folder, { providers: args.provider });
      const options = { views, augmentation, seed, map, dtype, batchSize: batch, decode };
      const extracted = await extractFeatures(dataset, encoder, args.out, options, progress);
      await encoder.dispose();
      return extracted;
    });
    printResult(args.json, result, () => extractText(result));
    const share = result.unreadable.length / Math.max(1, result.images - result.alreadyThere);
    if (share > args.maxBad)
      throw new InputError(
        `${result.unreadable.length} images could not be read, more than --max-bad ${args.maxBad} allows; mend them and extract again`,
      );
  },
};

function extractText({
  out,
  encoder,
  images,
  alreadyThere,
  unreadable,
  dim,
  grid,
  views,
  seconds,
  imagesPerSecond,
}: ExtractResult): string {
  const shape = grid > 1 ? `${grid} × ${grid} × ${dim}` : String(dim);
  return [
    `${images - unreadable.length} images as ${views > 1 ? `${views} views of ` : ''}${shape} numbers from ${encoder} in ${out}`,
    ...(alreadyThere > 0 ? [`${alreadyThere} were there already`] : []),
    ...(imagesPerSecond === null ? [] : [`${seconds.toFixed(1)} s, ${imagesPerSecond.toFixed(1)} images/s`]),
    ...unreadable.slice(0, 5).map(({ reason }) => `left out: ${reason}`),
    ...(unreadable.length > 5 ? [`… and ${unreadable.length - 5} more, all in ${out}/index.json`] : []),
  ].join('\n');
}
