import { faultReason, InputError } from '@cxr-align/files';
import { openDicom } from './open-dicom.js';

/** Values of a DICOM header as they are written. */
export interface DicomValues {
  /** The bytes of each value by its tag, `ggggeeee`; those that are absent are left out. */
  elements: ReadonlyMap<string, Uint8Array>;
  rows: number;
  columns: number;
  /** Whether a modality or VOI lookup table is in it. */
  hasLookupTable: boolean;
}

/**
 * Values of the header of a DICOM image as their bytes, in its character set: for objects that refer to the image. They may identify
 * the patient: no error holds any.
 *
 * @param tags `ggggeeee` in lower-case hexadecimal digits: texts of the data set itself.
 * @param name for errors.
 * @throws {InputError} if the file is broken, its transfer syntax is not read, or it is no image.
 */
export function dicomValues(bytes: Uint8Array, tags: readonly string[], name = 'dicom'): DicomValues {
  const { data, fail } = openDicom(bytes, name, true);
  try {
    const whole = (tag: string): number | undefined => (data.elements[tag] ? data.uint16(tag) : undefined);
    const [rows, columns] = [whole('x00280010'), whole('x00280011')];
    if (!rows || !columns) return fail('expected Rows and Columns in the DICOM header, got none; is it an image?');
    const elements = new Map<string, Uint8Array>();
    for (const tag of tags) {
      const found = data.elements[`x${tag}`];
      if (found) elements.set(tag, data.byteArray.slice(found.dataOffset, found.dataOffset + found.length));
    }
    const hasLookupTable = ['x00283000', 'x00283010'].some((tag) => data.elements[tag] !== undefined);
    return { elements, rows, columns, hasLookupTable };
  } catch (error) {
    if (error instanceof InputError) throw error;
    return fail(`expected a sound DICOM file, got a broken one (${faultReason(error)}); export it again`);
  }
}
