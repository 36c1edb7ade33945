import { readFileSync } from 'node:fs';
import { InputError } from '@cxr-align/files';
import sharp, { type Sharp } from 'sharp';

/** How an image is brought to the square that a model takes. */
export interface Preprocessing {
  /** Pixels along a side. */
  size: number;
  /** `stretch`: aspect not kept; `pad`: black borders; `crop`: the middle square. */
  fit: 'stretch' | 'pad' | 'crop';
}

/** The most pixels that an image may claim to have: more is refused from its header. */
const pixelLimit = 100_000_000;

const fits = { stretch: 'fill', pad: 'contain', crop: 'cover' } as const;

/**
 * Decodes an image file (PNG, JPEG, TIFF, WebP, told apart by content) to grey values in [0, 255], turned upright,
 * resized and cropped or padded to a square.
 *
 * @param source a path, or the bytes of a file.
 * @returns size × size grey values, row by row.
 * @throws {InputError} if the file is missing, empty, cut short, damaged, no image, or too large.
 */
export async function decodeImage(
  source: string | Uint8Array,
  { size, fit }: Preprocessing,
  name = String(source),
): Promise<Uint8Array> {
  const bytes = typeof source === 'string' ? readBytes(source) : source;
  const { data } = await decoding(name, async () =>
    open(bytes, name)
      .resize(size, size, { fit: fits[fit], background: '#000' })
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true }),
  );
  return new Uint8Array(data.buffer, data.byteOffset, data.length);
}

/** Resizes grey values that are in memory already, as {@link decodeImage} does with files. */
export async function resizePixels(
  { data, height, width }: { data: Uint8Array; height: number; width: number },
  { size, fit }: Preprocessing,
): Promise<Uint8Array> {
  if (height === size && width === size) return data;
  const resized = await sharp(data, { raw: { width, height, channels: 1 } })
    .resize(size, size, { fit: fits[fit], background: '#000' })
    .greyscale()
    .raw()
    .toBuffer();
  return new Uint8Array(resized.buffer, resized.byteOffset, resized.length);
}

/** Encodes grey values as a PNG file. */
export async function encodePng(
  pixels: Uint8Array,
  { width, height }: { width: number; height: number },
): Promise<Uint8Array> {
  return sharp(pixels, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer();
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new InputError(`expected an image, got ${code === 'ENOENT' ? 'no such file' : code}; check the path`, {
      file: path,
    });
  }
}

function open(bytes: Uint8Array, name: string): Sharp {
  if (bytes.length === 0) throw new InputError('expected an image, got an empty file; copy it again', { file: name });
  if (new TextDecoder('latin1').decode(bytes.subarray(128, 132)) === 'DICM') {
    throw new InputError('expected PNG, JPEG, TIFF or WebP, got DICOM, which is not read yet; convert it to PNG', {
      file: name,
    });
  }
  return sharp(bytes, { limitInputPixels: pixelLimit, failOn: 'error', animated: false }).autoOrient().removeAlpha();
}

async function decoding<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(explain((error as Error).message), { file: name });
  }
}

function explain(message: string): string {
  const reason = message.split('\n')[0].trim();
  if (/pixel limit/i.test(reason))
    return `expected at most ${pixelLimit / 1e6} million pixels, got more; resize it first`;
  if (/unsupported image format/i.test(reason))
    return 'expected an image, got something else (PNG, JPEG, TIFF and WebP are read)';
  if (/premature|truncat|end of|read error/i.test(reason))
    return `expected a whole and sound image, got one that is cut short or damaged (${reason}); copy it again`;
  return `expected a sound image, got a damaged one (${reason}); copy it again`;
}
