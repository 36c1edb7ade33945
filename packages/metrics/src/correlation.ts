import { checkNumbers, checkRows } from './check-input.js';

/** Pearson correlation, in [−1, 1]; NaN for fewer than two pairs, a constant, or a value that is not finite. */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  checkRows('pearson', { x, y });
  const n = x.length;
  let [meanX, meanY] = [0, 0];
  for (let i = 0; i < n; i++) {
    meanX += x[i] / n;
    meanY += y[i] / n;
  }
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [dx, dy] = [x[i] - meanX, y[i] - meanY];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx > 0 && yy > 0 ? Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy))) : NaN;
}

/** Ranks from 1; equal values share the mean of theirs. */
export function ranks(values: ArrayLike<number>): Float64Array {
  checkNumbers('ranks', 'values', values);
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const out = new Float64Array(values.length);
  for (let first = 0; first < order.length;) {
    let last = first;
    while (last + 1 < order.length && values[order[last + 1]] === values[order[first]]) last++;
    for (let i = first; i <= last; i++) out[order[i]] = (first + last) / 2 + 1;
    first = last + 1;
  }
  return out;
}

/** Spearman's rank correlation: Pearson's of the ranks, ties sharing theirs. */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  checkRows('spearman', { x, y });
  return Array.from(x).every(Number.isFinite) && Array.from(y).every(Number.isFinite)
    ? pearson(ranks(x), ranks(y))
    : NaN;
}
