import { openDicom } from './open-dicom.js';
import { pixelData, type PixelData } from './pixel-data.js';
import { readHeader, type DicomHeader } from './read-header.js';

/** A DICOM image in its parts: the header, and the pixel data as they are stored. */
export interface ParsedDicom {
  header: DicomHeader;
  pixels: PixelData;
  /** What of the file departs from the standard, and how it was read all the same. No value of the patient is in it. */
  remarks: readonly string[];
}

/**
 * Reads the header of a DICOM file and finds its pixels.
 *
 * @throws {InputError} if the file is cut short or broken, has no pixels or several frames, or is of a transfer syntax or
 * kind of pixel that is not read.
 */
export function parseDicom(bytes: Uint8Array, file: string): ParsedDicom {
  const opened = openDicom(bytes, file);
  const header = readHeader(opened);
  return { header, pixels: pixelData(opened, header), remarks: opened.remarks };
}
