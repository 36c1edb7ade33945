import { faultReason } from '@cxr-align/files';
import dicomParser, { type DataSet } from 'dicom-parser';
import { readCodestream, type Codestream } from './codestream.js';
import type { Fail, OpenedDicom } from './open-dicom.js';
import type { DicomHeader } from './read-header.js';

/** The pixel data of an image as they are stored, and what a compressed stream states about itself. */
export interface PixelData {
  bytes: Uint8Array;
  codestream?: Codestream;
}

/**
 * Finds the pixel data. A compressed stream is read by what it is, also where the transfer syntax is another, and is refused
 * before it is decoded where it claims another size than the header.
 *
 * @throws {InputError} if there are none, or they do not belong to the header.
 */
export function pixelData({ data, remarks, fail }: OpenedDicom, header: DicomHeader): PixelData {
  const element = data.elements.x7fe00010;
  if (!element) return fail('expected pixel data in the DICOM file, got none; is it an image?');
  const isEncapsulated = element.fragments !== undefined;
  if (isEncapsulated === (header.coding === 'little-endian' || header.coding === 'big-endian'))
    return fail(
      `expected ${isEncapsulated ? 'native' : 'encapsulated'} pixel data of ${header.syntax}, got ${isEncapsulated ? 'encapsulated' : 'native'} ones; correct the transfer syntax`,
    );
  if (!isEncapsulated) {
    const bytes = data.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
    return { bytes: nativeBytes(bytes, element.vr === 'OB', header, remarks, fail) };
  }
  const bytes = fragments(data, element.fragments!.length, fail);
  if (header.coding === 'rle') return { bytes };
  const codestream = readCodestream(bytes);
  if (!codestream)
    return fail(`expected pixels in ${header.syntax}, got bytes of another kind; correct the transfer syntax`);
  if (codestream.coding !== header.coding) {
    remarks.push(`the transfer syntax says ${header.syntax}, the pixels are ${codestream.name}, and were read so`);
    Object.assign(header, { coding: codestream.coding, syntax: codestream.name });
  }
  refuseOtherSize(codestream, header, fail);
  return { bytes, codestream };
}

function fragments(data: DataSet, count: number, fail: Fail): Uint8Array {
  if (count === 0) return fail('expected encapsulated pixel data, got no fragment; export the file again');
  try {
    // One frame: all fragments belong to it, whatever the offset table says.
    const bytes = dicomParser.readEncapsulatedPixelDataFromFragments(data, data.elements.x7fe00010, 0, count);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (error) {
    return fail(`expected whole fragments of pixel data, got ${faultReason(error)}; export the file again`);
  }
}

/** The standard numbers tiles by 16 bits; the decoder makes something of each, however small. */
const mostTiles = 65_535;

function refuseOtherSize(codestream: Codestream, { rows, columns, samplesPerPixel }: DicomHeader, fail: Fail): void {
  const { width, height, components, name, bits, tiles = 1 } = codestream;
  if (width !== columns || height !== rows || components !== samplesPerPixel)
    fail(
      `expected ${columns} × ${rows} pixels of ${samplesPerPixel} samples as the header says, got ${name} of ${width} × ${height} with ${components}; export the file again`,
    );
  if (!(tiles <= mostTiles))
    fail(`expected at most ${mostTiles} tiles of JPEG 2000, got ${tiles}; export the file again`);
  const most = codestream.coding === 'jpeg' ? 8 : 16;
  if (bits > most)
    fail(
      `expected ${name} of at most ${most} bits, got ${bits}; convert it, for example by gdcmconv --raw or dcmdjpeg`,
    );
}

/**
 * Native pixels without the bytes after them.
 *
 * @see DICOM PS3.5 8.1.1: receivers should accept pixel data that are longer than the image, and ignore the rest.
 */
function nativeBytes(
  bytes: Uint8Array,
  isOfBytes: boolean,
  header: DicomHeader,
  remarks: string[],
  fail: Fail,
): Uint8Array {
  const { rows, columns, samplesPerPixel, bitsAllocated, photometric, coding } = header;
  const area = rows * columns;
  // Two pixels share their chroma: PS3.3 C.7.6.3.1.2. Some writers say so of pixels that each have their own.
  const isHalved = photometric === 'YBR_FULL_422' && bytes.length < 3 * area;
  const expected = isHalved ? 2 * area : area * samplesPerPixel * (bitsAllocated / 8);
  if (!isHalved && photometric === 'YBR_FULL_422') {
    remarks.push('the pixels are YBR_FULL, not YBR_FULL_422 as the header says');
    header.photometric = 'YBR_FULL';
  }
  if (bytes.length < expected)
    fail(
      `expected ${expected} bytes for ${columns} × ${rows} pixels of ${bitsAllocated} bits, got ${bytes.length}; the file is cut short or its header is wrong`,
    );
  // An odd length is padded to an even one.
  if (bytes.length > expected + (expected % 2))
    remarks.push(`${bytes.length - expected} bytes after the pixels were left out`);
  const isSwapped = coding === 'big-endian' && (bitsAllocated === 16 || !isOfBytes);
  return (isSwapped ? swapped(bytes) : bytes).subarray(0, expected);
}

function swapped(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length & ~1);
  for (let at = 0; at + 1 < data.length; at += 2) {
    out[at] = data[at + 1];
    out[at + 1] = data[at];
  }
  return out;
}
