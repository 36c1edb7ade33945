/** A matrix of float64 numbers, row by row. */
export interface Matrix {
  rows: number;
  columns: number;
  /** [rows, columns]. */
  data: Float64Array;
}

/** A matrix from numbers, row by row. @throws {RangeError} if they are not as many as it has. */
export function matrixOf(rows: number, columns: number, data: ArrayLike<number>): Matrix {
  if (data.length !== rows * columns)
    throw new RangeError(
      `heads/matrixOf: expected ${rows * columns} numbers for [${rows}, ${columns}], got ${data.length}; pass all rows`,
    );
  return { rows, columns, data: data instanceof Float64Array ? data : Float64Array.from(data) };
}

/** Some rows of a matrix, copied. */
export function rowsOf({ columns, data }: Matrix, rows: ArrayLike<number>): Matrix {
  const out = new Float64Array(rows.length * columns);
  for (let i = 0; i < rows.length; i++) out.set(data.subarray(rows[i] * columns, (rows[i] + 1) * columns), i * columns);
  return { rows: rows.length, columns, data: out };
}

/** The rows of one matrix, then those of another of as many columns. */
export function stacked(above: Matrix, below: Matrix): Matrix {
  const data = new Float64Array(above.data.length + below.data.length);
  data.set(above.data);
  data.set(below.data, above.data.length);
  return { rows: above.rows + below.rows, columns: above.columns, data };
}

/** Rows as columns. */
export function transposed({ rows, columns, data }: Matrix): Matrix {
  const out = new Float64Array(data.length);
  const block = 32;
  for (let top = 0; top < rows; top += block)
    for (let left = 0; left < columns; left += block)
      for (let i = top; i < Math.min(rows, top + block); i++)
        for (let j = left; j < Math.min(columns, left + block); j++) out[j * rows + i] = data[i * columns + j];
  return { rows: columns, columns: rows, data: out };
}

/** a · bᵀ of two matrices with rows of the same length: [a.rows, b.rows]. */
export function timesTransposed(a: Matrix, b: Matrix): Matrix {
  const out = new Float64Array(a.rows * b.rows);
  for (let i = 0; i < a.rows; i += 2) for (let j = 0; j < b.rows; j += 4) dotBlock(a, b, { i, j, out });
  return { rows: a.rows, columns: b.rows, data: out };
}

/** a · aᵀ, symmetric to the bit. */
export function gramOf(a: Matrix): Matrix {
  const n = a.rows;
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i += 2) for (let j = 0; j <= i + 1; j += 4) dotBlock(a, a, { i, j, out });
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) out[i * n + j] = out[j * n + i];
  return { rows: n, columns: n, data: out };
}

/** Products of two rows of `a` with four rows of `b`: each number that is read is used several times. */
function dotBlock(a: Matrix, b: Matrix, { i, j, out }: { i: number; j: number; out: Float64Array }): void {
  const n = a.columns;
  const x = a.data;
  const y = b.data;
  if (i + 1 >= a.rows || j + 3 >= b.rows) {
    for (let row = i; row < Math.min(i + 2, a.rows); row++)
      for (let column = j; column < Math.min(j + 4, b.rows); column++)
        out[row * b.rows + column] = dot(x, y, { from: row * n, to: column * n, count: n });
    return;
  }
  const a0 = i * n;
  const a1 = a0 + n;
  const b0 = j * n;
  const b1 = b0 + n;
  const b2 = b1 + n;
  const b3 = b2 + n;
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  for (let k = 0; k < n; k++) {
    const p = x[a0 + k];
    const q = x[a1 + k];
    const y0 = y[b0 + k];
    const y1 = y[b1 + k];
    const y2 = y[b2 + k];
    const y3 = y[b3 + k];
    s00 += p * y0;
    s01 += p * y1;
    s02 += p * y2;
    s03 += p * y3;
    s10 += q * y0;
    s11 += q * y1;
    s12 += q * y2;
    s13 += q * y3;
  }
  const at = i * b.rows + j;
  out[at] = s00;
  out[at + 1] = s01;
  out[at + 2] = s02;
  out[at + 3] = s03;
  const next = at + b.rows;
  out[next] = s10;
  out[next + 1] = s11;
  out[next + 2] = s12;
  out[next + 3] = s13;
}

/** The product of `count` numbers of two arrays, from these places on. */
export function dot(
  x: Float64Array,
  y: Float64Array,
  { from = 0, to = 0, count = x.length }: { from?: number; to?: number; count?: number } = {},
): number {
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  let k = 0;
  for (; k + 3 < count; k += 4) {
    first += x[from + k] * y[to + k];
    second += x[from + k + 1] * y[to + k + 1];
    third += x[from + k + 2] * y[to + k + 2];
    fourth += x[from + k + 3] * y[to + k + 3];
  }
  for (; k < count; k++) first += x[from + k] * y[to + k];
  return first + second + (third + fourth);
}

/** Adds `factor` times `count` numbers of `x` to those of `y`. */
export function addScaled(
  factor: number,
  x: Float64Array,
  y: Float64Array,
  { from = 0, to = 0, count = x.length }: { from?: number; to?: number; count?: number } = {},
): void {
  for (let k = 0; k < count; k++) y[to + k] += factor * x[from + k];
}

/** A matrix times a vector [columns]: [rows]. */
export function times({ rows, columns, data }: Matrix, vector: Float64Array): Float64Array {
  const out = new Float64Array(rows);
  for (let i = 0; i < rows; i++) out[i] = dot(data, vector, { from: i * columns, count: columns });
  return out;
}

/** A transposed matrix times a vector [rows]: [columns]. */
export function transposedTimes({ rows, columns, data }: Matrix, vector: Float64Array): Float64Array {
  const out = new Float64Array(columns);
  for (let i = 0; i < rows; i++)
    if (vector[i] !== 0) addScaled(vector[i], data, out, { from: i * columns, count: columns });
  return out;
}
