import { InputError } from '@cxr-align/files';
import { pretrain as pretrainEncoder, type PretrainOptions, type PretrainResult } from '@cxr-align/pretraining';
import { encoderFolder, makeConfig, openDataset } from '@cxr-align/training';
import { outputFolder } from '../usage/output-path.js';
import { sameCommand, stoppable } from '../usage/stopping.js';
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
  out: {
    type: 'string',
    demandOption: true,
    describe: 'Folder of the encoder: model.onnx, preprocess.json, and pretraining.json with what it was made of',
    coerce: outputFolder('out'),
  },
  kind: {
    choices: ['conv', 'patch'] as const,
    describe: 'Encoder from random weights: convolutional or vision transformer. Default conv',
  },
  size: { type: 'number', describe: 'Pixels along a side of its images. Default 64' },
  channels: { type: 'string', describe: 'conv: channels of each stage, separated by commas. Default 24,48,96' },
  encoder: { type: 'string', describe: 'Folder of an encoder in ONNX that is trained further instead' },
  tune: {
    choices: ['norms', 'last', 'lora'] as const,
    describe: 'What of that encoder is trained, as encoder.tune of a training. Default last',
  },
  'tune-layers': { type: 'number', describe: 'How many of its last layers with weights' },
  epochs: { type: 'number', describe: 'Default 100' },
  'batch-size': { type: 'number', describe: 'Images of a step, each in two views. Default 64' },
  'learning-rate': { type: 'number', describe: 'Peak learning rate. Default 0.002' },
  splits: {
    type: 'string',
    array: true,
    describe: 'Splits whose images are used, without their labels. Default train; test has to be named',
  },
  set: {
    type: 'string',
    array: true,
    describe: 'Set an augmentation of the views, augmentation.key=value; repeat for more',
  },
  seed: { type: 'number', describe: 'Random seed. Default 0' },
  resume: { type: 'boolean', default: false, describe: 'Continue from the checkpoint' },
  overwrite: {
    type: 'boolean',
    default: false,
    describe: 'Replace an encoder that an earlier pretraining wrote there',
  },
} as const;

interface Flags
  extends
    DataFlags,
    Pick<
      PretrainOptions,
      'kind' | 'size' | 'tune' | 'tuneLayers' | 'epochs' | 'batchSize' | 'learningRate' | 'seed' | 'splits'
    > {
  json: boolean;
  engine: Parameters<typeof startEngineOf>[0]['engine'];
  threads?: number;
  data: string;
  out: string;
  encoder?: string;
  allowDownload: boolean;
  channels?: string;
  set?: string[];
  resume: boolean;
  overwrite: boolean;
}

/** `cxr-align pretrain`: trains an image encoder on images without labels. */
export const pretrain: Command = {
  builder: (yargs) =>
    yargs
      .options(flags)
      .example('$0 pretrain --data data/archive --out encoders/archive', 'an encoder of all images of an archive')
      .example(
        '$0 pretrain --data data/archive --out encoders/own --encoder encoders/efficientnet-lite0 --epochs 5',
        'the last layers of a frozen encoder, trained further',
      ),
  handler: async (given) => {
    const args = given as unknown as Flags;
    const { out, kind, size, tune, tuneLayers, epochs, batchSize, learningRate, splits, seed, resume, overwrite } =
      args;
    const set = args.set ?? [];
    const wrong = set.find((assignment) => !assignment.startsWith('augmentation.'));
    if (wrong !== undefined) throw new InputError(`expected --set augmentation.key=value, got ${wrong}`);
    const data = await openDataset(args.data, openOptions(args), { on: stderrEvents() });
    data.remarks.forEach((line) => progress.remark(line));
    const encoder = args.encoder === undefined ? undefined : await encoderFolder(args.encoder, { ...args, progress });
    await startEngineOf(args);
    const events = stderrEvents();
    const result = await stoppable(
      ({ signal }) =>
        pretrainEncoder({
          data,
          out,
          kind,
          size,
          channels: args.channels?.split(',').map(Number),
          encoder,
          tune,
          tuneLayers,
          epochs,
          batchSize,
          learningRate,
          splits,
          seed,
          ...(set.length > 0 && { augmentation: makeConfig({ set }).augmentation }),
          resume,
          overwrite,
          signal,
          on: {
            ...events,
            epoch: ({ epoch, loss, spread }) =>
              progress.remark(`epoch ${epoch}: loss ${loss.toFixed(3)}, spread of the embeddings ${spread.toFixed(2)}`),
          },
        }),
      () => `continue it with: ${sameCommand({ more: ['--resume'] })}`,
    );
    printResult(args.json, result, () => pretrainText(result));
  },
};

function pretrainText({ out, images, parameters, history, isNew }: PretrainResult): string {
  const { epoch, loss, spread } = history[history.length - 1];
  return [
    `${isNew ? '' : 'there already: '}an encoder of ${images} images without labels in ${out}`,
    `${parameters} numbers trained, ${epoch} epochs, loss ${loss.toFixed(3)}, spread of the embeddings ${spread.toFixed(2)}`,
    `use it: --encoder ${out} of extract and train`,
  ].join('\n');
}
