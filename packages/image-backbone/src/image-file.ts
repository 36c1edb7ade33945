import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { InputError, openZip, type Zip } from '@cxr-align/files';
import sharp, { type Sharp } from 'sharp';
import { decodeDicom } from './dicom/decode-dicom.js';
import { isDicom, parseDicom } from './dicom/parse-dicom.js';

/** The most pixels that an image may claim to have: more is refused from its header. */
export const pixelLimit = 100_000_000;

/**
 * The size of an image, turned upright, from its header.
 *
 * @param source a path, or the bytes of a file.
 * @throws {InputError} if it is no image.
 */
export async function imageSize(
  source: string | Uint8Array,
  path = nameOf(source),
): Promise<{ width: number; height: number }> {
  const bytes = typeof source === 'string' ? await readImage(source) : source;
  return decoding(path, async () => {
    if (isDicom(bytes)) {
      const { rows: height, columns: width } = parseDicom(bytes, path).header;
      return { width, height };
    }
    const { autoOrient } = await (await openImage(bytes, path)).metadata();
    return { width: autoOrient.width, height: autoOrient.height };
  });
}

/** What errors call an image by that was given no name. */
export function nameOf(source: string | Uint8Array): string {
  return typeof source === 'string' ? source : 'image';
}

/** The bytes of a file, or of an entry of a ZIP archive (`…/images.zip/1.png`). @throws {InputError} if there is none. */
export async function readImage(path: string): Promise<Uint8Array> {
  const [, archive, entry] = /^(.*\.zip)\/(.+)$/i.exec(path) ?? [];
  if (archive !== undefined && statSync(archive, { throwIfNoEntry: false })?.isFile()) {
    const zip = archives.get(archive) ?? openZip(archive);
    archives.set(archive, zip);
    return (await zip).read(entry);
  }
  try {
    return await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new InputError(`expected an image, got ${code === 'ENOENT' ? 'no such file' : code}; check the path`, {
      file: path,
    });
  }
}

/** An image from its bytes, turned upright; DICOM as it is shown. @throws {InputError} if it is empty, or not read. */
export async function openImage(bytes: Uint8Array, name: string): Promise<Sharp> {
  if (bytes.length === 0) throw new InputError('expected an image, got an empty file; copy it again', { file: name });
  if (isDicom(bytes)) {
    const { data, width, height } = await decodeDicom(bytes, name);
    return sharp(data, { raw: { width, height, channels: 1 } });
  }
  return sharp(bytes, { limitInputPixels: pixelLimit, failOn: 'error', animated: false }).autoOrient().removeAlpha();
}

/** The archives that were opened; they stay open, for the next image is in the same one. */
const archives = new Map<string, Promise<Zip>>();

/** Does what decodes an image: what goes wrong is told by the image's name. */
export async function decoding<T>(name: string, work: () => Promise<T>): Promise<T> {
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
    return 'expected an image, got something else (PNG, JPEG, TIFF, WebP and DICOM are read)';
  if (/premature|truncat|end of|read error/i.test(reason))
    return `expected a whole and sound image, got one that is cut short or damaged (${reason}); copy it again`;
  return `expected a sound image, got a damaged one (${reason}); copy it again`;
}
