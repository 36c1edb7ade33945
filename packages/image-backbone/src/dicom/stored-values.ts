import { InputError } from '@cxr-align/files';
import sharp from 'sharp';
import type { DicomHeader, ParsedDicom } from './parse-dicom.js';
import type { PixelCoding } from './transfer-syntaxes.js';

/** The transfer syntax by which the codec package knows each coding that sharp does not read. */
const codecSyntaxes: Partial<Record<PixelCoding, string>> = {
  'jpeg-lossless': '1.2.840.10008.1.2.4.70',
  'jpeg-ls': '1.2.840.10008.1.2.4.80',
  'jpeg-2000': '1.2.840.10008.1.2.4.90',
  rle: '1.2.840.10008.1.2.5',
};

/**
 * The values of a grey image as they are stored, before rescaling and window; of a colour image, their luma.
 *
 * @returns rows × columns values, whole numbers for grey images.
 * @throws {InputError} if the pixels cannot be decoded, or are fewer or more than the header says.
 */
export async function storedValues({ header, data }: ParsedDicom, file: string): Promise<Int32Array> {
  const { rows, columns, samplesPerPixel, bitsAllocated, coding, syntax } = header;
  const expected = rows * columns * samplesPerPixel * (bitsAllocated / 8);
  let bytes: Uint8Array;
  try {
    if (coding === 'little-endian') bytes = data;
    else if (coding === 'big-endian') bytes = bitsAllocated === 16 ? swapped(data) : data;
    else if (coding === 'jpeg') return await jpegValues(header, data, file);
    else bytes = await decoded(codecSyntaxes[coding]!, header, data);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `expected sound ${syntax} pixels, got damaged ones (${reason.split('\n')[0].slice(0, 200)}); export it again`,
      { file },
    );
  }
  // An odd length is padded to an even one.
  if (bytes.length !== expected && bytes.length !== expected + (expected % 2))
    throw new InputError(
      `expected ${expected} bytes for ${columns} × ${rows} pixels of ${bitsAllocated} bits, got ${bytes.length}; the file is cut short or its header is wrong`,
      { file },
    );
  return samplesPerPixel === 3 ? lumaValues(header, bytes) : greyValues(header, bytes);
}

function swapped(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length & ~1);
  for (let at = 0; at + 1 < data.length; at += 2) {
    out[at] = data[at + 1];
    out[at + 1] = data[at];
  }
  return out;
}

/** The part that is used of a package without types. */
interface DicomCodec {
  decode: (
    frame: Uint8Array,
    info: {
      rows: number;
      columns: number;
      bitsAllocated: number;
      samplesPerPixel: number;
      signed: boolean;
      pixelRepresentation: 0 | 1;
      planarConfiguration: 0 | 1;
    },
    transferSyntax: string,
  ) => Promise<{ imageFrame: Uint8Array | Int8Array | Uint16Array | Int16Array }>;
}
/** Loaded when the first compressed file is met. */
const codecPackage: string = '@cornerstonejs/dicom-codec';

/** The first use of each codec: the others wait for it. */
const started = new Map<string, Promise<unknown>>();

async function decoded(syntax: string, header: DicomHeader, data: Uint8Array): Promise<Uint8Array> {
  const first = started.get(syntax);
  if (first) {
    await first.catch(() => {});
    return decodedBy(syntax, header, data);
  }
  const own = quietly(() => decodedBy(syntax, header, data));
  started.set(syntax, own);
  return own;
}

/**
 * OpenJPEG tells each of its steps by the `console.log` that it finds when it starts, on the stdout that commands print
 * their results to.
 */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = (...words: unknown[]) => {
    if (!String(words[0]).startsWith('[INFO]')) log(...words);
  };
  try {
    return await work();
  } finally {
    console.log = log;
  }
}

async function decodedBy(syntax: string, header: DicomHeader, data: Uint8Array): Promise<Uint8Array> {
  const { default: codec } = (await import(codecPackage)) as { default: DicomCodec };
  const { rows, columns, bitsAllocated, samplesPerPixel, signed, planar } = header;
  const { imageFrame } = await codec.decode(
    // Decoders read from the start of the buffer.
    data.slice(),
    {
      rows,
      columns,
      bitsAllocated,
      samplesPerPixel,
      signed,
      pixelRepresentation: signed ? 1 : 0,
      planarConfiguration: planar ? 1 : 0,
    },
    syntax,
  );
  return new Uint8Array(imageFrame.buffer, imageFrame.byteOffset, imageFrame.byteLength);
}

/** Baseline JPEG has 8 bits, and says itself whether it is grey or colour. */
async function jpegValues({ rows, columns }: DicomHeader, data: Uint8Array, file: string): Promise<Int32Array> {
  const { data: grey, info } = await sharp(data, { failOn: 'error', limitInputPixels: rows * columns })
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.width !== columns || info.height !== rows)
    throw new InputError(`expected ${columns} × ${rows} pixels, got ${info.width} × ${info.height}`, { file });
  return Int32Array.from(grey);
}

function greyValues({ rows, columns, bitsAllocated, bitsStored, highBit, signed }: DicomHeader, bytes: Uint8Array) {
  const values = new Int32Array(rows * columns);
  const shift = highBit + 1 - bitsStored;
  const unused = 32 - bitsStored;
  for (let i = 0; i < values.length; i++) {
    const raw = bitsAllocated === 8 ? bytes[i] : bytes[2 * i] | (bytes[2 * i + 1] << 8);
    // What lies above the stored bits (overlays of old) is shifted out, and the sign bit spread.
    const left = (raw >> shift) << unused;
    values[i] = signed ? left >> unused : left >>> unused;
  }
  return values;
}

/** ITU-R 601 luma; of YBR images it is the first sample. */
function lumaValues({ rows, columns, planar, photometric, coding }: DicomHeader, bytes: Uint8Array): Int32Array {
  const area = rows * columns;
  const [step, plane] = planar && coding !== 'jpeg-2000' ? [1, area] : [3, 1];
  const isYbr = photometric.startsWith('YBR') && coding !== 'jpeg-2000';
  return Int32Array.from({ length: area }, (_, i) => {
    const [a, b, c] = [0, 1, 2].map((sample) => bytes[i * step + sample * plane]);
    return isYbr ? a : Math.round(0.299 * a + 0.587 * b + 0.114 * c);
  });
}
