import { imageProcessors, plainProcessor, type ProcessorDefaults } from './image-processors.js';
import {
  refuseUnknownKeys,
  settingsOf,
  type FailFile,
  type Kernel,
  type Preparation,
  type SettingKind,
} from './preparation.js';

type Size = number | { height?: number; width?: number; shortest_edge?: number };

/** What an image processor of the transformers library writes. */
export interface ProcessorFile {
  image_processor_type?: string;
  feature_extractor_type?: string;
  size?: Size;
  crop_size?: Size;
  crop_pct?: number;
  resample?: number;
  do_resize?: boolean;
  do_center_crop?: boolean;
  do_rescale?: boolean;
  rescale_factor?: number;
  rescale_offset?: boolean;
  do_normalize?: boolean;
  include_top?: boolean;
  image_mean?: number | number[];
  image_std?: number | number[];
}

const obeyed =
  'size crop_size crop_pct resample do_resize do_center_crop do_rescale rescale_factor rescale_offset do_normalize include_top image_mean image_std image_processor_type feature_extractor_type';
/** Keys that change nothing in a grey image that is repeated over the channels, or only say where the file comes from. */
const ignored =
  'processor_class _processor_class auto_map _valid_processor_keys do_convert_rgb do_flip_channel_order do_reduce_labels data_format input_data_format return_tensors device disable_grouping default_to_square transformers_version outputs note resample_name channels';
const known = new Set(`${obeyed} ${ignored}`.split(' '));

const settingKinds: Readonly<Record<keyof ProcessorFile, SettingKind>> = {
  image_processor_type: 'text',
  feature_extractor_type: 'text',
  size: 'size',
  crop_size: 'size',
  crop_pct: 'number',
  resample: 'number',
  do_resize: 'boolean',
  do_center_crop: 'boolean',
  do_rescale: 'boolean',
  rescale_factor: 'number',
  rescale_offset: 'boolean',
  do_normalize: 'boolean',
  include_top: 'boolean',
  image_mean: 'numbers',
  image_std: 'numbers',
};

/** PIL's numbers for ways of interpolating. */
const kernels: Record<number, Kernel> = { 0: 'nearest', 1: 'lanczos3', 2: 'linear', 3: 'cubic' };

/**
 * How an image processor of the transformers library prepares images.
 *
 * @throws {InputError} if it is of a kind, or has a key, that is not obeyed here.
 */
export function processorPreprocessing(settings: ProcessorFile, fail: FailFile): Preparation {
  const content = settingsOf(settings, settingKinds, fail);
  const type = content.image_processor_type ?? content.feature_extractor_type;
  const name = type?.replace(/(ImageProcessor|FeatureExtractor)(Fast|Pil)?$/, '');
  const defaults =
    name === undefined ? plainProcessor : Object.hasOwn(imageProcessors, name) ? imageProcessors[name] : undefined;
  if (!defaults)
    return fail(
      `expected an image processor of ${Object.keys(imageProcessors).join(', ')}, got ${type}; write preprocess.json with size, resample, rescale_factor, image_mean and image_std`,
    );
  // DPT's ways of keeping the aspect are off at these values.
  const rest = name === 'DPT' ? withoutPlain(content, { ensure_multiple_of: 1 }) : content;
  refuseUnknownKeys(name === 'Flava' ? withoutCodebook(rest) : rest, known, fail);
  if (content.do_resize === false) fail('expected images to be resized, got do_resize false; resize to a size');
  const kernel = content.resample === undefined ? defaults.kernel : kernels[content.resample];
  if (kernel === undefined) fail(`expected a resample of ${Object.keys(kernels).join(', ')}, got ${content.resample}`);
  return { ...squareOf(content, name, defaults, fail), kernel, oddMargin: 'down', ...scaleOf(content, defaults) };
}

