import type { GreyPixels } from './grey-png.js';
import { bandValues, withPlaces } from './kernels.js';

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

/**
 * Resizes grey values, first along rows, then along columns, rounded after each, as PIL does it to the last bit.
 *
 * @returns toHeight × toWidth grey values.
 */
export function resample(
  { data, width, height, depth = 8 }: GreyPixels,
  { width: toWidth, height: toHeight }: { width: number; height: number },
  kernel: ResampleKernel,
): Uint8Array {
  const across = rowTaps(kernel, width, toWidth);
  const down = columnTaps(kernel, height, toHeight);
  const pitch = 4 * Math.ceil(toWidth / 4);
  const bandHeight = Math.min(height, Math.max(1, Math.floor(bandValues / width)));
  const tables = [across.first, across.high, across.low, down.first, down.weights];
  const bandSize = 16 * Math.ceil((bandHeight * width) / 16);
  const { kernels, bytes, places } = withPlaces([
    depth === 16 ? 2 * bandSize : 0,
    // Weights of 0 reach over the end of the last row.
    bandSize + 8 * across.eights,
    height * pitch,
    toHeight * pitch,
    ...tables.map(({ byteLength }) => byteLength),
  ]);
  const [wide, band, rows, out, firstAcross, high, low, firstDown, weights] = places;
  tables.forEach(({ buffer, byteOffset, byteLength }, i) =>
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), places[4 + i]),
  );
  for (let y = 0; y < height; y += bandHeight) {
    const lines = Math.min(bandHeight, height - y);
    const values = data.subarray((y * width * depth) / 8, ((y + lines) * width * depth) / 8);
    bytes.set(values, depth === 16 ? wide : band);
    if (depth === 16) kernels.upperBytes(wide, band, bandSize);
    kernels.alongRows(band, width, lines, rows + y * pitch, pitch, toWidth, firstAcross, high, low, across.eights);
  }
  kernels.alongColumns(rows, pitch, out, toHeight, firstDown, weights, down.count);
  if (pitch === toWidth) return bytes.slice(out, out + toHeight * toWidth);
  const resized = new Uint8Array(toHeight * toWidth);
  for (let y = 0; y < toHeight; y++)
    resized.set(bytes.subarray(out + y * pitch, out + y * pitch + toWidth), y * toWidth);
  return resized;
}
