import { inflateRawSync } from 'node:zlib';
import { InputError } from '@cxr-align/files';
import dicomParser, { type DataSet } from 'dicom-parser';
import { otherSyntaxes, transferSyntaxes, type PixelCoding } from './transfer-syntaxes.js';

/** What a table of a VOI or modality LUT maps. */
export interface LookupTable {
  /** The first stored value that it maps; smaller ones take its first entry. */
  first: number;
  /** Bits of an entry. */
  bits: number;
  entries: Float64Array;
}

/** What the pixels of a DICOM file need to be read and shown. Nothing of it says who the patient is. */
export interface DicomHeader {
  rows: number;
  columns: number;
  samplesPerPixel: number;
  planar: boolean;
  photometric: string;
  bitsAllocated: number;
  bitsStored: number;
  highBit: number;
  signed: boolean;
  slope: number;
  intercept: number;
  modalityTable?: LookupTable;
  window?: { center: number; width: number; kind: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID' };
  voiTable?: LookupTable;
  /** Stored values that are no picture. */
  padding?: { from: number; to: number };
  coding: PixelCoding;
  syntax: string;
}

/** A DICOM file in its parts: the header, and the pixel data as they are stored. */
export interface ParsedDicom {
  header: DicomHeader;
  data: Uint8Array;
}

/** The most bytes that a deflated file may unpack to. */
const inflatedLimit = 2 ** 30;
/** The most pixels that an image may have. */
const pixelLimit = 100_000_000;

/** True for a file that starts as DICOM files do. */
export function isDicom(bytes: Uint8Array): boolean {
  return bytes.length > 132 && new TextDecoder('latin1').decode(bytes.subarray(128, 132)) === 'DICM';
}

/**
 * Reads the header of a DICOM file and finds its pixels.
 *
 * @throws {InputError} if the file is cut short or broken, has no pixels or several frames, or is of a transfer syntax or
 * kind of pixel that is not read.
 */
export function parseDicom(bytes: Uint8Array, file: string): ParsedDicom {
  const fail = (message: string): never => {
    throw new InputError(message, { file });
  };
  let data: DataSet;
  let uid: string;
  try {
    const meta = dicomParser.readPart10Header(bytes) as DataSet & { position: number };
    uid = meta.string('x00020010') ?? '';
    data = dicomParser.parseDicom(uid === deflated ? inflate(bytes, meta) : bytes);
  } catch (error) {
    // The parser throws texts and objects, too; none of them holds a value of the file.
    const reason = error instanceof Error ? error.message : ((error as { exception?: string }).exception ?? error);
    return fail(`expected a sound DICOM file, got a broken one (${String(reason).split('\n')[0]}); export it again`);
  }
  const syntax = transferSyntaxes.get(uid);
  if (!syntax)
    return fail(
      `expected a DICOM transfer syntax of ${[...transferSyntaxes.values()].map(({ name }) => name).join(', ')}, got ${otherSyntaxes.get(uid) ?? (uid || 'none')}; convert it, say by gdcmconv --raw or dcmdjpeg`,
    );
  const header = readHeader(data, syntax, fail);
  return { header, data: pixelBytes(data, header, fail) };
}

const deflated = '1.2.840.10008.1.2.1.99';

/** The same file, not deflated: what follows the meta header is unpacked, and the transfer syntax cut to the plain one. */
function inflate(bytes: Uint8Array, { position, elements }: DataSet & { position: number }): Uint8Array {
  const rest = inflateRawSync(bytes.subarray(position), { maxOutputLength: inflatedLimit });
  const whole = new Uint8Array(position + rest.length);
  whole.set(bytes.subarray(0, position));
  whole.set(rest, position);
  const { dataOffset, length } = elements['x00020010'];
  whole.fill(0, dataOffset + '1.2.840.10008.1.2.1'.length, dataOffset + length);
  return whole;
}

type Fail = (message: string) => never;

function readHeader(data: DataSet, syntax: { name: string; coding: PixelCoding }, fail: Fail): DicomHeader {
  const whole = (tag: string, name: string, otherwise?: number): number => {
    const value = data.elements[tag] === undefined ? undefined : data.uint16(tag);
    return value ?? otherwise ?? fail(`expected ${name} in the DICOM header, got none; is it an image?`);
  };
  const rows = whole('x00280010', 'Rows');
  const columns = whole('x00280011', 'Columns');
  const bitsAllocated = whole('x00280100', 'Bits Allocated');
  const bitsStored = whole('x00280101', 'Bits Stored', bitsAllocated);
  const samplesPerPixel = whole('x00280002', 'Samples per Pixel', 1);
  const highBit = whole('x00280102', 'High Bit', bitsStored - 1);
  const photometric = data.string('x00280004')?.trim() ?? 'MONOCHROME2';
  const frames = Number(data.string('x00280008') ?? 1);
  if (rows === 0 || columns === 0 || rows * columns > pixelLimit)
    fail(`expected 1 to ${pixelLimit / 1e6} million pixels, got ${columns} × ${rows}`);
  if (frames > 1) fail(`expected one frame, got ${frames}; export the frame that is wanted as a file of its own`);
  if (bitsAllocated !== 8 && bitsAllocated !== 16) fail(`expected 8 or 16 bits a value, got ${bitsAllocated}`);
  if (bitsStored < 1 || bitsStored > bitsAllocated || highBit < bitsStored - 1 || highBit >= bitsAllocated)
    fail(`expected stored bits within ${bitsAllocated}, got ${bitsStored} with the high bit ${highBit}`);
  const isGrey = samplesPerPixel === 1 && /^MONOCHROME[12]$/.test(photometric);
  const isColour = samplesPerPixel === 3 && /^(RGB|YBR_(FULL|FULL_422|ICT|RCT))$/.test(photometric);
  if (!isGrey && !isColour)
    fail(`expected MONOCHROME1, MONOCHROME2, RGB or YBR, got ${photometric} with ${samplesPerPixel} samples a pixel`);
  if (isColour && bitsAllocated !== 8) fail(`expected 8 bits a value of a colour image, got ${bitsAllocated}`);
  const signed = whole('x00280103', 'Pixel Representation', 0) === 1;
  return {
    rows,
    columns,
    samplesPerPixel,
    planar: whole('x00280006', 'Planar Configuration', 0) === 1,
    photometric,
    bitsAllocated,
    bitsStored,
    highBit,
    signed,
    slope: decimal(data, 'x00281053') ?? 1,
    intercept: decimal(data, 'x00281052') ?? 0,
    modalityTable: lookupTable(data, 'x00283000', signed),
    window: windowOf(data),
    voiTable: lookupTable(data, 'x00283010', signed),
    padding: paddingOf(data, signed),
    coding: syntax.coding,
    syntax: syntax.name,
  };
}

/** The first of the decimal numbers of an element. */
function decimal(data: DataSet, tag: string): number | undefined {
  const value = Number(data.string(tag, 0)?.split('\\')[0] || NaN);
  return Number.isFinite(value) ? value : undefined;
}

function windowOf(data: DataSet): DicomHeader['window'] {
  const center = decimal(data, 'x00281050');
  const width = decimal(data, 'x00281051');
  if (center === undefined || width === undefined || width <= 0) return undefined;
  const kind = data.string('x00281056')?.trim();
  return { center, width, kind: kind === 'SIGMOID' || kind === 'LINEAR_EXACT' ? kind : 'LINEAR' };
}

function paddingOf(data: DataSet, signed: boolean): DicomHeader['padding'] {
  const read = (tag: string): number | undefined =>
    data.elements[tag] === undefined ? undefined : signed ? data.int16(tag) : data.uint16(tag);
  const value = read('x00280120');
  if (value === undefined) return undefined;
  const limit = read('x00280121') ?? value;
  return { from: Math.min(value, limit), to: Math.max(value, limit) };
}

/** The first table of a sequence of LUTs. */
function lookupTable(data: DataSet, sequence: string, signed: boolean): LookupTable | undefined {
  const item = data.elements[sequence]?.items?.[0]?.dataSet;
  const element = item?.elements['x00283006'];
  if (!item || !element) return undefined;
  const count = item.uint16('x00283002', 0) || 2 ** 16;
  const first = signed ? item.int16('x00283002', 1) : item.uint16('x00283002', 1);
  const bits = item.uint16('x00283002', 2) ?? 16;
  // Entries of 8 bits may be packed or take 16 each.
  const packed = element.length < 2 * count;
  if (element.length < count) return undefined;
  const entries = Float64Array.from({ length: count }, (_, i) =>
    packed ? item.byteArray[element.dataOffset + i] : item.uint16('x00283006', i)!,
  );
  return { first: first ?? 0, bits, entries };
}

function pixelBytes(data: DataSet, { coding }: DicomHeader, fail: Fail): Uint8Array {
  const element = data.elements['x7fe00010'];
  if (!element) return fail('expected pixel data in the DICOM file, got none; is it an image?');
  const isEncapsulated = element.fragments !== undefined;
  if (isEncapsulated === (coding === 'little-endian' || coding === 'big-endian'))
    return fail(
      `expected ${isEncapsulated ? 'plain' : 'encapsulated'} pixel data of this transfer syntax, got the other`,
    );
  if (!isEncapsulated) return data.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
  if (element.fragments!.length === 0) return fail('expected encapsulated pixel data, got no fragment');
  try {
    // One frame: all fragments belong to it, whatever the offset table says.
    const bytes = dicomParser.readEncapsulatedPixelDataFromFragments(data, element, 0, element.fragments!.length);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (error) {
    return fail(`expected whole fragments of pixel data, got ${String((error as Error).message ?? error)}`);
  }
}
