import { refuseUnknownKeys, settingsOf, type FailFile, type Kernel, type Preparation } from './preparation.js';

/** What open_clip writes: `open_clip_config.json`. */
export interface OpenClipFile {
  model_cfg?: { vision_cfg?: { image_size?: number | number[] } };
  preprocess_cfg?: {
    size?: number | number[];
    mode?: string;
    mean?: number | number[];
    std?: number | number[];
    interpolation?: string;
    resize_mode?: string;
    fill_color?: number;
  };
}

/** What timm writes: `config.json`. */
export interface TimmFile {
  pretrained_cfg?: {
    input_size?: number[];
    interpolation?: string;
    crop_pct?: number;
    crop_mode?: string;
    mean?: number[];
    std?: number[];
  };
}

/** Both libraries resize by torchvision, whose crop rounds half a pixel to the even one. */
const torchvision = { oddMargin: 'even', rescale: 1 / 255 } as const;

const kernels: Record<string, Kernel> = {
  bicubic: 'cubic',
  bilinear: 'linear',
  lanczos: 'lanczos3',
  nearest: 'nearest',
};

const openClipKeys = new Set(['size', 'mode', 'mean', 'std', 'interpolation', 'resize_mode', 'fill_color']);

/**
 * How a model of open_clip prepares images.
 *
 * @see open_clip/transform.py, `image_transform`; defaults of `PreprocessCfg`.
 */
export function openClipPreprocessing(content: OpenClipFile, fail: FailFile): Preparation {
  const { preprocess_cfg: given = {}, model_cfg: model } = settingsOf(
    content,
    { preprocess_cfg: 'object', model_cfg: 'object' },
    fail,
  );
  const own = settingsOf(
    given,
    { size: 'size', mode: 'text', mean: 'numbers', std: 'numbers', interpolation: 'text', resize_mode: 'text' },
    fail,
  );
  refuseUnknownKeys(own, openClipKeys, fail);
  const size = squareSide(own.size ?? model?.vision_cfg?.image_size, 'preprocess_cfg.size', fail);
  const mode = own.resize_mode ?? 'shortest';
  if (mode !== 'shortest' && mode !== 'squash')
    fail(`expected a resize_mode of shortest or squash, got ${mode}; write preprocess.json`);
  return {
    size,
    resize: size,
    fit: mode === 'squash' ? 'stretch' : 'crop',
    kernel: kernelOf(own.interpolation, fail),
    ...torchvision,
    mean: [own.mean ?? [0.48145466, 0.4578275, 0.40821073]].flat(),
    std: [own.std ?? [0.26862954, 0.26130258, 0.27577711]].flat(),
  };
}

/**
 * How a model of timm prepares images; undefined where the file has no `pretrained_cfg`.
 *
 * @see timm/data/config.py, `resolve_data_config`; timm/data/transforms_factory.py, `transforms_imagenet_eval`.
 */
export function timmPreprocessing(content: TimmFile, fail: FailFile): Preparation | undefined {
  const { pretrained_cfg: given } = settingsOf(content, { pretrained_cfg: 'object' }, fail);
  if (!given) return undefined;
  const own = settingsOf(
    given,
    {
      input_size: 'numbers',
      interpolation: 'text',
      crop_pct: 'number',
      crop_mode: 'text',
      mean: 'numbers',
      std: 'numbers',
    },
    fail,
  );
  const size = squareSide([own.input_size ?? []].flat().slice(1), 'pretrained_cfg.input_size', fail);
  const { crop_pct: share = 0.875, crop_mode: mode = 'center' } = own;
  if (mode !== 'center' && mode !== 'squash')
    fail(`expected a crop_mode of center or squash, got ${mode}; write preprocess.json`);
  if (!(share > 0 && share <= 1)) fail(`expected a crop_pct in (0, 1], got ${share}`);
  return {
    size,
    resize: Math.floor(size / share),
    fit: mode === 'squash' ? 'stretch' : 'crop',
    kernel: kernelOf(own.interpolation, fail),
    ...torchvision,
    mean: [own.mean ?? [0.485, 0.456, 0.406]].flat(),
    std: [own.std ?? [0.229, 0.224, 0.225]].flat(),
  };
}

function kernelOf(name = 'bicubic', fail: FailFile): Kernel {
  return (
    (Object.hasOwn(kernels, name) ? kernels[name] : undefined) ??
    fail(`expected an interpolation of ${Object.keys(kernels).join(', ')}, got ${name}`)
  );
}

function squareSide(size: number | number[] | undefined, name: string, fail: FailFile): number {
  const sides = [size ?? []].flat();
  const [side] = sides;
  if (!Number.isInteger(side) || side < 1 || side > 4096 || sides.some((one) => one !== side))
    return fail(`expected a square ${name}, got ${JSON.stringify(size)}; write preprocess.json`);
  return side;
}
