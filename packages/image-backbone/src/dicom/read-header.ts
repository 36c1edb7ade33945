import type { DataSet } from 'dicom-parser';
import { bitsNeeded, lookupTable, type LookupTable } from './lookup-table.js';
import type { Fail, OpenedDicom } from './open-dicom.js';
import type { PixelCoding } from './transfer-syntaxes.js';

/** A window: the range of values that is shown from black to white. */
export interface DicomWindow {
  center: number;
  width: number;
  kind: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';
}

/** What the pixels of a DICOM file need to be read and shown. Nothing of it identifies the patient. */
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
  window?: DicomWindow;
  voiTable?: LookupTable;
  /** Red, green and blue of a palette image. */
  palette?: readonly LookupTable[];
  /** Stored values outside of the picture. */
  padding?: { from: number; to: number };
  coding: PixelCoding;
  syntax: string;
}

/** The most pixels that an image may have. */
const pixelLimit = 100_000_000;

/**
 * Reads the header of a DICOM image.
 *
 * @throws {InputError} if there is no image, it has several frames, or its pixels are of a kind that is not read.
 */
export function readHeader({ data, syntax, remarks, fail }: OpenedDicom): DicomHeader {
  const layout = pixelLayout(data, fail);
  const { samplesPerPixel, photometric, signed, bitsStored } = layout;
  const header: DicomHeader = { ...layout, slope: 1, intercept: 0, coding: syntax.coding, syntax: syntax.name };
  const isBigEndian = syntax.coding === 'big-endian';
  if (photometric === 'PALETTE COLOR') header.palette = paletteOf(data, signed, isBigEndian, fail);
  if (samplesPerPixel === 3 || header.palette) return header;
  const find = elementFinder(data);
  const decimal = (tag: string, name: string): number | undefined => decimalOf(find(tag), tag, name, remarks);
  const slope = decimal('x00281053', 'Rescale Slope');
  if (slope === 0)
    fail(
      'expected a Rescale Slope other than 0, got 0, which makes all pixels alike; export the file again, or correct it',
    );
  if (Number.isNaN(slope) || Number.isNaN(decimal('x00281052', 'Rescale Intercept')))
    fail('expected numbers as Rescale Slope and Rescale Intercept, got another text; export the file again');
  const intercept = decimal('x00281052', 'Rescale Intercept');
  const isRescaled = slope !== undefined || intercept !== undefined;
  Object.assign(header, { slope: slope ?? 1, intercept: intercept ?? 0 });
  const table = (sequence: string, name: string, isSigned: boolean): LookupTable | undefined => {
    const item = data.elements[sequence]?.items?.[0]?.dataSet;
    const elements = { name, descriptor: 'x00283002', entries: 'x00283006', isSigned, isBigEndian };
    return item && lookupTable(item, elements, fail);
  };
  header.modalityTable = table('x00283000', 'modality LUT', signed);
  const lowest = signed ? -(2 ** (bitsStored - 1)) : 0;
  const ends = [lowest, lowest + 2 ** bitsStored - 1].map((value) => header.slope * value + header.intercept);
  // PS3.3 C.11.2.1.1: signed where rescaled values may be negative; entries of a modality LUT never are.
  const isVoiSigned = header.modalityTable ? false : isRescaled ? Math.min(...ends) < 0 : signed;
  header.voiTable = withNeededBits(table('x00283010', 'VOI LUT', isVoiSigned), remarks);
  header.window = windowOf(find, decimal, remarks);
  header.padding = paddingOf(data, signed);
  return header;
}

type PixelLayout = Pick<
  DicomHeader,
  | 'rows'
  | 'columns'
  | 'samplesPerPixel'
  | 'planar'
  | 'photometric'
  | 'bitsAllocated'
  | 'bitsStored'
  | 'highBit'
  | 'signed'
>;

function pixelLayout(data: DataSet, fail: Fail): PixelLayout {
  refuseOtherObjects(data, fail);
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
  const photometric = data.string('x00280004')?.trim();
  const frames = Number(data.string('x00280008') ?? 1);
  if (rows === 0 || columns === 0 || rows * columns > pixelLimit)
    fail(`expected 1 to ${pixelLimit / 1e6} million pixels, got ${columns} × ${rows}`);
  if (frames !== 1) fail(`expected one frame, got ${frames}; export the frame to be read as a file of its own`);
  if (bitsAllocated !== 8 && bitsAllocated !== 16)
    fail(`expected 8 or 16 bits a value, got ${bitsAllocated}; convert the file to 16 bits`);
  if (bitsStored < 1 || bitsStored > bitsAllocated || highBit < bitsStored - 1 || highBit >= bitsAllocated)
    fail(
      `expected stored bits within ${bitsAllocated} and High Bit ${bitsStored - 1} or above, got ${bitsStored} with the high bit ${highBit}; export the file again`,
    );
  if (!photometric)
    return fail(
      'expected a Photometric Interpretation, got none, so that black cannot be told from white; export it again',
    );
  const isGrey = samplesPerPixel === 1 && /^(MONOCHROME[12]|PALETTE COLOR)$/.test(photometric);
  const isColour = samplesPerPixel === 3 && /^(RGB|YBR_(FULL|FULL_422|ICT|RCT))$/.test(photometric);
  if (!isGrey && !isColour)
    fail(
      `expected MONOCHROME1, MONOCHROME2, PALETTE COLOR, RGB or YBR_FULL, got ${photometric} with ${samplesPerPixel} samples a pixel; convert it, for example by gdcmconv`,
    );
  if (isColour && bitsAllocated !== 8)
    fail(`expected 8 bits a value of a colour image, got ${bitsAllocated}; convert it to 8 bits`);
  const signed = whole('x00280103', 'Pixel Representation', 0) === 1;
  const planar = whole('x00280006', 'Planar Configuration', 0) === 1;
  return { rows, columns, samplesPerPixel, planar, photometric, bitsAllocated, bitsStored, highBit, signed };
}

