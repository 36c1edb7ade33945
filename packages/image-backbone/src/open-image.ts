import { InputError } from '@cxr-align/files';
import type { Metadata, Sharp } from 'sharp';
import { decodeDicom } from './dicom/decode-dicom.js';
import { isDicom } from './dicom/open-dicom.js';
import { loadSharp } from './load-sharp.js';
import { lumaOf } from './luma.js';
import { refuseHollowPng } from './png-size.js';
import {
  sampleRange,
  significantBits,
  toBytes,
  type DeepSamples,
  type RangeHints,
  type SampleRange,
} from './sample-range.js';
import type { GreyPixels } from './grey-png.js';
import { readTiffFacts, withTiffValue, type TiffFacts } from './tiff-tags.js';

/** The most pixels that an image may claim to have: more is refused from its header. */
export const pixelLimit = 100_000_000;

/** An image of 8 bits a sample, turned upright, whose pixels are not decoded yet. */
export interface OpenedImage {
  image: Sharp;
  /** Red, green and blue, else grey. */
  isColour: boolean;
}

const decoderOptions = { limitInputPixels: pixelLimit, failOn: 'error', animated: false, ignoreIcc: true } as const;

/**
 * Opens an image from its bytes; DICOM as it is shown. Values of more than 8 bits are brought to 8 by {@link sampleRange}. Colour
 * profiles are not applied, as PIL does not.
 *
 * @param bits that 16-bit files of the data set use, where that is known.
 * @throws {InputError} if it is empty, has several pages, or its samples are of a kind that is not read.
 */
export async function openImage(bytes: Uint8Array, name: string, bits?: number): Promise<OpenedImage> {
  if (bytes.length === 0) throw new InputError('expected an image, got an empty file; copy it again', { file: name });
  if (isDicom(bytes)) return opened(await decodeDicom(bytes, name), 1);
  const { image, metadata, tiff } = await openFile(bytes, name);
  if (metadata.depth === 'uchar') return { image, isColour: isColour(metadata) };
  const { samples, info } = await deepSamples(image, metadata, tiff, bytes);
  const range = sampleRange(samples, { ...hintsOf(bytes, tiff), bits }, name);
  const data = toBytes(samples, range);
  if (tiff?.photometric === 0) for (let i = 0; i < data.length; i++) data[i] = 255 - data[i];
  return opened({ data, width: info.width, height: info.height }, info.channels);
}

async function opened({ data, width, height }: GreyPixels, channels: number): Promise<OpenedImage> {
  const sharp = await loadSharp();
  return { image: sharp(data, { raw: { width, height, channels: channels as 1 | 3 } }), isColour: channels === 3 };
}

/** The pixels of an opened image at full size, as grey values: colour as its luma. */
export async function greyOf({ image, isColour }: OpenedImage): Promise<GreyPixels> {
  const { data, info } = await image
    .toColourspace(isColour ? 'srgb' : 'b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
  return { data: isColour ? lumaOf(bytes, { channels }) : bytes, width, height };
}

/** The samples of a file of more than 8 bits as they are stored, and their range; undefined for 8 bits and DICOM. */
export async function deepRange(
  bytes: Uint8Array,
  name: string,
): Promise<{ range: SampleRange; kind: 'unsigned' | 'signed' | 'float' } | undefined> {
  const { image, metadata, tiff } = await openFile(bytes, name);
  if (metadata.depth === 'uchar') return undefined;
  const { samples } = await deepSamples(image, metadata, tiff, bytes);
  const kind = samples instanceof Float32Array ? 'float' : tiff?.format === 2 ? 'signed' : 'unsigned';
  return { range: sampleRange(samples, hintsOf(bytes, tiff), name), kind };
}

interface OpenedFile {
  image: Sharp;
  metadata: Metadata;
  tiff: TiffFacts | undefined;
}

async function openFile(bytes: Uint8Array, name: string): Promise<OpenedFile> {
  refuseHollowPng(bytes, name);
  const tiff = readTiffFacts(bytes);
  if (tiff) refuseTiff(tiff, name);
  const sharp = await loadSharp();
  const image = sharp(readable(bytes, tiff), decoderOptions).autoOrient().removeAlpha();
  const metadata = await image.metadata();
  const pages = tiff?.pages ?? metadata.pages ?? 1;
  if (pages > 1)
    throw new InputError(`expected one image, got ${pages} pages; save the page to be read as a file of its own`, {
      file: name,
    });
  return { image, metadata, tiff };
}

/** Kinds of samples that the decoder reads wrong or not at all. */
function refuseTiff({ bits, samples, format }: TiffFacts, file: string): void {
  const kind = format === 3 ? 'floating-point ' : format === 2 ? 'signed ' : '';
  const isRead =
    format === 3 ? bits === 32 && samples === 1 : format === 2 ? samples === 1 : format === 1 || format === 4;
  if (!isRead || ![1, 2, 4, 8, 16, 32].includes(bits) || (bits === 32 && samples > 2))
    throw new InputError(
      `expected a TIFF of whole numbers up to 32 bits or grey floating-point numbers of 32, got ${samples} ${kind}samples of ${bits} bits; convert it to 16-bit PNG`,
      { file },
    );
}

/** The file with tags that the decoder obeys only in part: it clips signed numbers of 16 bits, and inverts some depths. */
function readable(bytes: Uint8Array, tiff: TiffFacts | undefined): Uint8Array {
  if (!tiff) return bytes;
  const { places, format, bits, photometric } = tiff;
  const isSigned16 = format === 2 && bits === 16 && places.format !== undefined;
  const plain = isSigned16 ? withTiffValue(bytes, places.format!, 1) : bytes;
  const isInverted = photometric === 0 && bits > 8 && places.photometric !== undefined;
  return isInverted ? withTiffValue(plain, places.photometric!, 1) : plain;
}

function isColour({ space }: Metadata): boolean {
  return space !== 'b-w' && space !== 'grey16';
}

const arrays = {
  char: Int8Array,
  ushort: Uint16Array,
  short: Int16Array,
  uint: Uint32Array,
  int: Int32Array,
  float: Float32Array,
} as const;

/** The numbers of a file of more than 8 bits, as they are stored. */
async function deepSamples(
  image: Sharp,
  metadata: Metadata,
  tiff: TiffFacts | undefined,
  bytes: Uint8Array,
): Promise<{ samples: DeepSamples; info: { width: number; height: number; channels: number } }> {
  const depth = metadata.depth as keyof typeof arrays;
  if (!(depth in arrays)) throw new Error(`unsupported depth ${metadata.depth} of ${bytes.length} bytes`);
  const space = depth === 'ushort' ? (isColour(metadata) ? 'rgb16' : 'grey16') : 'b-w';
  const { data, info } = await image.toColourspace(space).raw({ depth }).toBuffer({ resolveWithObject: true });
  const Samples = tiff?.format === 2 && depth === 'ushort' ? Int16Array : arrays[depth];
  const own = new Uint8Array(data).buffer;
  return { samples: new Samples(own), info };
}

function hintsOf(bytes: Uint8Array, tiff: TiffFacts | undefined): RangeHints {
  if (tiff) return { lowest: tiff.lowest, highest: tiff.highest };
  return bytes[0] === 0x89 ? { declaredBits: significantBits(bytes) } : {};
}
