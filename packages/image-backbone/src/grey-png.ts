/** Grey values in memory, row by row. */
export interface GreyPixels {
  data: Uint8Array;
  width: number;
  height: number;
  /** Bits of a value; of 16 the lower byte comes first, and the upper one is the grey value. Default 8. */
  depth?: 8 | 16;
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Chunks that say nothing of how the values look; all others are left to sharp: palettes, transparency, colour profiles, Exif. */
const plainChunks = new Set([
  'IHDR',
  'IDAT',
  'pHYs',
  'tIME',
  'tEXt',
  'zTXt',
  'iTXt',
  'gAMA',
  'cHRM',
  'sRGB',
  'sBIT',
  'bKGD',
]);

/** What a PNG file says of itself. */
export interface GreyPngHeader {
  width: number;
  height: number;
  /** Bits of a value. */
  depth: 8 | 16;
}

/** The header of a PNG file of plain grey values, 8 or 16 bits each; undefined for all other files. */
export function greyPngHeader(bytes: Uint8Array): GreyPngHeader | undefined {
  if (bytes.length < 33 || signature.some((byte, i) => bytes[i] !== byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const depth = bytes[24];
  const isGrey = bytes[25] === 0 && (depth === 8 || depth === 16);
  if (!isGrey) return undefined;
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!plainChunks.has(kind)) return undefined;
    if (kind === 'IDAT') return { width: view.getUint32(16), height: view.getUint32(20), depth: depth as 8 | 16 };
  }
  return undefined;
}

type Decoder = new (bytes: Uint8Array) => { rawPixels: () => Promise<Uint8Array> };

let decoder: Promise<Decoder | undefined> | undefined;

/** The decoder of @napi-rs/image; undefined on platforms that it is not built for. */
async function loadDecoder(): Promise<Decoder | undefined> {
  try {
    const module = (await import('@napi-rs/image')) as unknown as {
      Transformer?: Decoder;
      default?: { Transformer: Decoder };
    };
    return module.Transformer ?? module.default?.Transformer;
  } catch {
    return undefined;
  }
}

/**
 * The grey values of such a file; two to three times as fast as by sharp.
 *
 * @returns undefined where the file is damaged, or there is no decoder: sharp says what is wrong, or reads it.
 */
export async function decodeGreyPng(
  bytes: Uint8Array,
  { width, height, depth }: GreyPngHeader,
): Promise<GreyPixels | undefined> {
  const Transformer = await (decoder ??= loadDecoder());
  if (!Transformer) return undefined;
  let values: Uint8Array;
  try {
    values = await new Transformer(bytes).rawPixels();
  } catch {
    return undefined;
  }
  // In this machine's byte order: the decoder is built for little-endian ones alone.
  return values.length === (width * height * depth) / 8 ? { data: values, width, height, depth } : undefined;
}