/** DICOM files that are no images of whole numbers, by what they are. */
function refuseOtherObjects(data: DataSet, fail: Fail): void {
  const { elements } = data;
  if (elements.x7fe00008 || elements.x7fe00009)
    fail('expected pixels of 8 or 16 bits, got floating-point pixels; convert them to 16-bit Pixel Data');
  if (!elements.x7fe00010 && !elements.x00280010) {
    const modality = data.string('x00080060')?.trim();
    fail(
      `expected Rows in the DICOM header, got none; is it an image?${modality ? ` Its Modality is ${modality}` : ''}`,
    );
  }
}

/** Finds an element in the data set, or in the functional groups of an enhanced object's one frame. */
function elementFinder(data: DataSet): (tag: string) => DataSet | undefined {
  const macros = ['x00289132', 'x00289145']; // Frame VOI LUT, Pixel Value Transformation
  const groups = ['x52009230', 'x52009229'].flatMap((sequence) => {
    const item = data.elements[sequence]?.items?.[0]?.dataSet;
    return macros.flatMap((macro) => item?.elements[macro]?.items?.[0]?.dataSet ?? []);
  });
  return (tag) => [data, ...groups].find((one) => one.elements[tag] !== undefined);
}

/** The first number of an element; undefined where it is absent or blank, NaN where it is no number. */
function decimalOf(data: DataSet | undefined, tag: string, name: string, remarks: string[]): number | undefined {
  const text = data?.string(tag, 0)?.split('\\')[0].trim();
  if (!text) return undefined;
  const value = Number(text.replace(/^([+-]?\d+),(\d+)$/, '$1.$2'));
  const remark = `${name} has a decimal comma, and was read with a point`;
  if (text.includes(',') && Number.isFinite(value) && !remarks.includes(remark)) remarks.push(remark);
  return Number.isFinite(value) ? value : NaN;
}

type Find = (tag: string) => DataSet | undefined;

/** The first window; one that the standard does not allow is left out with a remark. @see DICOM PS3.3 C.11.2.1.2, C.11.2.1.3. */
function windowOf(
  find: Find,
  decimal: (tag: string, name: string) => number | undefined,
  remarks: string[],
): DicomWindow | undefined {
  const center = decimal('x00281050', 'Window Center');
  const width = decimal('x00281051', 'Window Width');
  if (center === undefined && width === undefined) return undefined;
  const name = find('x00281056')?.string('x00281056')?.trim().toUpperCase();
  const kind = name === 'SIGMOID' || name === 'LINEAR_EXACT' ? name : 'LINEAR';
  if (name && name !== kind) remarks.push('the VOI LUT Function is not known, and was read as LINEAR');
  const isAllowed = Number.isFinite(center) && (kind === 'LINEAR' ? width! >= 1 : width! > 0);
  if (!isAllowed) {
    remarks.push('the window is not one that the standard allows, and was left out');
    return undefined;
  }
  return { center: center!, width: width!, kind };
}

function paddingOf(data: DataSet, signed: boolean): DicomHeader['padding'] {
  const read = (tag: string): number | undefined =>
    data.elements[tag] === undefined ? undefined : signed ? data.int16(tag) : data.uint16(tag);
  const value = read('x00280120');
  if (value === undefined) return undefined;
  const limit = read('x00280121') ?? value;
  return { from: Math.min(value, limit), to: Math.max(value, limit) };
}

/** Some writers say 16 bits of entries that need 10 or 12, or 8 of wider ones: the entries decide. */
function withNeededBits(table: LookupTable | undefined, remarks: string[]): LookupTable | undefined {
  if (!table) return undefined;
  const bits = bitsNeeded(table.entries);
  if (bits === table.bits) return table;
  remarks.push(`the VOI LUT says ${table.bits} bits, its largest entry needs ${bits}, by which it was scaled`);
  return { ...table, bits };
}

/** The three tables of a palette. @see DICOM PS3.3 C.7.6.3.1.5, C.7.6.3.1.6. */
function paletteOf(data: DataSet, isSigned: boolean, isBigEndian: boolean, fail: Fail): readonly LookupTable[] {
  if (data.elements.x00281221) return fail('expected a plain palette, got a segmented one; convert it to RGB');
  const tables = ['red', 'green', 'blue'].map((name, i) => {
    const [descriptor, entries] = [`x0028110${i + 1}`, `x0028120${i + 1}`];
    const table = lookupTable(data, { name: `${name} palette`, descriptor, entries, isSigned, isBigEndian }, fail);
    return table ?? fail(`expected a ${name} palette, got none; convert the file to RGB`);
  });
  // Some writers say 16 bits of entries up to 255.
  const bits = tables.every(({ entries }) => bitsNeeded(entries) <= 8) ? 8 : tables[0].bits;
  return tables.map((table) => ({ ...table, bits }));
}
