import { openGreyPng, readGreyRows, type GreyPixels, type GreyPng } from './grey-png.js';
import { decoding, nameOf, readImage } from './image-file.js';
import { loadSharp } from './load-sharp.js';
import { greyOf, openImage, pixelLimit, type OpenedImage } from './open-image.js';
import { refuseHollowPng } from './png-size.js';
import { NearestResampler, Resampler, type Extent } from './resample.js';

/** How an image is brought to the square that a model takes. */
export interface Preprocessing {
  /** Pixels along a side. */
  size: number;
  /** `stretch`: aspect not kept; `pad`: black borders; `crop`: the middle square. */
  fit: 'stretch' | 'pad' | 'crop';
  /**
   * How pixels are interpolated: exactly as PIL does it, but for `pad` and much larger JPEG files. Default sharp's own
   * `lanczos3`.
   */
  kernel?: 'nearest' | 'linear' | 'cubic' | 'lanczos3';
  /** Pixels along the side of the square that the middle `size` pixels are cut out of. Default `size`. */
  resize?: number;
  /** Where an odd number of pixels is cut off: one less at the top and left, or the even number of them. Default `down`. */
  oddMargin?: 'down' | 'even';
  /**
   * Bits that the 16-bit files of a data set use, where that is known (10, 12, 16 …): one scale for all of them. Unless given,
   * each file's own: declared, or the least of 8, 10, 12, 14 and 16 that hold its largest value. DICOM files say it themselves.
   */
  bits?: number;
}

type Kernel = NonNullable<Preprocessing['kernel']>;

const fits = { stretch: 'fill', pad: 'contain', crop: 'cover' } as const;

/**
 * Decodes an image file (PNG, JPEG, TIFF, WebP, DICOM, recognized by content) to grey values in [0, 255], turned upright,
 * resized and cropped or padded to a square. Colour becomes its ITU-R 601 luma.
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
    refuseHollowPng(bytes, name);
    const png = openGreyPng(bytes);
    const square = png && (await plainSquare(png, preprocessing));
    if (square) return square;
    return toSquare(await openImage(bytes, name, preprocessing.bits), preprocessing);
  });
}

/** Pixels; wider images are left to sharp, as a row is wanted in one piece. */
const longestRow = 2 ** 17;

/** A plain file's square; undefined where sharp has to read it, or to say what is wrong. */
async function plainSquare(png: GreyPng, preprocessing: Preprocessing): Promise<Uint8Array | undefined> {
  const { width, height, depth } = png;
  const kernel = exactKernel(preprocessing, png);
  if (width * height > pixelLimit || width > longestRow) return undefined;
  // Of 16 bits the upper 8 are read: files that use fewer bits have next to nothing there, and are read in full.
  let isScaled = depth === 8 || preprocessing.bits === 16;
  if (depth === 16 && preprocessing.bits !== undefined && preprocessing.bits !== 16) return undefined;
  const noteRange = (rows: Uint8Array): void => {
    isScaled ||= rows.some((upper) => upper >= leastUpperOf16);
  };
  if (kernel && !isSquare(png, preprocessing)) {
    const square = exactSquare(png, preprocessing, kernel);
    const isSound = await readGreyRows(png, (rows) => {
      noteRange(rows);
      square.push(rows);
    });
    return isSound && isScaled ? square.finish() : undefined;
  }
  const data = new Uint8Array(width * height);
  let at = 0;
  const isSound = await readGreyRows(png, (rows) => {
    noteRange(rows);
    data.set(rows, at);
    at += rows.length;
  });
  return isSound && isScaled ? resizePixels({ data, width, height }, preprocessing) : undefined;
}

/** The upper byte of a value that needs more than 14 bits. */
const leastUpperOf16 = 64;

/** Resizes grey values that are in memory already, as {@link decodeImage} does with files. */
export async function resizePixels(pixels: GreyPixels, preprocessing: Preprocessing): Promise<Uint8Array> {
  const { data, width, height } = pixels;
  if (isSquare(pixels, preprocessing)) return data;
  const kernel = exactKernel(preprocessing, pixels);
  if (kernel) return exactlyResized(pixels, preprocessing, kernel);
  const sharp = await loadSharp();
  return sharpSquare({ image: sharp(data, { raw: { width, height, channels: 1 } }), isColour: false }, preprocessing);
}

