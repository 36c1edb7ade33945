import { inflateRawSync } from 'node:zlib';
import { faultReason, InputError, withTimeLimit } from '@cxr-align/files';
import dicomParser, { type DataSet } from 'dicom-parser';
import { otherSyntaxes, syntaxUids, transferSyntaxes, type TransferSyntax } from './transfer-syntaxes.js';

/** Refuses the file with a message. */
export type Fail = (message: string) => never;

/** A DICOM file as its elements. */
export interface OpenedDicom {
  data: DataSet;
  syntax: TransferSyntax;
  /** What of the file departs from the standard and how it was read all the same. */
  remarks: string[];
  fail: Fail;
}

/** The most bytes that a deflated file may unpack to: a small one fills no memory. */
const inflatedLimit = (packed: number): number => Math.min(2 ** 30, 2 ** 28 + 50 * packed);
const preambleBytes = 128;

/** True for bytes that start as DICOM files do, also without the preamble of 128 bytes or the mark DICM after it. */
export function isDicom(bytes: Uint8Array): boolean {
  return hasMark(bytes) || dataSetStart(bytes) !== undefined;
}

/**
 * Reads the elements of a DICOM file.
 *
 * Files without preamble, mark or meta header are read in the encoding that their first element shows, and so is a data set that
 * is encoded otherwise than its meta header declares, as pydicom does.
 *
 * @param untilPixels stops before the pixel data.
 * @throws {InputError} if the file is cut short or broken, or its transfer syntax is not read.
 * @see DICOM PS3.10 7.1 (preamble, meta header), PS3.5 7.1 (encodings of an element).
 */
export function openDicom(bytes: Uint8Array, file: string, untilPixels = false): OpenedDicom {
  const fail: Fail = (message) => {
    throw new InputError(message, { file });
  };
  const remarks: string[] = [];
  const options = untilPixels ? { untilTag: 'x7fe00010' } : undefined;
  try {
    const { whole, uid } = asWritten(withMeta(bytes, remarks), remarks);
    const syntax = transferSyntaxes.get(uid);
    if (!syntax)
      return fail(
        `expected a DICOM transfer syntax of ${[...transferSyntaxes.values()].map(({ name }) => name).join(', ')}, got ${otherSyntaxes.get(uid) ?? (uid || 'none')}; convert it, for example by gdcmconv --raw or dcmdjpeg`,
      );
    const data = withTimeLimit({ file }, () => dicomParser.parseDicom(whole, options));
    return { data, syntax, remarks, fail };
  } catch (error) {
    if (error instanceof InputError) throw error;
    // The parser throws texts and objects, too; none of them holds a value of the file.
    const reason = faultReason((error as { exception?: string }).exception ?? error);
    return fail(`expected a sound DICOM file, got a broken one (${reason}); export it again`);
  }
}

function hasMark(bytes: Uint8Array): boolean {
  return bytes.length > preambleBytes + 4 && latin1(bytes, preambleBytes, 4) === 'DICM';
}

/** Where the elements of a file without the mark DICM start: at once, or after an empty preamble. */
function dataSetStart(bytes: Uint8Array): number | undefined {
  if (encodingAt(bytes, 0)) return 0;
  const isEmptyPreamble = bytes.length > preambleBytes && bytes.subarray(0, preambleBytes).every((byte) => byte === 0);
  return isEmptyPreamble && encodingAt(bytes, preambleBytes) ? preambleBytes : undefined;
}

/** The file with the preamble, the mark and the meta header that every DICOM file should have. */
function withMeta(bytes: Uint8Array, remarks: string[]): Uint8Array {
  const isMarked = hasMark(bytes);
  const start = isMarked ? preambleBytes + 4 : (dataSetStart(bytes) ?? 0);
  if (!isMarked) remarks.push('the preamble or its mark DICM is missing');
  if (groupAt(bytes, start) === 2) return isMarked ? bytes : joined(new Uint8Array(0), bytes.subarray(start));
  const encoding = encodingAt(bytes, start);
  if (!encoding) return bytes;
  remarks.push(`the meta header is missing; read as ${transferSyntaxes.get(encoding)!.name}`);
  return joined(metaHeader(encoding), bytes.subarray(start));
}

