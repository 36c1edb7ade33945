import { sha256 } from '@cxr-align/files';
import { element, sequence, type Element, type Item } from './element.js';
import labelCodes from './label-codes.json' with { type: 'json' };

/** A coded concept. */
export interface Code {
  value: string;
  /** Coding Scheme Designator: DCM, SCT, UCUM, or the private one. */
  scheme: string;
  meaning: string;
}

/** Codes of this program's own. */
export const privateScheme = '99CXRALIGN';

export const dcm = (value: string, meaning: string): Code => ({ value, scheme: 'DCM', meaning });
export const sct = (value: string, meaning: string): Code => ({ value, scheme: 'SCT', meaning });
export const own = (value: string, meaning: string): Code => ({ value, scheme: privateScheme, meaning });

const published: Readonly<Record<string, readonly string[]>> = labelCodes;

/** The code of a label: of SNOMED CT where that is sure, else a private one. */
export function labelCode(label: string): Code {
  const meaning = ascii(label).slice(0, 64);
  const code = published[normalized(label)];
  return code
    ? sct(code[0], code[1])
    : own(sha256(new TextEncoder().encode(label)).slice(0, 16).toUpperCase(), meaning);
}

/** A text in ASCII, which every character set of DICOM has: accents are left out, other letters become a question mark. */
export function ascii(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^ -~]/g, '?');
}

/** A sequence of one code. */
export function codeSequence(tag: string, code: Code): Element {
  return sequence(tag, codeItem(code));
}

/** A code as an item of a sequence. @see DICOM PS3.3 8.8 (Code Sequence Macro). */
export function codeItem({ value, scheme, meaning }: Code): Item {
  return [element('00080100', 'SH', value), element('00080102', 'SH', scheme), element('00080104', 'LO', meaning)];
}

/** Describes the private codes. @see DICOM PS3.3 C.12.1.1.7 (Coding Scheme Identification Sequence). */
export function privateSchemeIdentification(): Element {
  return sequence('00080110', [
    element('00080102', 'SH', privateScheme),
    element('00080115', 'ST', 'Labels and measures of cxr-align that have no published code'),
    element('00080116', 'ST', 'cxr-align'),
  ]);
}

function normalized(label: string): string {
  return label
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim();
}
