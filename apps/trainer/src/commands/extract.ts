import { InputError } from '@cxr-align/files';
import {
  encoderFolder,
  extract as extractStore,
  makeConfig,
  openDataset,
  type ExtractResult,
} from '@cxr-align/training';
import { isOnnx } from '@cxr-align/classifier';
import { outputFolder } from '../usage/output-path.js';
import { startAgain, stoppable } from '../usage/stopping.js';
import {
  commonFlags,
  dataFlags,
  downloadFlag,
  engineFlags,
  openOptions,
  printResult,
  progress,
  startEngineOf,
  stderrEvents,
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
    describe: 'Folder of the encoder: ONNX or TensorFlow.js with a preprocess.json as transformers writes it, or a run',
  },
  out: {
    type: 'string',
    demandOption: true,
    describe: 'Folder of the feature store; an incomplete store is resumed, damaged shards are made again',
    coerce: outputFolder('out'),
  },
  map: {
    type: 'boolean',
    default: false,
    describe: 'Store the feature map (patch features), which the query decoder attends to',
  },
  views: { type: 'number', default: 1, describe: 'Views of each image: one unchanged, the others augmented' },
  set: {
    type: 'string',
    array: true,
    describe: 'Set an augmentation of the views, augmentation.key=value; repeat for more',
  },
  seed: { type: 'number', default: 0, describe: 'Random seed of the augmentation' },
  dtype: {
    choices: ['float16', 'float32'] as const,
    default: 'float16' as const,
    describe: 'Data type of the stored features',
  },
  'batch-size': { type: 'number', default: 16, describe: 'Images of an encoder call' },
  provider: {
    type: 'string',
    array: true,
    default: ['cpu'],
    describe: 'Execution provider of ONNX Runtime: cpu, webgpu, cuda; repeat for fallbacks',
  },
} as const;

interface Flags extends DataFlags {
  json: boolean;
  engine: Parameters<typeof startEngineOf>[0]['engine'];
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
  batchSize: number;
  provider: string[];
}

/** `cxr-align extract`: encodes the images of a data set into a feature store. */
export const extract: Command = {
  builder: (yargs) =>
    yargs
      .options(flags)
      .example(
        '$0 extract --data data/nih --encoder encoders/rad-dino --out features/nih',
        'one feature vector for each image',
      )
      .example(
        '$0 extract --data data/nih --encoder encoders/rad-dino --out features/nih --map --views 4',
        'feature maps of four views',
      ),
  handler: async (given) => {
    const args = given as unknown as Flags;
    const { views, seed, batchSize, set = [], map, dtype } = args;
    const wrong = set.find((assignment) => !assignment.startsWith('augmentation.'));
    if (wrong !== undefined) throw new InputError(`expected --set augmentation.key=value, got ${wrong}`);
    if (set.length > 0 && views === 1)
      throw new InputError('expected --views of 2 or more with --set, got 1: the first view is not augmented');
    const { augmentation } = makeConfig({ set });
    const data = await openDataset(args.data, openOptions(args), { on: stderrEvents() });
    data.remarks.forEach((line) => progress.remark(line));
    // An encoder of TensorFlow.js runs on the engine; one in ONNX brings its own.
    const folder = await encoderFolder(args.encoder, { ...args, progress });
    if (!isOnnx(folder)) await startEngineOf(args);
    const result = await stoppable(
      ({ signal }) =>
        extractStore({
          data,
          encoder: folder,
          out: args.out,
          views,
          augmentation,
          seed,
          map,
          dtype,
          batchSize,
          providers: args.provider,
          on: stderrEvents(),
          signal,
        }),
      startAgain,
    );
    printResult(args.json, result, () => extractText(result));
    const share = result.unreadable.length / Math.max(1, result.images - result.alreadyThere);
    if (share > args.maxBad)
      throw new InputError(
        `${result.unreadable.length} images could not be read, more than --max-bad ${args.maxBad} allows; correct them and extract again`,
      );
  },
};

function extractText({
  out,
  encoder,
  images,
  alreadyThere,
  repairedShards,
  unreadable,
  dim,
  grid,
  views,
  seconds,
  imagesPerSecond,
}: ExtractResult): string {
  const shape = grid > 1 ? `${grid} × ${grid} × ${dim}` : String(dim);
  return [
    `${images - unreadable.length} images as ${views > 1 ? `${views} views of ` : ''}${shape} features of ${encoder} in ${out}`,
    ...(alreadyThere > 0 ? [`${alreadyThere} were stored already`] : []),
    ...(repairedShards > 0
      ? [`${repairedShards} ${repairedShards === 1 ? 'shard was' : 'shards were'} missing or damaged and made again`]
      : []),
    ...(imagesPerSecond === null ? [] : [`${seconds.toFixed(1)} s, ${imagesPerSecond.toFixed(1)} images/s`]),
    ...unreadable.slice(0, 5).map(({ reason }) => `excluded: ${reason}`),
    ...(unreadable.length > 5 ? [`… and ${unreadable.length - 5} more, all in ${out}/index.json`] : []),
  ].join('\n');
}
