import { faultReason, InputError } from '@cxr-align/files';
import { openDicom } from './open-dicom.js';

/** What the header of a DICOM file holds of the image and the patient; undefined where it is absent or blank. */
export interface DicomFacts {
  /** SOP Instance UID. */
  instance?: string;
  /** SOP Class UID. */
  sopClass?: string;
  /** Study Instance UID. */
  study?: string;
  /** Series Instance UID. */
  series?: string;
  patientId?: string;
  /** Patient's Sex as it is written: F, M or O by the standard. */
  sex?: string;
  /** Patient's Age in years; days, weeks and months (`018M`) as parts of one. */
  ageYears?: number;
  /** View Position, as PA, AP or LL. */
  view?: string;
  /** Modality, as CR or DX. */
  modality?: string;
  bodyPart?: string;
  laterality?: string;
  /** Study Date as it is written: YYYYMMDD. */
  studyDate?: string;
  manufacturer?: string;
  rows?: number;
  columns?: number;
  bitsStored?: number;
  photometric?: string;
  /** Name of the transfer syntax. */
  syntax: string;
  /** What of the file departs from the standard, and how it was read all the same. */
  remarks: readonly string[];
}

/** Texts of the header by their tags. @see DICOM PS3.6. */
const texts = {
  instance: 'x00080018',
  sopClass: 'x00080016',
  study: 'x0020000d',
  series: 'x0020000e',
  patientId: 'x00100020',
  sex: 'x00100040',
  view: 'x00185101',
  modality: 'x00080060',
  bodyPart: 'x00180015',
  laterality: 'x00200062',
  studyDate: 'x00080020',
  manufacturer: 'x00080070',
  photometric: 'x00280004',
} as const;

const numbers = { rows: 'x00280010', columns: 'x00280011', bitsStored: 'x00280101' } as const;

/** Units of an age, in years. @see DICOM PS3.5 6.2, AS. */
const ageUnits: Record<string, number> = { D: 1 / 365.25, W: 7 / 365.25, M: 1 / 12, Y: 1 };

/**
 * Reads the header of a DICOM file, without its pixels. Identifying values are returned to the caller alone: no error
 * holds any.
 *
 * @param name for errors.
 * @throws {InputError} if the file is broken or its transfer syntax is not read.
 */
export function dicomFacts(bytes: Uint8Array, name = 'dicom'): DicomFacts {
  try {
    return factsOf(bytes, name);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`expected a sound DICOM file, got a broken one (${faultReason(error)}); export it again`, {
      file: name,
    });
  }
}

function factsOf(bytes: Uint8Array, name: string): DicomFacts {
  const { data, syntax, remarks } = openDicom(bytes, name, true);
  const read = (tag: string): string | undefined => data.string(tag)?.split('\\')[0].trim() || undefined;
  const [, count, unit] = /^(\d{1,3})([DWMY])$/i.exec(read('x00101010') ?? '') ?? [];
  return {
    ...Object.fromEntries(Object.entries(texts).map(([key, tag]) => [key, read(tag)])),
    ...Object.fromEntries(Object.entries(numbers).map(([key, tag]) => [key, data.elements[tag] && data.uint16(tag)])),
    ...(count && { ageYears: Number(count) * ageUnits[unit.toUpperCase()] }),
    syntax: syntax.name,
    remarks,
  };
}
