import { kernelMemory } from './kernels.js';

const withPlaces = kernelMemory();

/** Weights are whole multiples of 2⁻²², as PIL has them, so that sums are exact; those of grey values stay within 32 bits. */
const bits = 22;
const unit = 2 ** bits;

/** Weights of the output pixels: `count` for each, of `first` and the pixels after it; those that it lacks are 0. */
interface Taps {
  count: number;
  first: Int32Array;
  weights: Int32Array;
}

/** Weights along rows, in two parts of 16 bits: 2,048 × high + low; `eights` × 8 for each output pixel. */
interface PairedTaps {
  eights: number;
  first: Int32Array;
  high: Int16Array;
  low: Int16Array;
}

/** How far a filter reaches, in pixels, and its weight at a distance. */
interface Filter {
  support: number;
  weight: (distance: number) => number;
}

/** PIL's filters by the names that sharp has for them. */
const filters: Record<ResampleKernel, Filter> = {
  linear: { support: 1, weight: (x) => Math.max(0, 1 - x) },
  // Keys's cubic with a = −1/2.
  cubic: {
    support: 2,
    weight: (x) => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0),
  },
  lanczos3: { support: 3, weight: (x) => (x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** The filters that are known here. */
export type ResampleKernel = 'linear' | 'cubic' | 'lanczos3';

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Keeps what was made last: images of a data set mostly have few sizes. */
function remembering<T>(
  make: (kernel: ResampleKernel, from: number, to: number) => T,
): (kernel: ResampleKernel, from: number, to: number) => T {
  const known = new Map<string, T>();
  return (kernel, from, to) => {
    const key = `${kernel} ${from} ${to}`;
    let made = known.get(key);
    if (made === undefined) {
      if (known.size >= 64) known.clear();
      known.set(key, (made = make(kernel, from, to)));
    }
    return made;
  };
}

/** A filter is as wide as it says in pixels of the coarser side: it interpolates when enlarging, and averages when shrinking. */
const columnTaps = remembering((kernel, from, to): Taps => {
  const { support, weight } = filters[kernel];
  const scale = from / to;
  const stretch = Math.max(1, scale);
  const count = Math.min(from, Math.ceil(2 * support * stretch) + 1);
  const first = new Int32Array(to);
  const weights = new Int32Array(to * count);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const begin = Math.max(0, Math.floor(centre - support * stretch + 0.5));
    const end = Math.min(from, Math.floor(centre + support * stretch + 0.5));
    const own = Float64Array.from({ length: end - begin }, (_, k) =>
      weight(Math.abs(begin + k + 0.5 - centre) / stretch),
    );
    const sum = own.reduce((total, one) => total + one, 0);
    // Moved back where the pixels after it would end.
    first[i] = Math.min(begin, from - count);
    const at = i * count + begin - first[i];
    own.forEach((one, k) => (weights[at + k] = Math.trunc((one / sum) * unit + (one < 0 ? -0.5 : 0.5))));
  }
  return { count, first, weights };
});

const rowTaps = remembering((kernel, from, to): PairedTaps => {
  const { count, first, weights } = columnTaps(kernel, from, to);
  const eights = Math.ceil(count / 8);
  const [high, low] = [new Int16Array(to * eights * 8), new Int16Array(to * eights * 8)];
  weights.forEach((weight, at) => {
    const to = Math.floor(at / count) * eights * 8 + (at % count);
    high[to] = weight >> 11;
    low[to] = weight & 2047;
  });
  return { eights, first, high, low };
});

/** Values that are resized along rows at once: they stay in a processor's cache until they are used. */
const bandValues = 2 ** 17;

/** Width and height, in pixels. */
export interface Extent {
  width: number;
  height: number;
}

/** Resizes an image whose rows come some at a time, first along rows, then along columns, rounded after each, as PIL does it to the last bit. */
export class Resampler {
  private readonly across: PairedTaps;
  private readonly down: Taps;
  /** Bytes from one resized row to the next. */
  private readonly pitch: number;
  /** What is resized along rows. */
  private readonly rows: Uint8Array;
  private done = 0;

  constructor(
    private readonly from: Extent,
    private readonly to: Extent,
    kernel: ResampleKernel,
  ) {
    this.across = rowTaps(kernel, from.width, to.width);
    this.down = columnTaps(kernel, from.height, to.height);
    this.pitch = 4 * Math.ceil(to.width / 4);
    this.rows = new Uint8Array(from.height * this.pitch);
  }

  /** Takes the next rows. */
  push(rows: Uint8Array): void {
    const { width } = this.from;
    const band = width * Math.max(1, Math.floor(bandValues / width));
    for (let at = 0; at < rows.length; at += band) this.pushBand(rows.subarray(at, at + band));
  }

  private pushBand(band: Uint8Array): void {
    const { from, to, across, pitch } = this;
    const height = band.length / from.width;
    const { kernels, bytes, places } = withPlaces([
      // Weights of 0 reach over the end of the last row.
      band.length + 8 * across.eights,
      height * pitch,
      ...[across.first, across.high, across.low].map(({ byteLength }) => byteLength),
    ]);
    const [pixels, out, first, high, low] = places;
    bytes.set(band, pixels);
    putTables(bytes, { [first]: across.first, [high]: across.high, [low]: across.low });
    kernels.alongRows(pixels, from.width, height, out, pitch, to.width, first, high, low, across.eights);
    this.rows.set(bytes.subarray(out, out + height * pitch), this.done * pitch);
    this.done += height;
  }

  /** The resized image, once all rows are there: to.height × to.width grey values. */
  finish(): Uint8Array {
    const { to, down, pitch } = this;
    const { kernels, bytes, places } = withPlaces([
      this.rows.length,
      to.height * pitch,
      down.first.byteLength,
      down.weights.byteLength,
    ]);
    const [rows, out, first, weights] = places;
    bytes.set(this.rows, rows);
    putTables(bytes, { [first]: down.first, [weights]: down.weights });
    kernels.alongColumns(rows, pitch, out, to.height, first, weights, down.count);
    if (pitch === to.width) return bytes.slice(out, out + to.height * to.width);
    const resized = new Uint8Array(to.height * to.width);
    for (let y = 0; y < to.height; y++)
      resized.set(bytes.subarray(out + y * pitch, out + y * pitch + to.width), y * to.width);
    return resized;
  }
}

/** Takes the nearest pixel, as PIL does it: the same rows in and out as {@link Resampler}. */
export class NearestResampler {
  private readonly columns: Int32Array;
  private readonly wanted: Int32Array;
  private readonly out: Uint8Array;
  private taken = 0;
  private written = 0;

  constructor(
    private readonly from: Extent,
    private readonly to: Extent,
  ) {
    this.columns = nearestPlaces(from.width, to.width);
    this.wanted = nearestPlaces(from.height, to.height);
    this.out = new Uint8Array(to.width * to.height);
  }

  /** Takes the next rows. */
  push(rows: Uint8Array): void {
    const { from, to, columns, wanted, out } = this;
    for (let at = 0; at < rows.length; at += from.width, this.taken++)
      for (; this.written < to.height && wanted[this.written] === this.taken; this.written++)
        for (let x = 0; x < to.width; x++) out[this.written * to.width + x] = rows[at + columns[x]];
  }

  /** The resized image, once all rows are there. */
  finish(): Uint8Array {
    return this.out;
  }
}

/** The pixel in which the centre of each output pixel lies, summed up as PIL does. */
function nearestPlaces(from: number, to: number): Int32Array {
  const step = from / to;
  let centre = step * 0.5;
  return Int32Array.from({ length: to }, () => {
    const place = Math.min(from - 1, Math.floor(centre));
    centre += step;
    return place;
  });
}

function putTables(bytes: Uint8Array, tables: Record<number, Int32Array | Int16Array>): void {
  for (const [place, { buffer, byteOffset, byteLength }] of Object.entries(tables))
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), Number(place));
}
