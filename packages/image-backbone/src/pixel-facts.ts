import { isDicom } from './dicom/open-dicom.js';
import { parseDicom } from './dicom/parse-dicom.js';
import { decoding, imageSize, nameOf, readImage } from './image-file.js';
import { deepRange } from './open-image.js';

/** How the pixels of an image file are stored, and what of them is used. */
export interface PixelFacts {
  width: number;
  height: number;
  /** Whether it is a DICOM file, whose header has its grey scale. */
  isDicom: boolean;
  kind: 'unsigned' | 'signed' | 'float';
  /**
   * Bits that its whole numbers use: Bits Stored of DICOM, 8 of other files of up to 8 bits, else those by which the file is
   * scaled. Undefined of signed numbers below 0 and of fractions, which are scaled by their own range.
   */
  bitsUsed?: number;
  /** The values that are black and white, and the smallest and largest of the file; undefined of DICOM and up to 8 bits. */
  range?: { low: number; high: number; least: number; most: number };
  /** What of the file departs from its standard, and how it was read all the same. */
  remarks: readonly string[];
}

/**
 * How the pixels of an image file are stored: what `data describe --check-images` reports, and by which a set that mixes ranges
 * is known.
 *
 * @param source a path, or the bytes of a file.
 * @throws {InputError} if it is no image that {@link decodeImage} reads.
 */
export async function pixelFacts(source: string | Uint8Array, name = nameOf(source)): Promise<PixelFacts> {
  const bytes = typeof source === 'string' ? await readImage(source) : source;
  const size = await imageSize(bytes, name);
  if (isDicom(bytes)) {
    const { header, remarks } = await decoding(name, async () => parseDicom(bytes, name));
    return {
      ...size,
      isDicom: true,
      kind: header.signed ? 'signed' : 'unsigned',
      bitsUsed: header.bitsStored,
      remarks,
    };
  }
  const deep = await decoding(name, () => deepRange(bytes, name));
  if (!deep) return { ...size, isDicom: false, kind: 'unsigned', bitsUsed: 8, remarks: [] };
  const { bits, low, high, least, most } = deep.range;
  return { ...size, isDicom: false, kind: deep.kind, bitsUsed: bits, range: { low, high, least, most }, remarks: [] };
}
