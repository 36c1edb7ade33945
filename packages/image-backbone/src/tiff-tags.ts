/** What the first page of a TIFF file states about its samples, and how many pages there are. */
export interface TiffFacts {
  bits: number;
  samples: number;
  /** 0 where the smallest value is white. */
  photometric: number;
  /** Of the standard: 1 unsigned, 2 signed, 3 floating point. */
  format: number;
  /** The values that are black and white, where the file declares them. */
  lowest?: number;
  highest?: number;
  /** Full pages: without thumbnails and masks. */
  pages: number;
  /** Where the values of photometric and format lie in the file. */
  places: { photometric?: number; format?: number };
}

/** Tags of TIFF 6.0 by their numbers. */
const tags = {
  subfile: 254,
  bits: 258,
  photometric: 262,
  samples: 277,
  least: 280,
  most: 281,
  format: 339,
  signedLeast: 340,
  signedMost: 341,
};

/** Bytes of a value of each type: BYTE, ASCII, SHORT, LONG, …, FLOAT, DOUBLE. */
const typeBytes: Record<number, number> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  16: 8,
  17: 8,
  18: 8,
};

/** The first value of an entry and where it lies. */
interface Entry {
  value: number;
  place: number;
}

/** The most pages that are counted. */
const mostPages = 1000;

/**
 * Reads what a TIFF or BigTIFF file states about its samples.
 *
 * @returns undefined for files of another format, or broken ones, which their decoder names.
 * @see TIFF 6.0, sections 2, 19 (SampleFormat).
 */
export function readTiffFacts(bytes: Uint8Array): TiffFacts | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 16) return undefined;
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const reader = new DirectoryReader(view, order === 0x4949);
  if (!reader.isTiff) return undefined;
  try {
    const directories = reader.directories();
    const [first] = directories;
    if (!first) return undefined;
    const value = (tag: number): number | undefined => first.get(tag)?.value;
    return {
      bits: value(tags.bits) ?? 1,
      samples: value(tags.samples) ?? 1,
      photometric: value(tags.photometric) ?? 1,
      format: value(tags.format) ?? 1,
      lowest: value(tags.signedLeast) ?? value(tags.least),
      highest: value(tags.signedMost) ?? value(tags.most),
      pages: directories.filter((one) => ((one.get(tags.subfile)?.value ?? 0) & 5) === 0).length,
      places: { photometric: first.get(tags.photometric)?.place, format: first.get(tags.format)?.place },
    };
  } catch {
    return undefined;
  }
}

/** The file with another value of a tag of 16 bits. */
export function withTiffValue(bytes: Uint8Array, place: number, value: number): Uint8Array {
  const changed = new Uint8Array(bytes);
  new DataView(changed.buffer).setUint16(place, value, bytes[0] === 0x49);
  return changed;
}

class DirectoryReader {
  readonly isTiff: boolean;
  private readonly isBig: boolean;

  constructor(
    private readonly view: DataView,
    private readonly isLittle: boolean,
  ) {
    const version = view.getUint16(2, isLittle);
    this.isTiff = version === 42 || version === 43;
    this.isBig = version === 43;
  }

  directories(): Map<number, Entry>[] {
    const found: Map<number, Entry>[] = [];
    const known = new Set<number>();
    for (let at = this.offset(this.isBig ? 8 : 4); at > 0 && !known.has(at) && found.length < mostPages;) {
      known.add(at);
      const count = this.isBig ? this.offset(at) : this.view.getUint16(at, this.isLittle);
      const [head, size] = this.isBig ? [8, 20] : [2, 12];
      found.push(new Map(Array.from({ length: count }, (_, i) => this.entry(at + head + i * size))));
      at = this.offset(at + head + count * size);
    }
    return found;
  }

  private entry(at: number): [tag: number, Entry] {
    const { view, isLittle, isBig } = this;
    const tag = view.getUint16(at, isLittle);
    const type = view.getUint16(at + 2, isLittle);
    const count = isBig ? this.offset(at + 4) : view.getUint32(at + 4, isLittle);
    const inline = at + (isBig ? 12 : 8);
    const isInline = (typeBytes[type] ?? 1) * count <= (isBig ? 8 : 4);
    const place = isInline ? inline : this.offset(inline);
    return [tag, { value: Object.values(tags).includes(tag) ? this.value(type, place) : 0, place }];
  }

  private value(type: number, at: number): number {
    const { view, isLittle } = this;
    if (type === 3) return view.getUint16(at, isLittle);
    if (type === 8) return view.getInt16(at, isLittle);
    if (type === 4 || type === 13) return view.getUint32(at, isLittle);
    if (type === 9) return view.getInt32(at, isLittle);
    if (type === 11) return view.getFloat32(at, isLittle);
    if (type === 12) return view.getFloat64(at, isLittle);
    return type === 6 ? view.getInt8(at) : view.getUint8(at);
  }

  private offset(at: number): number {
    return this.isBig ? Number(this.view.getBigUint64(at, this.isLittle)) : this.view.getUint32(at, this.isLittle);
  }
}
