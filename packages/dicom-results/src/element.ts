/** Value representations that are written. @see DICOM PS3.5 6.2. */
export type ValueRepresentation =
  | 'AS'
  | 'CS'
  | 'DA'
  | 'DS'
  | 'DT'
  | 'FL'
  | 'IS'
  | 'LO'
  | 'LT'
  | 'OB'
  | 'PN'
  | 'SH'
  | 'SL'
  | 'SQ'
  | 'ST'
  | 'TM'
  | 'UC'
  | 'UI'
  | 'UL'
  | 'US'
  | 'UT';

/** A data element: its tag as `ggggeeee` in lower-case hexadecimal digits, and its value. */
export interface Element {
  tag: string;
  vr: ValueRepresentation;
  /** Texts and numbers, the items of a sequence, or bytes as they are written. None: an empty value. */
  value: readonly (string | number)[] | readonly Item[] | Uint8Array;
}

/** A data set: the elements of an object, or of an item of a sequence. In any order. */
export type Item = readonly Element[];

/** An element of one or several texts or numbers; empty without any. */
export function element(tag: string, vr: ValueRepresentation, ...value: (string | number)[]): Element {
  return { tag, vr, value };
}

/** An element of a sequence. */
export function sequence(tag: string, ...items: Item[]): Element {
  return { tag, vr: 'SQ', value: items };
}
