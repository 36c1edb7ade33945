import { faultReason, InputError } from '@cxr-align/files';
import { loadSharp } from '../load-sharp.js';
import { lumaOf } from '../luma.js';
import { decodeFrame, decodeJpegLossless } from './codecs.js';
import type { Codestream } from './codestream.js';
import { lookUp } from './lookup-table.js';
import type { ParsedDicom } from './parse-dicom.js';
import type { DicomHeader } from './read-header.js';
import { decodeRle } from './rle.js';

/** Samples as a decoder gives them. */
interface Samples {
  bytes: Uint8Array;
  /** Bytes of a sample. */
  width: 1 | 2;
  isPlanar: boolean;
  /** Luma and chroma instead of red, green and blue. */
  isYbr: boolean;
}

/**
 * The values of a grey image as they are stored, before rescaling and window; of a colour or palette image, their luma.
 *
 * @returns rows × columns values, whole numbers for grey images.
 * @throws {InputError} if the pixels cannot be decoded, or are fewer or more than the header declares.
 */
export async function storedValues({ header, pixels }: ParsedDicom, file: string): Promise<Int32Array> {
  const { rows, columns, samplesPerPixel, syntax, coding } = header;
  const { bytes, codestream } = pixels;
  let samples: Samples;
  try {
    if (coding === 'jpeg') return await jpegValues(header, bytes, codestream!);
    samples = await decodeSamples(header, bytes, codestream, file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`expected sound ${syntax} pixels, got damaged ones (${faultReason(error)}); export it again`, {
      file,
    });
  }
  const area = rows * columns;
  const expected = isHalved(header) ? 2 * area : area * samplesPerPixel * samples.width;
  if (samples.bytes.length !== expected)
    throw new InputError(
      `expected ${expected} bytes for ${columns} × ${rows} pixels, got ${samples.bytes.length}; the file is cut short or its header is wrong`,
      { file },
    );
  if (samplesPerPixel === 3) return lumaValues(header, samples);
  const values = greyValues(header, samples);
  return header.palette ? paletteLuma(values, header.palette) : values;
}

async function decodeSamples(
  header: DicomHeader,
  data: Uint8Array,
  codestream: Codestream | undefined,
  file: string,
): Promise<Samples> {
  const { rows, columns, samplesPerPixel, bitsAllocated, coding, photometric, planar } = header;
  const width = bitsAllocated === 8 ? 1 : 2;
  const isYbr = photometric.startsWith('YBR_FULL');
  if (coding === 'little-endian' || coding === 'big-endian') return { bytes: data, width, isPlanar: planar, isYbr };
  if (coding === 'rle') {
    const layout = { area: rows * columns, samples: samplesPerPixel, bytes: width } as const;
    return { bytes: decodeRle(data, layout), width, isPlanar: true, isYbr };
  }
  const { bits, isPlanar, isTransformed } = codestream!;
  const decoded = { width: bits <= 8 ? 1 : 2, isPlanar, isYbr: isYbr && !isTransformed } as const;
  if (coding === 'jpeg-lossless') return { ...decoded, bytes: await decodeJpegLossless(data, codestream!, file) };
  return { ...decoded, bytes: await decodeFrame(data, codestream!, file) };
}

function isHalved({ photometric, coding }: DicomHeader): boolean {
  return photometric === 'YBR_FULL_422' && (coding === 'little-endian' || coding === 'big-endian');
}

/** JPEG of 8 bits: grey as it is, colour as its luma. */
async function jpegValues(header: DicomHeader, data: Uint8Array, codestream: Codestream): Promise<Int32Array> {
  const { rows, columns, samplesPerPixel, photometric } = header;
  // Without a marker that says otherwise, decoders take three components for luma and chroma.
  const isRgb = samplesPerPixel === 3 && photometric === 'RGB' && codestream.colours === 'unsaid';
  const sharp = await loadSharp();
  const image = sharp(isRgb ? withAdobeMarker(data) : data, {
    failOn: 'error',
    limitInputPixels: rows * columns,
    ignoreIcc: true,
  });
  const isGrey = samplesPerPixel === 1;
  const { data: bytes, info } = await image
    .toColourspace(isGrey ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== samplesPerPixel) throw new Error(`${info.channels} components`);
  return isGrey ? Int32Array.from(bytes) : Int32Array.from(lumaOf(bytes, { channels: 3 }));
}

/** The file with Adobe's marker that declares: these are red, green and blue. */
function withAdobeMarker(data: Uint8Array): Uint8Array {
  const marker = [0xff, 0xee, 0, 14, ...Buffer.from('Adobe', 'latin1'), 0, 100, 0, 0, 0, 0, 0];
  return Buffer.concat([data.subarray(0, 2), Uint8Array.from(marker), data.subarray(2)]);
}

function greyValues({ rows, columns, bitsStored, highBit, signed }: DicomHeader, { bytes, width }: Samples) {
  const values = new Int32Array(rows * columns);
  const shift = width === 1 && highBit > 7 ? 0 : highBit + 1 - bitsStored;
  const unused = 32 - bitsStored;
  for (let i = 0; i < values.length; i++) {
    const raw = width === 1 ? bytes[i] : bytes[2 * i] | (bytes[2 * i + 1] << 8);
    // What lies above the stored bits (overlays of old) is shifted out, and the sign bit spread.
    const left = (raw >> shift) << unused;
    values[i] = signed ? left >> unused : left >>> unused;
  }
  return values;
}

/** ITU-R 601 luma; of luma and chroma it is the first sample. */
function lumaValues(header: DicomHeader, { bytes, isPlanar, isYbr, width }: Samples): Int32Array {
  const area = header.rows * header.columns;
  if (width === 2) bytes = bytes.filter((_, i) => i % 2 === 0);
  if (isHalved(header)) {
    // Y₁ Y₂ Cb Cr for two pixels.
    return Int32Array.from({ length: area }, (_, i) => bytes[4 * (i >> 1) + (i & 1)]);
  }
  const [step, plane] = isPlanar ? [1, area] : [3, 1];
  if (isYbr) return Int32Array.from({ length: area }, (_, i) => bytes[i * step]);
  return Int32Array.from(lumaOf(bytes, { channels: step, plane }));
}

function paletteLuma(values: Int32Array, palette: NonNullable<DicomHeader['palette']>): Int32Array {
  const colours = palette.map((table) => {
    const entry = lookUp(table);
    return (value: number): number => (table.bits > 8 ? entry(value) >> (table.bits - 8) : entry(value));
  });
  const bytes = new Uint8Array(3 * values.length);
  values.forEach((value, i) => colours.forEach((colour, c) => (bytes[3 * i + c] = colour(value))));
  return Int32Array.from(lumaOf(bytes, { channels: 3 }));
}
