import { InputError } from '@cxr-align/files';

/** Numbers of a decoded file of more than 8 bits a sample. */
export type DeepSamples = Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array | Float32Array;

/** Which values of a file are black and white. */
export interface SampleRange {
  /** Black. */
  low: number;
  /** White. */
  high: number;
  /** Bits that whole numbers use: 8, 10, 12, 14, 16, 24 or 32; undefined of signed numbers below 0 and fractions. */
  bits?: number;
  /** The smallest and largest value of the file. */
  least: number;
  most: number;
}

/** What is known of the samples from elsewhere. */
export interface RangeHints {
  /** Bits that whole numbers use, as known of the data set: not looked for in the file. */
  bits?: number;
  /** Bits that the file declares: PNG's sBIT, where its values do not reach beyond them. */
  declaredBits?: number;
  /** The values that the file declares to be black and white: TIFF's (S)MinSampleValue and (S)MaxSampleValue. */
  lowest?: number;
  highest?: number;
}

/** Bits that detectors and converters use. */
const usualBits = [8, 10, 12, 14, 16, 24, 32];

/**
 * The range of values that becomes [0, 255], by one rule:
 *
 *   whole numbers from 0 on: [0, 2^bits − 1], with the bits known of the data set, else declared by the file, else the least of
 *   8, 10, 12, 14, 16, 24 and 32 that hold its largest value
 *   numbers below 0 and fractions: the values that the file declares, else [0, 1] where they reach from 0 beyond one half of it,
 *   else from the smallest to the largest
 *
 * so that images of one detector keep one scale, and a file of 12 bits in 16 is no darker than one of 16.
 *
 * @throws {InputError} if there is a number that is not finite, or one that needs more bits than those known of the data set.
 */
export function sampleRange(samples: DeepSamples, hints: RangeHints, file: string): SampleRange {
  let [least, most] = [Infinity, -Infinity];
  for (const value of samples) {
    if (!Number.isFinite(value))
      throw new InputError(`expected finite pixels, got ${value}; replace it or leave the image out`, { file });
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const { bits = declaredBits(most, hints), lowest, highest } = hints;
  const isWhole = !(samples instanceof Float32Array) && least >= 0;
  if (isWhole && most >= 2 ** bits)
    throw new InputError(
      `expected pixels of ${bits} bits as given for the data set, got ${most}; give more bits, or leave the image out`,
      { file },
    );
  if (isWhole) return { low: 0, high: 2 ** bits - 1, bits, least, most };
  if (lowest !== undefined && highest !== undefined && lowest < highest && least >= lowest && most <= highest)
    return { low: lowest, high: highest, least, most };
  const isUnit = samples instanceof Float32Array && least >= 0 && most <= 1 && most > 0.5;
  return isUnit ? { low: 0, high: 1, least, most } : { low: least, high: most, least, most };
}

function declaredBits(most: number, hints: RangeHints): number {
  const declared = hints.declaredBits ?? (hints.highest ? Math.floor(Math.log2(hints.highest)) + 1 : 0);
  if (declared >= 8 && declared <= 32 && most < 2 ** declared) return declared;
  return usualBits.find((bits) => most < 2 ** bits) ?? 32;
}

/** Samples as grey or colour values in [0, 255]: of whole numbers the upper 8 bits of those in use. */
export function toBytes(samples: DeepSamples, { low, high, bits }: SampleRange): Uint8Array {
  const span = high === low ? Infinity : high - low;
  const step = bits === undefined ? 0 : 2 ** (bits - 8);
  const grey = bits === undefined ? (v: number) => Math.round(((v - low) / span) * 255) : (v: number) => v / step;
  // Clamped arrays round halves to even: floor first.
  return Uint8Array.from(samples, (value) => Math.min(255, Math.max(0, Math.floor(grey(value)))));
}

/** Bits that PNG's sBIT chunk declares: the most of its channels. @see PNG 11.3.2.5. */
export function significantBits(png: Uint8Array): number | undefined {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  for (let at = 8; at + 12 <= png.length;) {
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...png.subarray(at + 4, at + 8));
    if (kind === 'IDAT') return undefined;
    if (kind === 'sBIT' && at + 8 + length <= png.length) return Math.max(...png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return undefined;
}
