// Products of matrices, c = a · b or c += a · b. The smaller of both is packed once for all threads; each piece packs a strip of
// the other into its thread's own memory, where it stays in the processor's cache while it is multiplied.
import { whole } from './arguments';
import { clear, madd } from './vectors';

/** Terms of a sum that are added up in one go: so many rows of both panels fit the first cache. */
const depth = 384;

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

/**
 * Writes `width` rows (or columns) as a panel of `lanes` next to each other, term by term; lanes without a row are 0.
 *
 * @param along whether a row's terms lie next to each other; else the rows' entries of one term do.
 * @param stride bytes from one row, or from one term, to the next.
 */
@inline
function packPanel(to: usize, lanes: i32, from: usize, along: bool, stride: usize, terms: i32, width: i32): void {
  for (let lane = 0; lane < lanes; lane += 4) {
    const at = to + (<usize>lane << 2);
    const left = width - lane;
    const step = <usize>lanes << 2;
    if (left < 4) {
      packEdge(at, step, along ? from + <usize>lane * stride : from + (<usize>lane << 2), along, stride, terms, left);
    } else if (along) {
      const row = from + <usize>lane * stride;
      packAlong(at, step, row, row + stride, row + 2 * stride, row + 3 * stride, terms);
    } else {
      let source = from + (<usize>lane << 2);
      for (let p = 0, target = at; p < terms; p++, target += step, source += stride) v128.store(target, v128.load(source));
    }
  }
}

/** Four rows whose terms lie next to each other, turned four by four. */
function packAlong(to: usize, step: usize, a: usize, b: usize, c: usize, d: usize, terms: i32): void {
  let p = 0;
  for (; p + 4 <= terms; p += 4, a += 16, b += 16, c += 16, d += 16, to += 4 * step) {
    const ra = v128.load(a);
    const rb = v128.load(b);
    const rc = v128.load(c);
    const rd = v128.load(d);
    const ab = v128.shuffle<f32>(ra, rb, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(rc, rd, 0, 4, 1, 5);
    const abHigh = v128.shuffle<f32>(ra, rb, 2, 6, 3, 7);
    const cdHigh = v128.shuffle<f32>(rc, rd, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f64>(ab, cd, 0, 2));
    v128.store(to + step, v128.shuffle<f64>(ab, cd, 1, 3));
    v128.store(to + 2 * step, v128.shuffle<f64>(abHigh, cdHigh, 0, 2));
    v128.store(to + 3 * step, v128.shuffle<f64>(abHigh, cdHigh, 1, 3));
  }
  for (; p < terms; p++, a += 4, b += 4, c += 4, d += 4, to += step) {
    store<f32>(to, load<f32>(a));
    store<f32>(to, load<f32>(b), 4);
    store<f32>(to, load<f32>(c), 8);
    store<f32>(to, load<f32>(d), 12);
  }
}

/** Fewer than four rows, perhaps none. */
function packEdge(to: usize, step: usize, from: usize, along: bool, stride: usize, terms: i32, width: i32): void {
  for (let p = 0; p < terms; p++, to += step) {
    v128.store(to, f32x4.splat(0));
    for (let i = 0; i < width; i++)
      store<f32>(
        to + (<usize>i << 2),
        load<f32>(along ? from + <usize>i * stride + (<usize>p << 2) : from + <usize>p * stride + (<usize>i << 2)),
      );
  }
}

/** c [4, 8] = (or +=) the sum over terms of a panel of four rows and one of eight columns. @param apart bytes between rows of c. */
function tile(terms: i32, a: usize, b: usize, c: usize, apart: usize, adds: bool): void {
  const zero = f32x4.splat(0);
  let c00 = zero;
  let c01 = zero;
  let c10 = zero;
  let c11 = zero;
  let c20 = zero;
  let c21 = zero;
  let c30 = zero;
  let c31 = zero;
  let x = zero;
  let b0 = zero;
  let b1 = zero;
  const pairs = a + (<usize>(terms & ~1) << 4);
  while (a < pairs) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    b0 = v128.load(b, 32);
    b1 = v128.load(b, 48);
    x = v128.load32_splat(a, 16);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 20);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 24);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 28);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    a += 32;
    b += 64;
  }
  if (terms & 1) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
  }
  const second = c + apart;
  const third = second + apart;
  const fourth = third + apart;
  if (adds) {
    c00 = f32x4.add(c00, v128.load(c));
    c01 = f32x4.add(c01, v128.load(c, 16));
    c10 = f32x4.add(c10, v128.load(second));
    c11 = f32x4.add(c11, v128.load(second, 16));
    c20 = f32x4.add(c20, v128.load(third));
    c21 = f32x4.add(c21, v128.load(third, 16));
    c30 = f32x4.add(c30, v128.load(fourth));
    c31 = f32x4.add(c31, v128.load(fourth, 16));
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(second, c10);
  v128.store(second, c11, 16);
  v128.store(third, c20);
  v128.store(third, c21, 16);
  v128.store(fourth, c30);
  v128.store(fourth, c31, 16);
}

/** A tile that may hang over the edge of c: it is made in `spare` then, and what is of c is copied. */
function tileInside(
  terms: i32,
  a: usize,
  b: usize,
  c: usize,
  apart: usize,
  adds: bool,
  rows: i32,
  columns: i32,
  spare: usize,
): void {
  if (rows >= 4 && columns >= 8) {
    tile(terms, a, b, c, apart, adds);
    return;
  }
  tile(terms, a, b, spare, 32, false);
  for (let i = 0; i < min(rows, 4); i++)
    for (let j = 0; j < min(columns, 8); j++) {
      const to = c + <usize>i * apart + (<usize>j << 2);
      const value = load<f32>(spare + (<usize>i << 5) + (<usize>j << 2));
      store<f32>(to, adds ? load<f32>(to) + value : value);
    }
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