/** Whether nothing is to be done. */
function isSquare({ width, height }: Extent, { size, resize = size }: Preprocessing): boolean {
  return height === size && width === size && resize === size;
}

/**
 * The kernel, where it was requested and PIL's own can be had: sharp's padding is its own, and the whole of a very long strip is
 * not enlarged for the sake of its middle.
 */
function exactKernel(
  { kernel, fit, size, resize = size }: Preprocessing,
  { width, height }: Extent,
): Preprocessing['kernel'] {
  if (fit === 'pad') return undefined;
  const isLong = fit === 'crop' && (resize * resize * Math.max(width, height)) / Math.min(width, height) > pixelLimit;
  return isLong ? undefined : kernel;
}

/** JPEG files of more than so many times the target's pixels are shrunk while they are decoded, which is several times as fast. */
const muchLarger = 24;

async function toSquare(opened: OpenedImage, preprocessing: Preprocessing): Promise<Uint8Array> {
  const { size, resize = size } = preprocessing;
  if (preprocessing.kernel !== undefined) {
    const { format, width, height } = await opened.image.metadata();
    const kernel = exactKernel(preprocessing, { width, height });
    if (kernel && (format !== 'jpeg' || width * height <= muchLarger * resize * resize))
      return exactlyResized(await greyOf(opened), preprocessing, kernel);
  }
  return sharpSquare(opened, preprocessing);
}

async function sharpSquare(
  { image, isColour }: OpenedImage,
  { size, fit, kernel = 'lanczos3', resize = size }: Preprocessing,
): Promise<Uint8Array> {
  const square = image.resize(resize, resize, { fit: fits[fit], kernel, background: '#000' });
  const margin = Math.floor((resize - size) / 2);
  const cut = margin > 0 ? square.extract({ left: margin, top: margin, width: size, height: size }) : square;
  return (await greyOf({ image: cut, isColour })).data;
}

function exactlyResized(pixels: GreyPixels, preprocessing: Preprocessing, kernel: Kernel): Uint8Array {
  const square = exactSquare(pixels, preprocessing, kernel);
  square.push(pixels.data);
  return square.finish();
}

/** Takes an image's rows some at a time, and makes the square of them. */
function exactSquare(
  from: Extent,
  { size, fit, resize = size, oddMargin = 'down' }: Preprocessing,
  kernel: Kernel,
): { push: (rows: Uint8Array) => void; finish: () => Uint8Array } {
  // The longer side is cut to whole pixels, as the transformers library and torchvision do.
  const shorter = Math.min(from.width, from.height);
  const side = (extent: number): number =>
    fit === 'stretch' ? resize : Math.max(resize, Math.trunc((resize * extent) / shorter));
  const [width, height] = [side(from.width), side(from.height)];
  const to = { width, height };
  const resampler = kernel === 'nearest' ? new NearestResampler(from, to) : new Resampler(from, to, kernel);
  const finish = (): Uint8Array => {
    const resized = resampler.finish();
    if (width === size && height === size) return resized;
    const [left, top] = [width, height].map((extent) => marginOf(extent - size, oddMargin));
    const out = new Uint8Array(size * size);
    for (let y = 0; y < size; y++) {
      const start = (top + y) * width + left;
      out.set(resized.subarray(start, start + size), y * size);
    }
    return out;
  };
  return { push: (rows) => resampler.push(rows), finish };
}

/** Pixels before the cut, where so many are cut off. */
function marginOf(spare: number, oddMargin: 'down' | 'even'): number {
  const down = Math.floor(spare / 2);
  return spare % 2 === 1 && oddMargin === 'even' ? down + (down % 2) : down;
}

/** Encodes grey values as a PNG file. */
export async function encodePng(pixels: Uint8Array, { width, height }: Extent): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return sharp(pixels, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
}
