import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import { decodeImage, encodePng } from '../../src/index.js';
import { readPreprocessing } from '../../src/frozen/preprocessing-file.js';

interface ProcessorCase {
  file: string;
  config: object;
  image: [number, number];
  size: number;
  values: number[][];
}
const { cases, probes } = JSON.parse(
  readFileSync(new URL('../fixtures/image-processors.json', import.meta.url), 'utf8'),
) as { cases: ProcessorCase[]; probes: number };

const folderOf = (files: Record<string, object>): string => {
  const folder = mkdtempSync(join(tmpdir(), 'processor-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(content));
  return folder;
};
/** The pictures of tools/golden/python/image_processors.py. */
const picture = (width: number, height: number): Uint8Array =>
  Uint8Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return (7 * x + 3 * y + Math.floor((x * y) / 5)) % 251;
  });
const read = (config: object, file = 'preprocessor_config.json', channels = 3) =>
  readPreprocessing(folderOf({ [file]: config }), channels);

describe('readPreprocessing(folder, channels)', () => {
  it('prepares images as the transformers library, open_clip and timm do', async () => {
    expect(cases.length).toBeGreaterThan(100);
    const different: string[] = [];
    for (const { file, config, image, size, values } of cases) {
      const preprocessing = read(config, file);
      const [width, height] = image;
      const greys = await decodeImage(await encodePng(picture(width, height), { width, height }), preprocessing);
      const { rescale, mean, std } = preprocessing;
      const isEqual = values.every((channel, c) =>
        channel.every((value, i) => {
          const grey = greys[Math.floor((i * size * size) / probes)];
          return Math.abs((grey * rescale - mean[c]) / std[c] - value) <= 2e-5 * Math.max(1, Math.abs(value));
        }),
      );
      if (!isEqual || preprocessing.size !== size) different.push(`${JSON.stringify(config)} of ${width} × ${height}`);
    }
    expect(different).toEqual([]);
  });
  it('takes the first file that says it', () => {
    const files = {
      'preprocess.json': { size: 8 },
      'preprocessor_config.json': { size: 9 },
      'config.json': { pretrained_cfg: { input_size: [3, 10, 10] } },
    };
    expect(readPreprocessing(folderOf(files), 1).size).toBe(8);
    const { 'preprocess.json': _, ...others } = files;
    expect(readPreprocessing(folderOf(others), 1).size).toBe(9);
    // Neither says how images are prepared.
    expect(() =>
      readPreprocessing(folderOf({ 'config.json': { model_type: 'vit' }, 'processor_config.json': {} }), 3),
    ).toThrow('expected preprocess.json or preprocessor_config.json beside the encoder');
  });
  it.each<[config: object, message: string, file?: string]>([
    [{ size: 8, do_pad: true }, 'expected keys that are obeyed here, got do_pad'],
    [{ size: 8, do_thumbnail: true, do_align_long_axis: true }, 'got do_thumbnail, do_align_long_axis'],
    [{ size: 8, do_resize: false }, 'got do_resize false'],
    [{ size: 8, crop_pct: 0.9 }, 'of ConvNext or PoolFormer alone'],
    [{ size: 8, crop_size: 9 }, 'expected a crop_size within the 8 pixels'],
    [{ size: 8, crop_size: { height: 8, width: 7 }, do_center_crop: true }, 'expected a crop_size: a number'],
    [{ size: 8, resample: 5 }, 'expected a resample of 0, 1, 2, 3, got 5'],
    [{ size: { longest_edge: 8 } }, 'expected a size'],
    [{ image_processor_type: 'SamImageProcessor', size: 8 }, 'got SamImageProcessor; write preprocess.json'],
    [
      { image_processor_type: 'CLIPImageProcessor', size: 8, do_center_crop: false },
      'expected do_center_crop with a size of the shorter side',
    ],
    [
      { image_processor_type: 'DPTImageProcessor', size: 8, keep_aspect_ratio: true, ensure_multiple_of: 32 },
      'got keep_aspect_ratio, ensure_multiple_of',
    ],
    [
      { image_processor_type: 'ConvNextImageProcessor', size: { height: 8, width: 8 } },
      'expected the size of ConvNext',
    ],
    [{ preprocess_cfg: { size: 8, resize_mode: 'longest' } }, 'expected a resize_mode', 'open_clip_config.json'],
    [{ preprocess_cfg: { size: [8, 9] } }, 'expected a square preprocess_cfg.size', 'open_clip_config.json'],
    [{ preprocess_cfg: { size: 8, colour: 'red' } }, 'got colour', 'open_clip_config.json'],
    [{ pretrained_cfg: { input_size: [3, 8, 8], crop_mode: 'border' } }, 'expected a crop_mode', 'config.json'],
    [
      { pretrained_cfg: { input_size: [3, 8, 8], interpolation: 'random' } },
      'expected an interpolation of bicubic',
      'config.json',
    ],
  ])('refuses %j by name', (...[config, message, file]) => {
    expect(() => read(config, file)).toThrow(InputError);
    expect(() => read(config, file)).toThrow(message);
  });
  it('reads a file without a type as before: height and width are both sides', () => {
    expect(read({ size: 32 })).toMatchObject({
      size: 32,
      resize: 32,
      fit: 'stretch',
      kernel: 'linear',
      mean: [0, 0, 0],
    });
    expect(read({ size: 32, crop_size: 28 })).toMatchObject({ size: 28, resize: 32, fit: 'crop' });
  });
});
