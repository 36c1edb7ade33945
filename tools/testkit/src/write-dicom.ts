import { deflateRawSync } from 'node:zlib';

/** A value of an element: texts are padded, numbers are 16-bit, bytes are taken as they are, fragments are compressed pixels. */
type Value =
  string | number | readonly number[] | Uint8Array | { items: DicomElements[] } | { fragments: readonly Uint8Array[] };
export type DicomElements = Readonly<Record<string, readonly [vr: string, value: Value]>>;

/** How a file is written. */
export interface WriteDicomOptions {
  syntax?: string;
  bigEndian?: boolean;
  deflated?: boolean;
  /** Without the type of each value. */
  implicit?: boolean;
  /** What stands before the elements: all that should (the default), the mark DICM without a meta header, or nothing. */
  start?: 'whole' | 'mark' | 'none';
}

/** A DICOM file with some elements, named `ggggeeee`; the smallest that a parser takes. */
export function writeDicom(
  elements: DicomElements,
  {
    syntax = '1.2.840.10008.1.2.1',
    bigEndian = false,
    deflated = false,
    implicit = false,
    start = 'whole',
  }: WriteDicomOptions = {},
): Uint8Array {
  const meta = write({ '00020010': ['UI', syntax] }, false);
  const length = write({ '00020000': ['UL', new Uint8Array(new Uint32Array([meta.length]).buffer)] }, false);
  const body = write(elements, bigEndian, implicit);
  if (start === 'none') return body;
  if (start === 'mark') return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), body]);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), length, meta, deflated ? deflateRawSync(body) : body]);
}

const longKinds = ['OB', 'OF', 'OW', 'SQ', 'UN', 'UT'];

function write(elements: DicomElements, bigEndian: boolean, isImplicit = false): Buffer {
  const parts = Object.keys(elements)
    .sort()
    .map((tag) => {
      const [vr, value] = elements[tag];
      const body = valueBytes(value, bigEndian, vr === 'UI' ? '\0' : ' ');
      const isLong = longKinds.includes(vr);
      const head = Buffer.alloc(isLong && !isImplicit ? 12 : 8);
      const put16 = (number: number, at: number): unknown =>
        bigEndian ? head.writeUInt16BE(number, at) : head.writeUInt16LE(number, at);
      put16(parseInt(tag.slice(0, 4), 16), 0);
      put16(parseInt(tag.slice(4), 16), 2);
      const length = isFragments(value) ? 0xffffffff : body.length;
      if (isImplicit) head.writeUInt32LE(length, 4);
      else {
        head.write(vr, 4, 'latin1');
        if (!isLong) put16(length, 6);
        else if (bigEndian) head.writeUInt32BE(length, 8);
        else head.writeUInt32LE(length, 8);
      }
      return Buffer.concat([head, body]);
    });
  return Buffer.concat(parts);
}

function isFragments(value: Value): value is { fragments: readonly Uint8Array[] } {
  return typeof value === 'object' && 'fragments' in value;
}

/** An item or delimiter of a sequence. */
function item(tag: number, body: Uint8Array): Buffer {
  const head = Buffer.from([0xfe, 0xff, tag, 0xe0, 0, 0, 0, 0]);
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body]);
}

function valueBytes(value: Value, bigEndian: boolean, padding: string): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value === 'string') return Buffer.from(value.length % 2 === 0 ? value : value + padding, 'latin1');
  if (typeof value === 'object' && 'items' in value)
    return Buffer.concat(value.items.map((elements) => item(0, write(elements, bigEndian))));
  if (isFragments(value)) {
    const none = new Uint8Array(0);
    return Buffer.concat([item(0, none), ...value.fragments.map((bytes) => item(0, bytes)), item(0xdd, none)]);
  }
  const numbers = typeof value === 'number' ? [value] : value;
  const bytes = Buffer.alloc(2 * numbers.length);
  numbers.forEach((number, i) =>
    bigEndian ? bytes.writeUInt16BE(number & 0xffff, 2 * i) : bytes.writeUInt16LE(number & 0xffff, 2 * i),
  );
  return bytes;
}

/** The elements of a grey image of some stored values. */
export function greyDicomElements(values: readonly number[], more: DicomElements = {}): DicomElements {
  const elements: DicomElements = {
    '00280002': ['US', 1],
    '00280004': ['CS', 'MONOCHROME2'],
    '00280010': ['US', 1],
    '00280011': ['US', values.length],
    '00280100': ['US', 16],
    '00280101': ['US', 12],
    '00280102': ['US', 11],
    '00280103': ['US', 0],
    '7fe00010': ['OW', values],
  };
  return { ...elements, ...more };
}
