/** Rows of numbers in float32. */
export interface Rows {
  columns: number;
  /** [rows, columns] row by row. */
  data: Float32Array;
}

/** The product of a row of one matrix with a row of another, in float64. */
export function rowProduct({ data: a, columns }: Rows, row: number, { data: b }: Rows, other: number): number {
  const from = row * columns;
  const start = other * columns;
  // Sums that do not wait for one another.
  let [first, second, third, fourth] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < columns; i += 4) {
    first += a[from + i] * b[start + i];
    second += a[from + i + 1] * b[start + i + 1];
    third += a[from + i + 2] * b[start + i + 2];
    fourth += a[from + i + 3] * b[start + i + 3];
  }
  for (; i < columns; i++) first += a[from + i] * b[start + i];
  return first + second + third + fourth;
}
