import { existsSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { faultReason, InputError, openZip, regularFile, type Zip } from '@cxr-align/files';
import { isDicom } from './dicom/open-dicom.js';
import { parseDicom } from './dicom/parse-dicom.js';
import { loadSharp } from './load-sharp.js';
import { pixelLimit } from './open-image.js';
import { readParquetImage } from './parquet-images.js';

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
    if (bytes.length === 0) throw new InputError('expected an image, got an empty file; copy it again', { file: path });
    const sharp = await loadSharp();
    const { autoOrient } = await sharp(bytes, { limitInputPixels: pixelLimit }).metadata();
    return { width: autoOrient.width, height: autoOrient.height };
  });
}

/** What errors call an image by that was given no name. */
export function nameOf(source: string | Uint8Array): string {
  return typeof source === 'string' ? source : 'image';
}

/** The most bytes of an image file. */
const fileLimit = 2 ** 30;

/**
 * The bytes of a file, of an entry of a ZIP archive (`…/images.zip/1.png`) or of a row of a Parquet file (`…/train.parquet/image/0`).
 *
 * @throws {InputError} if there is none, or it is larger than 1 GiB.
 */
export async function readImage(path: string): Promise<Uint8Array> {
  const container = containerOf(path);
  if (container?.kind === 'parquet') return readParquetImage(container.file, container.column, container.row);
  if (container) {
    return (await archiveOf(container.file)).read(container.entry);
  }
  regularFile(path, 'an image', fileLimit);
  try {
    return await readFile(path);
  } catch (error) {
    throw new InputError(`expected an image, got ${(error as NodeJS.ErrnoException).code}; check the path`, {
      file: path,
    });
  }
}

/** Whether the file of an image is there; of one in an archive or a Parquet file, whether that is. */
export function imageFileExists(path: string): boolean {
  return existsSync(path) || containerOf(path) !== undefined;
}

/** The file that an image is inside of. */
type Container =
  { kind: 'zip'; file: string; entry: string } | { kind: 'parquet'; file: string; column: string; row: number };

function containerOf(path: string): Container | undefined {
  const isFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
  const [, archive, entry] = /^(.*\.zip)\/(.+)$/i.exec(path) ?? [];
  if (archive !== undefined && isFile(archive)) return { kind: 'zip', file: archive, entry };
  const [, table, column, row] = /^(.*\.parquet)\/(.+)\/(\d+)$/i.exec(path) ?? [];
  if (table !== undefined && isFile(table)) return { kind: 'parquet', file: table, column, row: Number(row) };
  return undefined;
}

/** The archives that were opened; they stay open, for the next image is in the same one. */
const archives = new Map<string, Promise<Zip>>();

function archiveOf(file: string): Promise<Zip> {
  const zip = archives.get(file) ?? openZip(file);
  archives.set(file, zip);
  return zip;
}

/** Bytes of the entries of archives, unpacked. */
const entrySizes = new Map<string, Promise<ReadonlyMap<string, number>>>();

/** The bytes of an image's file, or of an entry of a ZIP archive when unpacked; undefined where it is not there, or in a Parquet file. */
export async function imageFileSize(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found) return found.isFile() ? found.size : undefined;
  const container = containerOf(path);
  if (container?.kind !== 'zip') return undefined;
  const { file, entry } = container;
  const sizes =
    entrySizes.get(file) ?? archiveOf(file).then(({ entries }) => new Map(entries.map((one) => [one.name, one.size])));
  entrySizes.set(file, sizes);
  return (await sizes).get(entry);
}

/** Does what decodes an image: what goes wrong is reported with the image's name. */
export async function decoding<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(explain(error), { file: name });
  }
}

function explain(error: unknown): string {
  const reason = faultReason(error).trim();
  if (/pixel limit/i.test(reason))
    return `expected at most ${pixelLimit / 1e6} million pixels, got more; resize it first`;
  if (/unsupported image format/i.test(reason))
    return 'expected an image, got something else (PNG, JPEG, TIFF, WebP and DICOM are read)';
  if (/premature|truncat|end of|read error/i.test(reason))
    return `expected a whole and sound image, got one that is cut short or damaged (${reason}); copy it again`;
  return `expected a sound image, got a damaged one (${reason}); copy it again`;
}
