import sharp, { type Sharp } from 'sharp';
import { openGreyPng, readGreyRows, type GreyPixels, type GreyPng } from './grey-png.js';
import { decoding, nameOf, openImage, pixelLimit, readImage } from './image-file.js';
import { Resampler, type Extent, type ResampleKernel } from './resample.js';

/** How an image is brought to the square that a model takes. */
export interface Preprocessing {
  /** Pixels along a side. */
  size: number;
  /** `stretch`: aspect not kept; `pad`: black borders; `crop`: the middle square. */
  fit: 'stretch' | 'pad' | 'crop';
  /**
   * How pixels are interpolated: exactly as PIL does it, but for `pad`, `nearest` and much larger JPEG files. Default sharp's own
   * `lanczos3`.
   */
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
  name = nameOf(source),
): Promise<Uint8Array> {
  const bytes = typeof source === 'string' ? await readImage(source) : source;
  return decoding(name, async () => {
    const png = openGreyPng(bytes);
    const square = png && (await plainSquare(png, preprocessing));
    if (square) return square;
    return toSquare(await openImage(bytes, name), preprocessing);
  });
}

/** Pixels; wider images are left to sharp, as a row is wanted in one piece. */
const longestRow = 2 ** 17;

/** A plain file's square; undefined where sharp has to read it, or to say what is wrong. */
async function plainSquare(png: GreyPng, preprocessing: Preprocessing): Promise<Uint8Array | undefined> {
  const { width, height, depth } = png;
  const kernel = exactKernel(preprocessing, png);
  // Of 16 bits sharp resizes all, and takes the upper 8 after it.
  if ((depth === 16 && !kernel) || width * height > pixelLimit || width > longestRow) return undefined;
  if (kernel && !isSquare(png, preprocessing)) {
    const square = exactSquare(png, preprocessing, kernel);
    const isSound = await readGreyRows(png, (rows) => square.push(rows));
    return isSound ? square.finish() : undefined;
  }
  const data = new Uint8Array(width * height);
  let at = 0;
  const isSound = await readGreyRows(png, (rows) => {
    data.set(rows, at);
    at += rows.length;
  });
  return isSound ? resizePixels({ data, width, height }, preprocessing) : undefined;
}

/** Resizes grey values that are in memory already, as {@link decodeImage} does with files. */
export async function resizePixels(pixels: GreyPixels, preprocessing: Preprocessing): Promise<Uint8Array> {
  const { data, width, height } = pixels;
  if (isSquare(pixels, preprocessing)) return data;
  const kernel = exactKernel(preprocessing, pixels);
  if (kernel) return exactlyResized(pixels, preprocessing, kernel);
  return sharpSquare(sharp(data, { raw: { width, height, channels: 1 } }), preprocessing);
}

/** Whether nothing is to be done. */
function isSquare({ width, height }: Extent, { size, resize = size }: Preprocessing): boolean {
  return height === size && width === size && resize === size;
}

/**
 * The kernel, where it was asked for and PIL's own can be had: sharp's padding is its own, and the whole of a very long strip is
 * not enlarged for the sake of its middle.
 */
function exactKernel(
  { kernel, fit, size, resize = size }: Preprocessing,
  { width, height }: Extent,
): ResampleKernel | undefined {
  if (kernel === 'nearest' || fit === 'pad') return undefined;
  const isLong = fit === 'crop' && (resize * resize * Math.max(width, height)) / Math.min(width, height) > pixelLimit;
  return isLong ? undefined : kernel;
}

/** JPEG files of more than so many times the target's pixels are shrunk while they are decoded, which is several times as fast. */
const muchLarger = 24;

async function toSquare(image: Sharp, preprocessing: Preprocessing): Promise<Uint8Array> {
  const { size, resize = size } = preprocessing;
  if (preprocessing.kernel !== undefined) {
    const { format, width, height } = await image.metadata();
    const kernel = exactKernel(preprocessing, { width, height });
    if (kernel && (format !== 'jpeg' || width * height <= muchLarger * resize * resize)) {
      const { data, info } = await image.toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
      return exactlyResized({ data, width: info.width, height: info.height }, preprocessing, kernel);
    }
  }
  return sharpSquare(image, preprocessing);
}

async function sharpSquare(
  image: Sharp,
  { size, fit, kernel = 'lanczos3', resize = size }: Preprocessing,
): Promise<Uint8Array> {
  const square = image.resize(resize, resize, { fit: fits[fit], kernel, background: '#000' });
  const margin = Math.floor((resize - size) / 2);
  const cut = margin > 0 ? square.extract({ left: margin, top: margin, width: size, height: size }) : square;
  return rawGrey(cut);
}

function exactlyResized(pixels: GreyPixels, preprocessing: Preprocessing, kernel: ResampleKernel): Uint8Array {
  const square = exactSquare(pixels, preprocessing, kernel);
  square.push(pixels.data);
  return square.finish();
}

/** Takes an image's rows some at a time, and makes the square of them. */
function exactSquare(
  from: Extent,
  { size, fit, resize = size }: Preprocessing,
  kernel: ResampleKernel,
): { push: (rows: Uint8Array) => void; finish: () => Uint8Array } {
  const factor = resize / Math.min(from.width, from.height);
  const side = (extent: number): number => (fit === 'stretch' ? resize : Math.max(resize, Math.round(extent * factor)));
  const [width, height] = [side(from.width), side(from.height)];
  const resampler = new Resampler(from, { width, height }, kernel);
  const finish = (): Uint8Array => {
    const resized = resampler.finish();
    if (width === size && height === size) return resized;
    const [left, top] = [width, height].map((extent) => Math.round((extent - size) / 2));
    const out = new Uint8Array(size * size);
    for (let y = 0; y < size; y++) {
      const start = (top + y) * width + left;
      out.set(resized.subarray(start, start + size), y * size);
    }
    return out;
  };
  return { push: (rows) => resampler.push(rows), finish };
}

async function rawGrey(image: Sharp): Promise<Uint8Array> {
  const data = await image.toColourspace('b-w').raw().toBuffer();
  return new Uint8Array(data.buffer, data.byteOffset, data.length);
}

/** Encodes grey values as a PNG file. */
export async function encodePng(pixels: Uint8Array, { width, height }: Extent): Promise<Uint8Array> {
  return sharp(pixels, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
}