/** The file in the encoding of its data set, whatever its meta header declares; unpacked if it is deflated. */
function asWritten(bytes: Uint8Array, remarks: string[]): { whole: Uint8Array; uid: string } {
  const meta = dicomParser.readPart10Header(bytes) as DataSet & { position: number };
  const uid = meta.string('x00020010')?.trim() ?? '';
  const rest = bytes.subarray(meta.position);
  if (uid === syntaxUids.deflated) {
    const unpacked = inflateRawSync(rest, { maxOutputLength: inflatedLimit(rest.length) });
    return { whole: joined(metaHeader(syntaxUids.explicitLittleEndian), unpacked), uid };
  }
  const found = encodingAt(rest, 0);
  const declared = transferSyntaxes.get(uid);
  if (!declared || !found || found === encodingOf(uid)) return { whole: bytes, uid };
  const isNative = declared.coding === 'little-endian' || declared.coding === 'big-endian';
  // Compressed pixels lie in explicit little endian alone.
  if (!isNative) return { whole: bytes, uid };
  remarks.push(
    `the meta header says ${declared.name}, the data set is ${transferSyntaxes.get(found)!.name}, and was read so`,
  );
  return { whole: joined(metaHeader(found), rest), uid: found };
}

/** The encoding of the elements in a transfer syntax. */
function encodingOf(uid: string): string {
  const { implicitLittleEndian, explicitBigEndian, explicitLittleEndian } = syntaxUids;
  return uid === implicitLittleEndian || uid === explicitBigEndian ? uid : explicitLittleEndian;
}

/** The shortest data set starts with an element of the groups 0002 (meta header) or 0008 (identification). */
function encodingAt(bytes: Uint8Array, at: number): string | undefined {
  if (bytes.length < at + 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  const isExplicit = valueRepresentations.has(latin1(bytes, at + 4, 2));
  if (view.getUint16(0) === 8 && isExplicit) return syntaxUids.explicitBigEndian;
  const group = view.getUint16(0, true);
  if (group !== 2 && group !== 8) return undefined;
  if (isExplicit) return syntaxUids.explicitLittleEndian;
  const length = view.getUint32(4, true);
  const isPlausible = length % 2 === 0 && length <= 1024 && at + 8 + length <= bytes.length;
  return isPlausible && view.getUint16(2, true) < 0x1200 ? syntaxUids.implicitLittleEndian : undefined;
}

function groupAt(bytes: Uint8Array, at: number): number | undefined {
  return bytes.length < at + 2 ? undefined : bytes[at] | (bytes[at + 1] << 8);
}

/** DICOM PS3.5 6.2. */
const valueRepresentations = new Set(
  'AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV'.split(' '),
);

/** A meta header with nothing but the transfer syntax. */
function metaHeader(uid: string): Uint8Array {
  const value = Buffer.from(uid.length % 2 === 0 ? uid : `${uid}\0`, 'latin1');
  const head = Buffer.from([2, 0, 0, 0, 0x55, 0x4c, 4, 0, 0, 0, 0, 0, 2, 0, 0x10, 0, 0x55, 0x49, 0, 0]);
  head.writeUInt32LE(8 + value.length, 8);
  head.writeUInt16LE(value.length, 18);
  return Buffer.concat([head, value]);
}

function joined(meta: Uint8Array, rest: Uint8Array): Uint8Array {
  const whole = new Uint8Array(preambleBytes + 4 + meta.length + rest.length);
  whole.set([0x44, 0x49, 0x43, 0x4d], preambleBytes);
  whole.set(meta, preambleBytes + 4);
  whole.set(rest, preambleBytes + 4 + meta.length);
  return whole;
}

function latin1(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
