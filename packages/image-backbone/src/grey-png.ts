import { finished } from 'node:stream/promises';
import { crc32, createInflate, inflateSync } from 'node:zlib';
import { kernelMemory } from './kernels.js';

const withPlaces = kernelMemory();

/** Grey values in memory, row by row. */
export interface GreyPixels {
  data: Uint8Array;
  width: number;
  height: number;
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Chunks that say nothing of how the values look; all others are left to sharp: palettes, transparency, colour profiles, Exif. */
const plainChunks = new Set([
  'IHDR',
  'IDAT',
  'IEND',
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

/** A PNG file of plain grey values. */
export interface GreyPng {
  width: number;
  height: number;
  /** Bits of a value. */
  depth: 8 | 16;
  /** The compressed values, in parts. */
  parts: Uint8Array[];
}

/** A whole PNG file of plain grey values, 8 or 16 bits each, not interlaced; undefined for all others: sharp reads them, or reports what is wrong. */
export function openGreyPng(bytes: Uint8Array): GreyPng | undefined {
  if (bytes.length < 33 || signature.some((byte, i) => bytes[i] !== byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, colours, compression, filters, interlacing] = bytes.subarray(24, 29);
  if ((depth !== 8 && depth !== 16) || colours + compression + filters + interlacing > 0) return undefined;
  const parts: Uint8Array[] = [];
  for (let at = 8; at + 12 <= bytes.length;) {
    const end = at + 8 + view.getUint32(at);
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!plainChunks.has(kind) || end + 4 > bytes.length) return undefined;
    if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) return undefined;
    if (kind === 'IDAT') parts.push(bytes.subarray(at + 8, end));
    if (kind === 'IEND') return parts.length && width && height ? { width, height, depth, parts } : undefined;
    at = end + 4;
  }
  return undefined;
}

/** Bytes that are inflated at once: they stay in a processor's cache until they are used. */
const bandBytes = 2 ** 19;

/**
 * The grey values of such a file, some rows at a time as they are inflated; of 16 bits the upper 8.
 *
 * @param onRows takes the next rows; they are gone when it returns.
 * @returns false where the file is damaged: sharp reports what is wrong.
 */
export async function readGreyRows(png: GreyPng, onRows: (rows: Uint8Array) => void): Promise<boolean> {
  const rows = new FilteredRows(png, onRows);
  try {
    if (rows.missing <= bandBytes) rows.push(inflateSync(Buffer.concat(png.parts), { maxOutputLength: rows.missing }));
    else await inflate(png.parts, (band) => rows.push(band));
  } catch {
    return false;
  }
  return rows.missing === 0;
}

async function inflate(parts: readonly Uint8Array[], onBand: (band: Uint8Array) => void): Promise<void> {
  const stream = createInflate({ chunkSize: bandBytes });
  // What comes after the values is not waited for.
  const ended = finished(stream, { writable: false });
  stream.on('data', (band: Uint8Array) => {
    try {
      onBand(band);
    } catch (error) {
      stream.destroy(error as Error);
    }
  });
  const write = (bytes: Uint8Array): Promise<unknown> =>
    Promise.race([new Promise<void>((resolve) => stream.write(bytes, () => resolve())), ended]);
  // Small parts together: each costs a way to another thread.
  const held = Buffer.allocUnsafeSlow(bandBytes);
  let size = 0;
  for (const part of parts) {
    if (size + part.length > bandBytes && size > 0) {
      await write(held.subarray(0, size));
      size = 0;
    }
    if (part.length > bandBytes) await write(part);
    else {
      held.set(part, size);
      size += part.length;
    }
  }
  stream.end(held.subarray(0, size));
  await ended;
}

/** Takes the filters off rows; a row's end may come with the next bytes. */
class FilteredRows {
  /** Bytes still to come. */
  missing: number;
  private readonly rowBytes: number;
  private rest = new Uint8Array(0);
  private above: Uint8Array;

  constructor(
    private readonly png: GreyPng,
    private readonly onRows: (rows: Uint8Array) => void,
  ) {
    this.rowBytes = 1 + (png.width * png.depth) / 8;
    this.missing = this.rowBytes * png.height;
    this.above = new Uint8Array(png.width);
  }

  push(bytes: Uint8Array): void {
    this.missing -= bytes.length;
    if (this.missing < 0) throw new RangeError('more values than pixels');
    const { rest, rowBytes } = this;
    const { width, depth } = this.png;
    const size = rest.length + bytes.length;
    const count = Math.floor(size / rowBytes);
    const { kernels, bytes: memory, places } = withPlaces([size + 32, (count + 1) * width + 16]);
    const [from, to] = places;
    memory.set(rest, from);
    memory.set(bytes, from + rest.length);
    this.rest = memory.slice(from + count * rowBytes, from + size);
    if (count === 0) return;
    memory.set(this.above, to);
    if (!kernels.unfilter(from, to + width, width, count, depth / 8)) throw new RangeError('an unknown filter');
    const end = to + (count + 1) * width;
    this.above = memory.slice(end - width, end);
    this.onRows(memory.subarray(to + width, end));
  }
}
