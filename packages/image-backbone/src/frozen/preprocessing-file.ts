import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, readJson } from '@cxr-align/files';
import type { EncoderPreprocessing } from './frozen-encoder.js';
import { settingsOf, type FailFile, type Preparation } from './preparation.js';
import { openClipPreprocessing, timmPreprocessing, type OpenClipFile, type TimmFile } from './pretrained-config.js';
import { processorPreprocessing, type ProcessorFile } from './processor-config.js';

/** The files that say it, in the order in which they are looked for. */
const readers: readonly [name: string, read: (content: object, fail: FailFile) => Preparation | undefined][] = [
  ['preprocess.json', (content, fail) => processorPreprocessing(content as ProcessorFile, fail)],
  ['preprocessor_config.json', (content, fail) => processorPreprocessing(nested(content, fail), fail)],
  [
    'processor_config.json',
    (content, fail) => ('image_processor' in content ? processorPreprocessing(nested(content, fail), fail) : undefined),
  ],
  ['open_clip_config.json', (content, fail) => openClipPreprocessing(content as OpenClipFile, fail)],
  ['config.json', (content, fail) => timmPreprocessing(content as TimmFile, fail)],
];

/** Names of the files that describe how images are prepared. */
export const preprocessingFiles: readonly string[] = readers.map(([name]) => name);

/**
 * Reads how an encoder wants its images: `preprocess.json`; `preprocessor_config.json` or `processor_config.json` of the
 * transformers library; `open_clip_config.json` of open_clip; `config.json` of timm, with a `pretrained_cfg`. Every key is obeyed
 * as the library does, or refused by name.
 *
 * @param channels of the encoder's input.
 * @throws {InputError} if there is none, it names no size, or a key that is not obeyed here.
 */
export function readPreprocessing(folder: string, channels: number): EncoderPreprocessing {
  for (const [name, read] of readers) {
    const file = join(folder, name);
    if (!existsSync(file)) continue;
    const fail: FailFile = (message) => {
      throw new InputError(message, { file });
    };
    const content = readJson(file);
    if (typeof content !== 'object' || content === null || Array.isArray(content))
      fail('expected a JSON object, got another value');
    const preparation = read(content as object, fail);
    if (preparation) return withChannels(preparation, channels, fail);
  }
  throw new InputError(
    'expected preprocess.json or preprocessor_config.json beside the encoder (or processor_config.json, open_clip_config.json, config.json of timm), got none; write one',
    { file: folder },
  );
}

/** transformers 5 keeps the image processor inside of the processor. */
function nested(content: object, fail: FailFile): ProcessorFile {
  const { image_processor: inner = content } = settingsOf(
    content as { image_processor?: object },
    { image_processor: 'object' },
    fail,
  );
  return inner as ProcessorFile;
}

function withChannels(
  { mean, std: stds, ...rest }: Preparation,
  channels: number,
  fail: FailFile,
): EncoderPreprocessing {
  const perChannel = (values: readonly number[]): number[] => {
    if (values.length !== 1 && values.length !== channels)
      fail(`expected 1 or ${channels} numbers for the channels, got ${values.length}`);
    if (!values.every(Number.isFinite)) fail('expected numbers for the channels, got another');
    return Array.from({ length: channels }, (_, channel) => values[channel % values.length]);
  };
  const std = perChannel(stds);
  if (std.includes(0)) fail('expected an image_std above 0, got 0');
  return { ...rest, channels, mean: perChannel(mean), std };
}
