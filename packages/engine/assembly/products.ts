// Products of matrices, c = a · b or c += a · b. The smaller of both is packed once for all threads; each chunk packs a strip of
// the other into its thread's own memory, where it stays in the processor's cache while it is multiplied.
import { whole } from './arguments';
import { depth, packPanel, tileInside } from './panels';
import { ProductArgs } from './signatures';
import { clear } from './vectors';

/** Where row `row` and term `term` of a lie; b is the same with its columns. */
@inline
function place(base: usize, transposed: bool, stride: i32, row: i32, term: i32): usize {
  return base + ((transposed ? <usize>term * <usize>stride + <usize>row : <usize>row * <usize>stride + <usize>term) << 2);
}

/** Packs some panels of a, four rows each. */
export function packLeft(chunk: i32): void {
  const rows = whole(ProductArgs.rows);
  const terms = whole(ProductArgs.terms);
  const transposed = whole(ProductArgs.transposeA) != 0;
  const stride = whole(ProductArgs.strideA);
  const step = whole(ProductArgs.step);
  for (let panel = chunk * step; panel < min((chunk + 1) * step, (rows + 3) >> 2); panel++) {
    const row = panel << 2;
    const to = <usize>whole(ProductArgs.packed) + (<usize>row * <usize>terms << 2);
    packPanel(to, 4, place(whole(ProductArgs.a), transposed, stride, row, 0), !transposed, <usize>stride << 2, terms, rows - row);
  }
}

/** Packs some panels of b, eight columns each. */
export function packRight(chunk: i32): void {
  const columns = whole(ProductArgs.columns);
  const terms = whole(ProductArgs.terms);
  const transposed = whole(ProductArgs.transposeB) != 0;
  const stride = whole(ProductArgs.strideB);
  const step = whole(ProductArgs.step);
  for (let panel = chunk * step; panel < min((chunk + 1) * step, (columns + 7) >> 3); panel++) {
    const column = panel << 3;
    const to = <usize>whole(ProductArgs.packed) + (<usize>column * <usize>terms << 2);
    packPanel(to, 8, place(whole(ProductArgs.b), !transposed, stride, column, 0), transposed, <usize>stride << 2, terms, columns - column);
  }
}

/** Multiplies a strip of rows, or of columns, with the packed matrix. */
export function multiply(chunk: i32, scratch: usize): void {
  const rows = whole(ProductArgs.rows);
  const columns = whole(ProductArgs.columns);
  const terms = whole(ProductArgs.terms);
  const step = whole(ProductArgs.step);
  const apart = <usize>columns << 2;
  const c = <usize>whole(ProductArgs.c);
  const packed = <usize>whole(ProductArgs.packed);
  const spare = scratch;
  const strip = scratch + 128;
  const first = chunk * step;
  if (whole(ProductArgs.leftPacked)) {
    const transposed = whole(ProductArgs.transposeB) != 0;
    const stride = whole(ProductArgs.strideB);
    const last = min(first + step, columns);
    for (let term = 0; term < terms; term += depth) {
      const count = min(depth, terms - term);
      const adds = term > 0 || whole(ProductArgs.accumulate) != 0;
      for (let column = first; column < last; column += 8) {
        const panel = strip + (<usize>(column - first) * <usize>count << 2);
        const from = place(whole(ProductArgs.b), !transposed, stride, column, term);
        packPanel(panel, 8, from, transposed, <usize>stride << 2, count, last - column);
      }
      // Rows in blocks whose panels stay in the second cache.
      for (let block = 0; block < rows; block += 256)
        for (let column = first; column < last; column += 8) {
          const b = strip + (<usize>(column - first) * <usize>count << 2);
          for (let row = block; row < min(block + 256, rows); row += 4) {
            const a = packed + (<usize>row * <usize>terms + (<usize>term << 2) << 2);
            const to = c + <usize>row * apart + (<usize>column << 2);
            tileInside(count, a, b, to, apart, adds, rows - row, last - column, spare);
          }
        }
    }
    return;
  }
  const transposed = whole(ProductArgs.transposeA) != 0;
  const stride = whole(ProductArgs.strideA);
  const last = min(first + step, rows);
  for (let term = 0; term < terms; term += depth) {
    const count = min(depth, terms - term);
    const adds = term > 0 || whole(ProductArgs.accumulate) != 0;
    for (let row = first; row < last; row += 4) {
      const panel = strip + (<usize>(row - first) * <usize>count << 2);
      const from = place(whole(ProductArgs.a), transposed, stride, row, term);
      packPanel(panel, 4, from, !transposed, <usize>stride << 2, count, last - row);
    }
    for (let column = 0; column < columns; column += 8) {
      const b = packed + (<usize>column * <usize>terms + (<usize>term << 3) << 2);
      for (let row = first; row < last; row += 4) {
        const a = strip + (<usize>(row - first) * <usize>count << 2);
        const to = c + <usize>row * apart + (<usize>column << 2);
        tileInside(count, a, b, to, apart, adds, last - row, columns - column, spare);
      }
    }
  }
}

/** Does some products of a batch of small ones, each by itself. */
export function multiplySmall(chunk: i32, scratch: usize): void {
  const rows = whole(ProductArgs.rows);
  const columns = whole(ProductArgs.columns);
  const terms = whole(ProductArgs.terms);
  const transposedA = whole(ProductArgs.transposeA) != 0;
  const transposedB = whole(ProductArgs.transposeB) != 0;
  const strideA = whole(ProductArgs.strideA);
  const strideB = whole(ProductArgs.strideB);
  const apart = <usize>columns << 2;
  const spare = scratch;
  const left = scratch + 128;
  const right = left + (<usize>terms << 4);
  const step = whole(ProductArgs.step);
  const size = <usize>rows * <usize>columns << 2;
  for (let i = chunk * step; i < min((chunk + 1) * step, whole(ProductArgs.batch)); i++) {
    const a = <usize>whole(ProductArgs.a) + (<usize>i * <usize>whole(ProductArgs.batchStrideA) << 2);
    const b = <usize>whole(ProductArgs.b) + (<usize>i * <usize>whole(ProductArgs.batchStrideB) << 2);
    const c = <usize>whole(ProductArgs.c) + <usize>i * size;
    if (terms == 0) clear(c, rows * columns);
    for (let column = 0; column < columns; column += 8) {
      const to = right + (<usize>column * <usize>terms << 2);
      packPanel(to, 8, place(b, !transposedB, strideB, column, 0), transposedB, <usize>strideB << 2, terms, columns - column);
    }
    for (let row = 0; row < rows; row += 4) {
      packPanel(left, 4, place(a, transposedA, strideA, row, 0), !transposedA, <usize>strideA << 2, terms, rows - row);
      for (let column = 0; column < columns; column += 8) {
        const panel = right + (<usize>column * <usize>terms << 2);
        const to = c + <usize>row * apart + (<usize>column << 2);
        tileInside(terms, left, panel, to, apart, false, rows - row, columns - column, spare);
      }
    }
  }
}
