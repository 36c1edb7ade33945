import { InputError } from '@cxr-align/files';
import { element, type Element, type ValueRepresentation } from './element.js';

/** What is taken over from the image: of the patient, the study and the time zone. @see DICOM PS3.3 C.7.1.1, C.7.2.1, C.7.2.2. */
const kept: Readonly<Record<string, ValueRepresentation>> = {
  '00080005': 'CS', // Specific Character Set
  '00080020': 'DA', // Study Date
  '00080030': 'TM', // Study Time
  '00080050': 'SH', // Accession Number
  '00080090': 'PN', // Referring Physician's Name
  '00080201': 'SH', // Timezone Offset From UTC
  '00081030': 'LO', // Study Description
  '00100010': 'PN', // Patient's Name
  '00100020': 'LO', // Patient ID
  '00100021': 'LO', // Issuer of Patient ID
  '00100030': 'DA', // Patient's Birth Date
  '00100032': 'TM', // Patient's Birth Time
  '00100040': 'CS', // Patient's Sex
  '00101000': 'LO', // Other Patient IDs
  '00101001': 'PN', // Other Patient Names
  '00101010': 'AS', // Patient's Age
  '00101020': 'DS', // Patient's Size
  '00101030': 'DS', // Patient's Weight
  '00102160': 'SH', // Ethnic Group
  '00104000': 'LT', // Patient Comments
  '00120062': 'CS', // Patient Identity Removed
  '00120063': 'LO', // De-identification Method
  '0020000d': 'UI', // Study Instance UID
  '00200010': 'SH', // Study ID
};

/** Those that must be there, if only empty (type 2). */
const required = [
  ...['00080020', '00080030', '00080050', '00080090', '00100010', '00100020', '00100030', '00100040', '00200010'],
];

/** What is read of the image beside them. */
const read = {
  sopClass: '00080016',
  instance: '00080018',
  modality: '00080060',
  study: '0020000d',
  series: '0020000e',
  orientation: '00200020',
  photometric: '00280004',
  spacing: '00280030',
  imagerSpacing: '00181164',
  windowCenter: '00281050',
  windowWidth: '00281051',
  windowFunction: '00281056',
  intercept: '00281052',
  slope: '00281053',
  rescaleType: '00281054',
} as const;

/** The tags of the image's header that are needed, `ggggeeee`. */
export const sourceTags: readonly string[] = [...new Set([...Object.keys(kept), ...Object.values(read)])];

/** An image in the study of which results are written. */
export interface SourceImage {
  /** For errors. */
  file?: string;
  /** Values of its header by tag, as their bytes; see {@link sourceTags}. */
  elements: ReadonlyMap<string, Uint8Array>;
  /** Pixels. */
  rows: number;
  columns: number;
  /** Whether its values are brought to grey values by a table in the header, which a presentation state cannot take over by numbers. */
  hasLookupTable: boolean;
}

/** The header of an image as texts. */
export type SourceTexts = { [key in keyof typeof read]?: string };

/** The header of an image as texts, blanks and padding removed. */
export function sourceTexts({ elements }: SourceImage): SourceTexts {
  const text = (tag: string): string | undefined => textOf(elements.get(tag)) || undefined;
  return Object.fromEntries(Object.entries(read).map(([name, tag]) => [name, text(tag)]));
}

/**
 * The UIDs by which results refer to an image.
 *
 * @throws {InputError} if one is missing or no UID.
 */
export function sourceUids(source: SourceImage): Record<'sopClass' | 'instance' | 'study' | 'series', string> {
  const texts = sourceTexts(source);
  const uid = (name: 'sopClass' | 'instance' | 'study' | 'series', label: string): string => {
    const value = texts[name];
    if (value !== undefined && /^[0-9]+(\.[0-9]+)*$/.test(value) && value.length <= 64) return value;
    throw new InputError(
      `expected a ${label} in the DICOM header, which results refer to, got ${value === undefined ? 'none' : 'another text'}; export the file again from the archive`,
      { file: source.file },
    );
  };
  return {
    sopClass: uid('sopClass', 'SOP Class UID'),
    instance: uid('instance', 'SOP Instance UID'),
    study: uid('study', 'Study Instance UID'),
    series: uid('series', 'Series Instance UID'),
  };
}

/** The elements of patient and study, byte by byte as in the image, so that they keep its character set. */
export function keptElements({ elements }: SourceImage): Element[] {
  return Object.entries(kept).flatMap(([tag, vr]): Element[] => {
    const value = elements.get(tag);
    if (value === undefined) return required.includes(tag) ? [element(tag, vr)] : [];
    const text = trimmed(value);
    // An age without its unit is no age, and optional.
    return vr === 'AS' && !/^\d{3}[DWMY]$/.test(textOf(text)) ? [] : [{ tag, vr, value: text }];
  });
}

function trimmed(value: Uint8Array): Uint8Array {
  const last = value.findLastIndex((byte) => byte !== 0x20 && byte !== 0);
  return value.subarray(0, last + 1);
}

function textOf(value: Uint8Array | undefined): string {
  return value === undefined ? '' : String.fromCharCode(...trimmed(value)).trim();
}
