import { addScaled, dot, type Matrix } from './matrix.js';

/** A symmetric tridiagonal matrix. */
export interface Tridiagonal {
  /** [n]. */
  diagonal: Float64Array;
  /** [n − 1] below (and above) the diagonal. */
  offDiagonal: Float64Array;
}

/**
 * Brings a symmetric matrix to tridiagonal form by Householder reflections: A = Q T Qᵀ with an orthogonal Q.
 *
 * @param matrix [n, n], symmetric; it is overwritten.
 * @returns T, and Q [n, n] row by row.
 * @see Golub and Van Loan, Matrix Computations, section 8.3.
 */
export function tridiagonalize(matrix: Matrix): { tridiagonal: Tridiagonal; q: Matrix } {
  const n = matrix.rows;
  const a = matrix.data;
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(Math.max(0, n - 1));
  // The reflection k changes the rows from k + 1 on.
  const reflections: { beta: number; v: Float64Array }[] = [];
  for (let k = 0; k + 2 < n; k++) {
    const size = n - k - 1;
    const v = a.slice(k * n + k + 1, (k + 1) * n);
    const rest = Math.sqrt(dot(v, v, { from: 1, to: 1, count: size - 1 }));
    if (rest === 0) {
      offDiagonal[k] = v[0];
      reflections.push({ beta: 0, v });
      continue;
    }
    const norm = Math.hypot(v[0], rest);
    const head = v[0] > 0 ? -norm : norm;
    v[0] -= head;
    const beta = 2 / dot(v, v);
    offDiagonal[k] = head;
    reflections.push({ beta, v });
    const p = new Float64Array(size);
    for (let i = 0; i < size; i++) p[i] = beta * dot(a, v, { from: (k + 1 + i) * n + k + 1, count: size });
    addScaled((-beta / 2) * dot(p, v), v, p);
    for (let i = 0; i < size; i++) {
      const at = (k + 1 + i) * n + k + 1;
      const vi = v[i];
      const pi = p[i];
      for (let j = 0; j < size; j++) a[at + j] -= vi * p[j] + pi * v[j];
    }
  }
  for (let i = 0; i < n; i++) diagonal[i] = a[i * n + i];
  if (n > 1) offDiagonal[n - 2] = a[(n - 1) * n + n - 2];
  return { tridiagonal: { diagonal, offDiagonal }, q: { rows: n, columns: n, data: productOf(reflections, n) } };
}

/** The product of reflections, the last one first applied to the identity. */
function productOf(reflections: readonly { beta: number; v: Float64Array }[], n: number): Float64Array {
  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * n + i] = 1;
  for (let k = reflections.length - 1; k >= 0; k--) {
    const { beta, v } = reflections[k];
    if (beta === 0) continue;
    const size = n - k - 1;
    const row = new Float64Array(size);
    for (let i = 0; i < size; i++) addScaled(v[i], q, row, { from: (k + 1 + i) * n + k + 1, count: size });
    for (let i = 0; i < size; i++) addScaled(-beta * v[i], row, q, { to: (k + 1 + i) * n + k + 1, count: size });
  }
  return q;
}

/**
 * Solves (scale · T + shift · I) x = b for a positive semidefinite T and a shift above 0.
 *
 * @param b [n] or several of them one after the other; it is overwritten by the solution.
 */
export function solveShifted(
  { diagonal, offDiagonal }: Tridiagonal,
  { scale, shift }: { scale: number; shift: number },
  b: Float64Array,
): Float64Array {
  const n = diagonal.length;
  const pivots = new Float64Array(n);
  const factors = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const own = scale * diagonal[i] + shift;
    const off = i === 0 ? 0 : scale * offDiagonal[i - 1];
    factors[i] = i === 0 ? 0 : off / pivots[i - 1];
    // Rounding may take what is above 0 below it.
    pivots[i] = Math.max(own - factors[i] * off, shift * 1e-3);
  }
  for (let start = 0; start < b.length; start += n) {
    for (let i = 1; i < n; i++) b[start + i] -= factors[i] * b[start + i - 1];
    for (let i = n - 1; i >= 0; i--) {
      const next = i + 1 < n ? factors[i + 1] * b[start + i + 1] : 0;
      b[start + i] = b[start + i] / pivots[i] - next;
    }
  }
  return b;
}

/**
 * The lower bidiagonal L with L Lᵀ = T of a positive semidefinite T. What rounding may take away is added to the diagonal, n · 10⁻¹⁵ of
 * its largest: without it a T that is singular, as of features with mean 0, ends with a pivot far below 0.
 */
export function bidiagonalFactor({ diagonal, offDiagonal }: Tridiagonal): Tridiagonal {
  const n = diagonal.length;
  const own = new Float64Array(n);
  const below = new Float64Array(Math.max(0, n - 1));
  const added = 1e-15 * n * diagonal.reduce((most, value) => Math.max(most, value), 0);
  for (let i = 0; i < n; i++) {
    const rest = diagonal[i] + added - (i === 0 ? 0 : below[i - 1] ** 2);
    if (rest <= 0) continue;
    own[i] = Math.sqrt(rest);
    if (i + 1 < n) below[i] = offDiagonal[i] / own[i];
  }
  return { diagonal: own, offDiagonal: below };
}
