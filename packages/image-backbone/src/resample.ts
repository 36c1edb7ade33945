/** Weights are whole multiples of 2⁻²², as PIL has them, so that sums are exact. */
const bits = 22;
const unit = 2 ** bits;

/** Weights of an output pixel: those of `first` and the pixels after it. */
interface Taps {
  first: Int32Array;
  weights: Float64Array[];
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

/** A filter is as wide as it says in pixels of the coarser side: it interpolates when enlarging, and averages when shrinking. */
function tapsOf({ support, weight }: Filter, from: number, to: number): Taps {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  const first = new Int32Array(to);
  const weights = Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const begin = Math.max(0, Math.floor(centre - support * stretch + 0.5));
    const end = Math.min(from, Math.floor(centre + support * stretch + 0.5));
    const own = Float64Array.from({ length: end - begin }, (__, k) =>
      weight(Math.abs(begin + k + 0.5 - centre) / stretch),
    );
    const sum = own.reduce((total, one) => total + one, 0);
    first[i] = begin;
    return own.map((one) => Math.trunc((one / sum) * unit + (one < 0 ? -0.5 : 0.5)));
  });
  return { first, weights };
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
  const across = tapsOf(filters[kernel], width, toWidth);
  // Clamped: the wider filters overshoot.
  const rows = new Uint8ClampedArray(height * toWidth);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < toWidth; x++) {
      const own = across.weights[x];
      const start = y * width + across.first[x];
      let sum = unit / 2;
      for (let k = 0; k < own.length; k++) sum += own[k] * pixels[start + k];
      rows[y * toWidth + x] = sum >> bits;
    }
  }
  const down = tapsOf(filters[kernel], height, toHeight);
  const out = new Uint8ClampedArray(toHeight * toWidth);
  const sums = new Float64Array(toWidth);
  for (let y = 0; y < toHeight; y++) {
    sums.fill(unit / 2);
    down.weights[y].forEach((weight, k) => {
      const start = (down.first[y] + k) * toWidth;
      for (let x = 0; x < toWidth; x++) sums[x] += weight * rows[start + x];
    });
    for (let x = 0; x < toWidth; x++) out[y * toWidth + x] = sums[x] >> bits;
  }
  return new Uint8Array(out.buffer);
}
