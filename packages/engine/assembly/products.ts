// Products of matrices, c = a · b or c += a · b. The smaller of both is packed once for all threads; each piece packs a strip of
// the other into its thread's own memory, where it stays in the processor's cache while it is multiplied.
import { whole } from './arguments';
import { depth, packPanel, tileInside } from './panels';
import { clear } from './vectors';

/** The arguments of a product. */
enum Of {
  a,
  b,
  c,
  rows,
  columns,
  terms,
  /** 1 where a is stored as its transpose, [terms, rows]; b as [columns, terms]. */
  turnedA,
  turnedB,
  /** Numbers from one row of a, or of b, to the next, as they are stored. */
  strideA,
  strideB,
  /** 1 where c is added to. */
  adds,
  /** Where the packed matrix lies. */
  packed,
  /** Panels, or rows of a strip, or products of a batch, that are one piece. */
  step,
  /** 1 where a is the packed one. */
  leftPacked,
  /** Of a batch: how many, and the numbers from one matrix to the next. */
  batch,
  apartA,
  apartB,
}

/** Where row `row` and term `term` of a lie; b is the same with its columns. */
@inline
function place(base: usize, turned: bool, stride: i32, row: i32, term: i32): usize {
  return base + ((turned ? <usize>term * <usize>stride + <usize>row : <usize>row * <usize>stride + <usize>term) << 2);
}

/** Packs some panels of a, four rows each. */
export function packLeft(piece: i32): void {
  const rows = whole(Of.rows);
  const terms = whole(Of.terms);
  const turned = whole(Of.turnedA) != 0;
  const stride = whole(Of.strideA);
  const step = whole(Of.step);
  for (let panel = piece * step; panel < min((piece + 1) * step, (rows + 3) >> 2); panel++) {
    const row = panel << 2;
    const to = <usize>whole(Of.packed) + (<usize>row * <usize>terms << 2);
    packPanel(to, 4, place(whole(Of.a), turned, stride, row, 0), !turned, <usize>stride << 2, terms, rows - row);
  }
}

/** Packs some panels of b, eight columns each. */
export function packRight(piece: i32): void {
  const columns = whole(Of.columns);
  const terms = whole(Of.terms);
  const turned = whole(Of.turnedB) != 0;
  const stride = whole(Of.strideB);
  const step = whole(Of.step);
  for (let panel = piece * step; panel < min((piece + 1) * step, (columns + 7) >> 3); panel++) {
    const column = panel << 3;
    const to = <usize>whole(Of.packed) + (<usize>column * <usize>terms << 2);
    packPanel(to, 8, place(whole(Of.b), !turned, stride, column, 0), turned, <usize>stride << 2, terms, columns - column);
  }
}

/** Multiplies a strip of rows, or of columns, with the packed matrix. */
export function multiply(piece: i32, room: usize): void {
  const rows = whole(Of.rows);
  const columns = whole(Of.columns);
  const terms = whole(Of.terms);
  const step = whole(Of.step);
  const apart = <usize>columns << 2;
  const c = <usize>whole(Of.c);
  const packed = <usize>whole(Of.packed);
  const spare = room;
  const strip = room + 128;
  const first = piece * step;
  if (whole(Of.leftPacked)) {
    const turned = whole(Of.turnedB) != 0;
    const stride = whole(Of.strideB);
    const last = min(first + step, columns);
    for (let term = 0; term < terms; term += depth) {
      const count = min(depth, terms - term);
      const adds = term > 0 || whole(Of.adds) != 0;
      for (let column = first; column < last; column += 8) {
        const panel = strip + (<usize>(column - first) * <usize>count << 2);
        const from = place(whole(Of.b), !turned, stride, column, term);
        packPanel(panel, 8, from, turned, <usize>stride << 2, count, last - column);
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
  const turned = whole(Of.turnedA) != 0;
  const stride = whole(Of.strideA);
  const last = min(first + step, rows);
  for (let term = 0; term < terms; term += depth) {
    const count = min(depth, terms - term);
    const adds = term > 0 || whole(Of.adds) != 0;
    for (let row = first; row < last; row += 4) {
      const panel = strip + (<usize>(row - first) * <usize>count << 2);
      const from = place(whole(Of.a), turned, stride, row, term);
      packPanel(panel, 4, from, !turned, <usize>stride << 2, count, last - row);
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
export function multiplySmall(piece: i32, room: usize): void {
  const rows = whole(Of.rows);
  const columns = whole(Of.columns);
  const terms = whole(Of.terms);
  const turnedA = whole(Of.turnedA) != 0;
  const turnedB = whole(Of.turnedB) != 0;
  const strideA = whole(Of.strideA);
  const strideB = whole(Of.strideB);
  const apart = <usize>columns << 2;
  const spare = room;
  const left = room + 128;
  const right = left + (<usize>terms << 4);
  const step = whole(Of.step);
  const size = <usize>rows * <usize>columns << 2;
  for (let i = piece * step; i < min((piece + 1) * step, whole(Of.batch)); i++) {
    const a = <usize>whole(Of.a) + (<usize>i * <usize>whole(Of.apartA) << 2);
    const b = <usize>whole(Of.b) + (<usize>i * <usize>whole(Of.apartB) << 2);
    const c = <usize>whole(Of.c) + <usize>i * size;
    if (terms == 0) clear(c, rows * columns);
    for (let column = 0; column < columns; column += 8) {
      const to = right + (<usize>column * <usize>terms << 2);
      packPanel(to, 8, place(b, !turnedB, strideB, column, 0), turnedB, <usize>strideB << 2, terms, columns - column);
    }
    for (let row = 0; row < rows; row += 4) {
      packPanel(left, 4, place(a, turnedA, strideA, row, 0), !turnedA, <usize>strideA << 2, terms, rows - row);
      for (let column = 0; column < columns; column += 8) {
        const panel = right + (<usize>column * <usize>terms << 2);
        const to = c + <usize>row * apart + (<usize>column << 2);
        tileInside(terms, left, panel, to, apart, false, rows - row, columns - column, spare);
      }
    }
  }
}
