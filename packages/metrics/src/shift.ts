import { checkNumbers, checkRows } from './check-input.js';

/**
 * The Kullback-Leibler divergence of two distributions over the same kinds of things, in nats, each count raised by a
 * half so that it stays finite.
 *
 *   KL(p ‖ q) = Σ_k p_k · ln(p_k / q_k),   p_k = (a_k + ½) / Σ (a + ½)
 *
 * @returns 0 or more; 0 for equal shares only. NaN where one of them counts nothing.
 */
export function klDivergence(a: readonly number[], b: readonly number[]): number {
  checkRows('klDivergence', { a, b });
  const shares = (counts: readonly number[]): number[] => {
    const total = counts.reduce((sum, count) => sum + count + 0.5, 0);
    return counts.map((count) => (count + 0.5) / total);
  };
  if (!a.some((count) => count > 0) || !b.some((count) => count > 0)) return NaN;
  const [p, q] = [shares(a), shares(b)];
  return p.reduce((sum, share, i) => sum + share * Math.log(share / q[i]), 0);
}

/** Half the sum of differences between shares: 0 for equal shares, 1 for none in common. NaN where one counts nothing. */
export function totalVariation(a: readonly number[], b: readonly number[]): number {
  checkRows('totalVariation', { a, b });
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  const [inA, inB] = [sum(a), sum(b)];
  if (inA === 0 || inB === 0) return NaN;
  return a.reduce((total, count, i) => total + Math.abs(count / inA - b[i] / inB), 0) / 2;
}

/** The largest difference between two cumulative distributions (Kolmogorov and Smirnov); NaN where one is empty. */
export function ksDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  checkNumbers('ksDistance', 'a', a);
  checkNumbers('ksDistance', 'b', b);
  if (a.length === 0 || b.length === 0) return NaN;
  const [x, y] = [Float64Array.from(a).sort(), Float64Array.from(b).sort()];
  let [i, j, largest] = [0, 0, 0];
  while (i < x.length && j < y.length) {
    const at = Math.min(x[i], y[j]);
    while (i < x.length && x[i] === at) i++;
    while (j < y.length && y[j] === at) j++;
    largest = Math.max(largest, Math.abs(i / x.length - j / y.length));
  }
  return largest;
}

/** The difference of two means in units of the mean standard deviation (Cohen's d); NaN where there is no spread. */
export function standardizedDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  checkNumbers('standardizedDifference', 'a', a);
  checkNumbers('standardizedDifference', 'b', b);
  const [first, second] = [moments(a), moments(b)];
  const spread = Math.sqrt((first.variance + second.variance) / 2);
  return spread > 0 ? (first.mean - second.mean) / spread : NaN;
}

function moments(values: ArrayLike<number>): { mean: number; variance: number } {
  const list = Array.from(values);
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  const squares = list.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, variance: squares / (list.length - 1) };
}
