import { open } from 'node:fs/promises';
import { InputError } from '@cxr-align/files';
import { readImage } from './image-file.js';
import { dicomFacts, type DicomFacts } from './dicom/dicom-facts.js';
import { isDicom } from './dicom/open-dicom.js';

/** Bytes that the header of a film mostly lies within. */
const headBytes = 2 ** 16;
/** Bytes that show whether a file is DICOM. */
const markBytes = 2 ** 10;

const isOtherImage = /\.(png|jpe?g|jp2|webp|gif|bmp|tiff?|npy|npz)$/i;
const isInside = /\.(zip|parquet)\//i;

/** Whether a file may be a DICOM file by its name: it does not end as another image does. */
export function isNamedLikeDicom(path: string): boolean {
  return !isOtherImage.test(path);
}

/**
 * Reads what the header of a DICOM file has, by the start of the file alone where that is enough. Whatever its name is, its content
 * decides; only inside of archives and Parquet files, where a start cannot be read alone, is a file that is named as another image not
 * opened.
 *
 * @param path of a file, or of one in an archive or a Parquet file as {@link readImage} takes it.
 * @returns undefined for a file that is none of DICOM, or that is not there.
 * @throws {InputError} if it is a broken DICOM file.
 */
export async function readDicomFacts(path: string): Promise<DicomFacts | undefined> {
  if (isInside.test(path)) {
    if (!isNamedLikeDicom(path)) return undefined;
    const bytes = await orUndefined(readImage(path));
    return bytes && isDicom(bytes) ? dicomFacts(bytes, path) : undefined;
  }
  if (!isNamedLikeDicom(path)) {
    const start = await headOf(path, markBytes);
    if (!start || !isDicom(start.bytes)) return undefined;
  }
  const head = await headOf(path, headBytes);
  if (!head || !isDicom(head.bytes)) return undefined;
  if (!head.isWhole) {
    const facts = factsOfHead(head.bytes, path);
    if (facts) return facts;
  }
  return dicomFacts(head.isWhole ? head.bytes : await readImage(path), path);
}

/** The facts of a file's start; undefined where the header continues beyond it. */
function factsOfHead(bytes: Uint8Array, path: string): DicomFacts | undefined {
  try {
    const facts = dicomFacts(bytes, path);
    // The last that stands before the pixels: a header that is cut ends earlier.
    return facts.rows !== undefined && facts.bitsStored !== undefined ? facts : undefined;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return undefined;
  }
}

async function headOf(path: string, count: number): Promise<{ bytes: Uint8Array; isWhole: boolean } | undefined> {
  const file = await orUndefined(open(path, 'r'));
  if (!file) return undefined;
  try {
    const bytes = new Uint8Array(count);
    const { bytesRead } = await file.read(bytes, 0, count, 0);
    return { bytes: bytes.subarray(0, bytesRead), isWhole: bytesRead < count };
  } catch (error) {
    // A folder: reading the image reports it.
    if ((error as NodeJS.ErrnoException).code === 'EISDIR') return undefined;
    throw error;
  } finally {
    await file.close();
  }
}

/** Nothing where a file is not there or cannot be opened: reading the image reports why. */
async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const isMissing = ['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '');
    if (error instanceof InputError || isMissing) return undefined;
    throw error;
  }
}
