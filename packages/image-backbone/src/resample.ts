/** Weights are whole multiples of 2⁻²², as PIL has them, so that sums are exact; those of grey values stay within 32 bits. */
const bits = 22;
const unit = 2 ** bits;

/** Weights of the output pixels: `count` for each, of `first` and the pixels after it; those that it lacks are 0. */
interface Taps {
  count: number;
  first: Int32Array;
  weights: Int32Array;
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

const known = new Map<string, Taps>();
const mostKnown = 64;

/** The weights for a change of size; images of a data set mostly have few sizes. */
function tapsOf(kernel: ResampleKernel, from: number, to: number): Taps {
  const key = `${kernel} ${from} ${to}`;
  let taps = known.get(key);
  if (!taps) {
    if (known.size >= mostKnown) known.clear();
    taps = makeTaps(filters[kernel], from, to);
    known.set(key, taps);
  }
  return taps;
}

/** A filter is as wide as it says in pixels of the coarser side: it interpolates when enlarging, and averages when shrinking. */
function makeTaps({ support, weight }: Filter, from: number, to: number): Taps {
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
}

/**
 * Resizes grey values, first along rows, then along columns, rounded after each, as PIL does it to the last bit.
 *
 * @param pixels height × width grey values, row by row.
 * @returns toHeight × toWidth grey values.
 */
export function resample(
  pixels: Uint8Array,
  { width, height }: { width: number; height: number },
  { width: toWidth, height: toHeight }: { width: number; height: number },
  kernel: ResampleKernel,
): Uint8Array {
  const { count, first, weights } = tapsOf(kernel, width, toWidth);
  // Clamped: the wider filters overshoot.
  const rows = new Uint8ClampedArray(height * toWidth);
  for (let y = 0, to = 0; y < height; y++) {
    const start = y * width;
    for (let x = 0, tap = 0; x < toWidth; x++, to++) {
      let sum = unit / 2;
      const from = start + first[x];
      for (let k = 0; k < count; k++, tap++) sum = (sum + Math.imul(weights[tap], pixels[from + k])) | 0;
      rows[to] = sum >> bits;
    }
  }
  const down = tapsOf(kernel, height, toHeight);
  const out = new Uint8ClampedArray(toHeight * toWidth);
  const sums = new Int32Array(toWidth);
  for (let y = 0; y < toHeight; y++) {
    sums.fill(unit / 2);
    for (let k = 0; k < down.count; k++) {
      const weight = down.weights[y * down.count + k];
      if (weight === 0) continue;
      const start = (down.first[y] + k) * toWidth;
      for (let x = 0; x < toWidth; x++) sums[x] += Math.imul(weight, rows[start + x]);
    }
    for (let x = 0; x < toWidth; x++) out[y * toWidth + x] = sums[x] >> bits;
  }
  return new Uint8Array(out.buffer);
}
