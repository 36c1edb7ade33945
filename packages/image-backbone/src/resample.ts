/** Weights are whole multiples of 2⁻²², as PIL has them, so that sums are exact. */
const bits = 22;
const one = 2 ** bits;

/** Weights of an output pixel: those of `first` and the pixels after it. */
interface Taps {
  first: Int32Array;
  weights: Float64Array[];
}

/** A triangle as wide as the pixel of the coarser side: linear interpolation when enlarging, an average when shrinking. */
function triangleTaps(from: number, to: number): Taps {
  const scale = from / to;
  const support = Math.max(1, scale);
  const first = new Int32Array(to);
  const weights = Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const begin = Math.max(0, Math.floor(centre - support + 0.5));
    const end = Math.min(from, Math.floor(centre + support + 0.5));
    const own = Float64Array.from({ length: end - begin }, (__, k) =>
      Math.max(0, 1 - Math.abs(begin + k + 0.5 - centre) / support),
    );
    const sum = own.reduce((total, weight) => total + weight, 0);
    first[i] = begin;
    return own.map((weight) => Math.floor((weight / sum) * one + 0.5));
  });
  return { first, weights };
}

/**
 * Resizes grey values by triangles, first along rows, then along columns, rounded after each: what PIL calls bilinear.
 *
 * @param pixels height × width grey values, row by row.
 * @returns toHeight × toWidth grey values.
 */
export function resampleLinear(
  pixels: Uint8Array,
  { width, height }: { width: number; height: number },
  { width: toWidth, height: toHeight }: { width: number; height: number },
): Uint8Array {
  const across = triangleTaps(width, toWidth);
  const rows = new Uint8Array(height * toWidth);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < toWidth; x++) {
      const own = across.weights[x];
      const start = y * width + across.first[x];
      let sum = one / 2;
      for (let k = 0; k < own.length; k++) sum += own[k] * pixels[start + k];
      rows[y * toWidth + x] = sum >> bits;
    }
  }
  const down = triangleTaps(height, toHeight);
  const out = new Uint8Array(toHeight * toWidth);
  const sums = new Float64Array(toWidth);
  for (let y = 0; y < toHeight; y++) {
    sums.fill(one / 2);
    down.weights[y].forEach((weight, k) => {
      const start = (down.first[y] + k) * toWidth;
      for (let x = 0; x < toWidth; x++) sums[x] += weight * rows[start + x];
    });
    for (let x = 0; x < toWidth; x++) out[y * toWidth + x] = sums[x] >> bits;
  }
  return out;
}
