import { displayValues } from './grey-scale.js';
import { parseDicom } from './parse-dicom.js';
import { storedValues } from './stored-values.js';

/**
 * Decodes a DICOM radiograph to grey values in [0, 255] as a viewer shows them: rescale, VOI LUT or window, MONOCHROME1
 * inverted. Nothing else of the file is kept.
 *
 * @param name for errors.
 * @throws {InputError} if it is broken, cut short, has several frames, or is of a kind that is not read.
 */
export async function decodeDicom(
  bytes: Uint8Array,
  name = 'dicom',
): Promise<{ data: Uint8Array; width: number; height: number }> {
  const parsed = parseDicom(bytes, name);
  const { rows: height, columns: width } = parsed.header;
  return { data: displayValues(await storedValues(parsed, name), parsed.header), width, height };
}
