import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, readJson } from '@cxr-align/files';
import type { EncoderPreprocessing } from './frozen-encoder.js';

/** The files that say it, in the order in which they are looked for. */
const names = ['preprocess.json', 'preprocessor_config.json'];

/** PIL's numbers for ways of interpolating. */
const kernels: Record<number, EncoderPreprocessing['kernel']> = {
  0: 'nearest',
  1: 'lanczos3',
  2: 'linear',
  3: 'cubic',
};

type Size = number | { height?: number; width?: number; shortest_edge?: number };

/** What an image processor of the transformers library writes. */
interface ProcessorFile {
  size?: Size;
  crop_size?: Size;
  resample?: number;
  do_center_crop?: boolean;
  do_rescale?: boolean;
  rescale_factor?: number;
  do_normalize?: boolean;
  image_mean?: number[];
  image_std?: number[];
}

/**
 * Reads how an encoder wants its images: `preprocess.json`, or `preprocessor_config.json` as the transformers library
 * writes it.
 *
 * @param channels of the encoder's input.
 * @throws {InputError} if there is none, or it names no size.
 */
export function readPreprocessing(folder: string, channels: number): EncoderPreprocessing {
  const name = names.find((one) => existsSync(join(folder, one)));
  if (name === undefined)
    throw new InputError(`expected ${names.join(' or ')} beside the encoder, got neither; write one`, { file: folder });
  const file = join(folder, name);
  const content = readJson(file) as ProcessorFile;
  const given = sideOf(content.size);
  if (given === undefined)
    throw new InputError('expected a size: a number, {"height", "width"} alike or {"shortest_edge"}; got another', {
      file,
    });
  const crop = (content.do_center_crop ?? content.crop_size !== undefined) ? sideOf(content.crop_size) : undefined;
  // A number is the shorter side where a crop follows; height and width are those of the whole image.
  const isShortest = typeof content.size === 'object' ? content.size.shortest_edge !== undefined : crop !== undefined;
  const size = crop ?? given;
  const resize = Math.max(size, given);
  const kernel = kernels[content.resample ?? 2];
  if (kernel === undefined)
    throw new InputError(`expected a resample of ${Object.keys(kernels).join(', ')}, got ${content.resample}`, {
      file,
    });
  const perChannel = (values: number[] | undefined, otherwise: number): number[] => {
    const list = content.do_normalize === false || values === undefined ? [otherwise] : values;
    if (list.length !== 1 && list.length !== channels)
      throw new InputError(`expected 1 or ${channels} numbers for the channels, got ${list.length}`, { file });
    if (!list.every(Number.isFinite)) throw new InputError('expected numbers for the channels, got another', { file });
    return Array.from({ length: channels }, (_, channel) => list[channel % list.length]);
  };
  const deviation = perChannel(content.image_std, 1);
  if (deviation.includes(0)) throw new InputError('expected an image_std above 0, got 0', { file });
  return {
    size,
    fit: isShortest ? 'crop' : 'stretch',
    resize,
    kernel,
    channels,
    rescale: content.do_rescale === false ? 1 : (content.rescale_factor ?? 1 / 255),
    mean: perChannel(content.image_mean, 0),
    deviation,
  };
}

/** Pixels along a side; undefined where none are named, or height and width differ. */
function sideOf(size: Size | undefined): number | undefined {
  const { height, width, shortest_edge: shortest } = typeof size === 'object' ? size : { shortest_edge: size };
  const side = shortest ?? (height === width ? height : undefined);
  return Number.isInteger(side) && side! > 0 && side! <= 4096 ? side : undefined;
}
