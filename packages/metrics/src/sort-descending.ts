/** Indices in falling order of their values, and the values in that order. */
export interface Ranking {
  order: Uint32Array;
  sorted: Float64Array;
}

/**
 * The indices of values in falling order, equal ones in the order they stand in; no value may be NaN. Far faster than a
 * comparison sort: values go into as many bins as there are values, or, where they crowd too much for that, through a radix
 * sort over their bits.
 */
export function descendingOrder(values: Float64Array): Ranking {
  const binned = binSort(values);
  if (binned) return binned;
  const order = radixSort(values);
  return { order, sorted: Float64Array.from(order, (index) => values[index]) };
}

/** Bins over the range of the values, then neighbours put right; nothing if that takes too many steps. */
function binSort(values: Float64Array): Ranking | undefined {
  const n = values.length;
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < n; i++) {
    const value = values[i];
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const scale = (n - 1) / (high - low);
  if (!Number.isFinite(scale) || !Number.isFinite(high - low)) return undefined;
  const bins = new Uint32Array(n);
  const counts = new Uint32Array(n + 1);
  for (let i = 0; i < n; i++) {
    const bin = ((high - values[i]) * scale) >>> 0;
    bins[i] = bin;
    counts[bin + 1]++;
  }
  for (let bin = 1; bin <= n; bin++) counts[bin] += counts[bin - 1];
  const order = new Uint32Array(n);
  const sorted = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const at = counts[bins[i]]++;
    order[at] = i;
    sorted[at] = values[i];
  }
  let steps = 8 * n;
  for (let i = 1; i < n; i++) {
    const value = sorted[i];
    if (sorted[i - 1] >= value) continue;
    const index = order[i];
    let at = i;
    for (; at > 0 && sorted[at - 1] < value; at--) {
      if (steps-- === 0) return undefined;
      sorted[at] = sorted[at - 1];
      order[at] = order[at - 1];
    }
    sorted[at] = value;
    order[at] = index;
  }
  return { order, sorted };
}

/** Eleven bits of the numbers at a time, the last ones first. */
function radixSort(values: Float64Array): Uint32Array {
  const n = values.length;
  const bits = new Uint32Array(values.buffer, values.byteOffset, 2 * n);
  const [lower, upper, start] = [new Uint32Array(n), new Uint32Array(n), new Uint32Array(n)];
  for (let i = 0; i < n; i++) {
    // Falling order of numbers is rising order of these: bits of positive numbers are turned round, but for the sign.
    const isZero = values[i] === 0; // −0 is 0
    const top = isZero ? 0 : bits[2 * i + 1];
    const bottom = isZero ? 0 : bits[2 * i];
    const isNegative = top >>> 31 === 1;
    lower[i] = isNegative ? bottom : ~bottom;
    upper[i] = isNegative ? top : ~top & 0x7fffffff;
    start[i] = i;
  }
  return sortBy(upper, sortBy(lower, start));
}

/** Sorts indices by a key of theirs, rising and stable, eleven bits a pass. */
function sortBy(keys: Uint32Array, indices: Uint32Array): Uint32Array {
  const n = indices.length;
  let order = indices;
  let moved = new Uint32Array(n);
  let spare = new Uint32Array(n);
  const counts = new Uint32Array(digits);
  for (let shift = 0; shift < 32; shift += digitBits) {
    counts.fill(0);
    for (let i = 0; i < n; i++) counts[(keys[i] >>> shift) & mask]++;
    // A digit that is the same in all sorts nothing.
    if (n === 0 || counts[(keys[0] >>> shift) & mask] === n) continue;
    let sum = 0;
    for (let digit = 0; digit < digits; digit++) {
      const count = counts[digit];
      counts[digit] = sum;
      sum += count;
    }
    for (let i = 0; i < n; i++) {
      const index = order[i];
      moved[counts[(keys[index] >>> shift) & mask]++] = index;
    }
    order = moved;
    [moved, spare] = [spare, moved];
  }
  return order;
}

const digitBits = 11;
const digits = 1 << digitBits;
const mask = digits - 1;
