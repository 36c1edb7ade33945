import sharp, { type Sharp } from 'sharp';
import { decoding, openImage, readImage } from './image-file.js';
import { resample, type ResampleKernel } from './resample.js';

/** How an image is brought to the square that a model takes. */
export interface Preprocessing {
  /** Pixels along a side. */
  size: number;
  /** `stretch`: aspect not kept; `pad`: black borders; `crop`: the middle square. */
  fit: 'stretch' | 'pad' | 'crop';
  /** How pixels are interpolated, small images exactly as PIL does it. Default sharp's own `lanczos3`. */
  kernel?: 'nearest' | 'linear' | 'cubic' | 'lanczos3';
  /** Pixels along the side of the square that the middle `size` pixels are cut out of. Default `size`. */
  resize?: number;
}

const fits = { stretch: 'fill', pad: 'contain', crop: 'cover' } as const;

/**
 * Decodes an image file (PNG, JPEG, TIFF, WebP, DICOM, told apart by content) to grey values in [0, 255], turned upright,
 * resized and cropped or padded to a square.
 *
 * @param source a path, or the bytes of a file.
 * @returns size × size grey values, row by row.
 * @throws {InputError} if the file is missing, empty, cut short, damaged, no image, or too large.
 */
export async function decodeImage(
  source: string | Uint8Array,
  preprocessing: Preprocessing,
  name = String(source),
): Promise<Uint8Array> {
  const bytes = typeof source === 'string' ? await readImage(source) : source;
  return decoding(name, async () => toSquare(await openImage(bytes, name), preprocessing));
}

/** Resizes grey values that are in memory already, as {@link decodeImage} does with files. */
export async function resizePixels(
  { data, height, width }: { data: Uint8Array; height: number; width: number },
  preprocessing: Preprocessing,
): Promise<Uint8Array> {
  const { size, resize = size } = preprocessing;
  if (height === size && width === size && resize === size) return data;
  return toSquare(sharp(data, { raw: { width, height, channels: 1 } }), preprocessing);
}

async function toSquare(image: Sharp, preprocessing: Preprocessing): Promise<Uint8Array> {
  const { size, fit, kernel = 'lanczos3', resize = size } = preprocessing;
  if (preprocessing.kernel !== undefined && kernel !== 'nearest' && fit !== 'pad') {
    const { autoOrient } = await image.metadata();
    if (autoOrient.width * autoOrient.height <= smallImage * resize * resize)
      return smallToSquare(image, preprocessing, kernel);
  }
  const square = image.resize(resize, resize, { fit: fits[fit], kernel, background: '#000' });
  const margin = Math.floor((resize - size) / 2);
  const cut = margin > 0 ? square.extract({ left: margin, top: margin, width: size, height: size }) : square;
  return rawGrey(cut);
}

/** Images of up to so many times the target's pixels are resized here, exactly as PIL does it. */
const smallImage = 24;

async function smallToSquare(
  image: Sharp,
  { size, fit, resize = size }: Preprocessing,
  kernel: ResampleKernel,
): Promise<Uint8Array> {
  const { data, info } = await image.toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
  const factor = resize / Math.min(info.width, info.height);
  const side = (extent: number): number => (fit === 'stretch' ? resize : Math.max(resize, Math.round(extent * factor)));
  const [width, height] = [side(info.width), side(info.height)];
  const resized = resample(pixels, info, { width, height }, kernel);
  if (width === size && height === size) return resized;
  const [left, top] = [width, height].map((extent) => Math.round((extent - size) / 2));
  const out = new Uint8Array(size * size);
  for (let y = 0; y < size; y++) {
    const start = (top + y) * width + left;
    out.set(resized.subarray(start, start + size), y * size);
  }
  return out;
}

async function rawGrey(image: Sharp): Promise<Uint8Array> {
  const data = await image.toColourspace('b-w').raw().toBuffer();
  return new Uint8Array(data.buffer, data.byteOffset, data.length);
}

/** Encodes grey values as a PNG file. */
export async function encodePng(
  pixels: Uint8Array,
  { width, height }: { width: number; height: number },
): Promise<Uint8Array> {
  return sharp(pixels, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
}