/** How the square is made of the image. */
function squareOf(
  content: ProcessorFile,
  name: string | undefined,
  defaults: ProcessorDefaults,
  fail: FailFile,
): Pick<Preparation, 'size' | 'resize' | 'fit'> {
  const given = sideOf(content.size);
  if (given === undefined)
    return fail('expected a size: a number, {"height", "width"} alike or {"shortest_edge"}; got another');
  const isDictionary = typeof content.size === 'object';
  const isShortestEdge = isDictionary && (content.size as { shortest_edge?: number }).shortest_edge !== undefined;
  const doesCrop = content.do_center_crop ?? (name === undefined ? content.crop_size !== undefined : defaults.crop);
  const crop = doesCrop && content.crop_size !== undefined ? sideOf(content.crop_size) : undefined;
  if (doesCrop && content.crop_size !== undefined && crop === undefined)
    fail('expected a crop_size: a number, or {"height", "width"} alike; got another');
  const isShortest = isDictionary
    ? isShortestEdge
    : defaults.size === 'shortest' || (name === undefined && crop !== undefined);
  const share = content.crop_pct ?? defaults.cropShare;
  if (content.crop_pct !== undefined && (defaults.cropShare === undefined || !(content.crop_pct > 0)))
    fail(`expected crop_pct above 0, of ConvNext or PoolFormer alone, got ${content.crop_pct} of ${name ?? 'no type'}`);
  if (name === 'ConvNext') {
    if (!isShortest) fail('expected the size of ConvNext as a number or {"shortest_edge"}, got another');
    // From 384 pixels on images are stretched, with nothing cut off.
    if (given >= 384) return { size: given, resize: given, fit: 'stretch' };
    return { size: given, resize: Math.trunc(given / share!), fit: 'crop' };
  }
  const isLevit = name === 'Levit' && isShortest;
  const resize = isLevit ? Math.trunc((256 / 224) * given) : Math.trunc(share === undefined ? given : given / share);
  if (name !== undefined && isShortest && !doesCrop)
    fail('expected do_center_crop with a size of the shorter side, got false, which leaves images of several shapes');
  const size = crop ?? given;
  if (size > resize)
    fail(`expected a crop_size within the ${resize} pixels that images are resized to, got ${size}; lower it`);
  const fit = isShortest || (name === 'PoolFormer' && share !== undefined) ? 'crop' : 'stretch';
  return { size, resize, fit };
}

/** How grey values become numbers: v · rescale − offset, then − mean, then / std. */
function scaleOf(content: ProcessorFile, defaults: ProcessorDefaults): Pick<Preparation, 'rescale' | 'mean' | 'std'> {
  const list = (values: number | number[]): number[] => [values].flat();
  const isRescaled = content.do_rescale !== false;
  const isNormalized = content.do_normalize !== false;
  const offset = isRescaled && content.rescale_offset === true ? 1 : 0;
  const given = list(content.image_std ?? [...defaults.std]);
  const mean = isNormalized ? list(content.image_mean ?? [...defaults.mean]) : [0];
  const once = isNormalized ? given : [1];
  // EfficientNet divides by the standard deviation once more for a network with its head.
  const std = content.include_top === true ? given.map((one, i) => one * once[i % once.length]) : once;
  return {
    rescale: isRescaled ? (content.rescale_factor ?? 1 / 255) : 1,
    mean: mean.map((one) => one + offset),
    std,
  };
}

/** Pixels along a side; undefined where none are named, or height and width differ. */
function sideOf(size: Size | undefined): number | undefined {
  const { height, width, shortest_edge: shortest } = typeof size === 'object' ? size : { shortest_edge: size };
  const side = shortest ?? (height === width ? height : undefined);
  return Number.isInteger(side) && side! > 0 && side! <= 4096 ? side : undefined;
}

/** The file without keys of these values. */
function withoutPlain(content: object, plain: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(content).filter(([key, value]) => plain[key] !== value || !(key in plain)));
}

/** FLAVA's file also describes how images are prepared for another network. */
function withoutCodebook(content: object): object {
  const other = /^(codebook_|mask_|return_codebook|return_image_mask|input_size_patches|total_mask_patches)/;
  return Object.fromEntries(Object.entries(content).filter(([key]) => !other.test(key)));
}
