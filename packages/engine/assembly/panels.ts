// Panels of matrices, four rows or eight columns next to each other term by term, and the product of one of each.
import { madd } from './vectors';

/** Terms of a sum that are added up in one go: so many rows of both panels fit the first cache. */
export const depth = 384;

/**
 * Writes `width` rows (or columns) as a panel of `lanes` next to each other, term by term; lanes without a row are 0.
 *
 * @param along whether a row's terms lie next to each other; else the rows' entries of one term do.
 * @param stride bytes from one row, or from one term, to the next.
 */
@inline
export function packPanel(to: usize, lanes: i32, from: usize, along: bool, stride: usize, terms: i32, width: i32): void {
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
export function packAlong(to: usize, step: usize, a: usize, b: usize, c: usize, d: usize, terms: i32): void {
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

/** c [4, 8] = the sum over an even number of terms of a panel of four rows and one of eight columns. @param apart bytes between rows of c. */
function tile(terms: i32, a: usize, b: usize, c: usize, apart: usize): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  let x = f32x4.splat(0);
  let b0 = x;
  let b1 = x;
  const end = a + (<usize>terms << 4);
  while (a < end) {
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
  const second = c + apart;
  const third = second + apart;
  const fourth = third + apart;
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(second, c10);
  v128.store(second, c11, 16);
  v128.store(third, c20);
  v128.store(third, c21, 16);
  v128.store(fourth, c30);
  v128.store(fourth, c31, 16);
}

/** The same, c +=. Its own function: with a choice inside the compiler keeps fewer of the sums in registers. */
function tileAdds(terms: i32, a: usize, b: usize, c: usize, apart: usize): void {
  const second = c + apart;
  const third = second + apart;
  const fourth = third + apart;
  let c00 = v128.load(c);
  let c01 = v128.load(c, 16);
  let c10 = v128.load(second);
  let c11 = v128.load(second, 16);
  let c20 = v128.load(third);
  let c21 = v128.load(third, 16);
  let c30 = v128.load(fourth);
  let c31 = v128.load(fourth, 16);
  let x = f32x4.splat(0);
  let b0 = x;
  let b1 = x;
  const end = a + (<usize>terms << 4);
  while (a < end) {
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
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(second, c10);
  v128.store(second, c11, 16);
  v128.store(third, c20);
  v128.store(third, c21, 16);
  v128.store(fourth, c30);
  v128.store(fourth, c31, 16);
}

/** c [4, 8] += one term. */
function addTerm(a: usize, b: usize, c: usize, apart: usize): void {
  const b0 = v128.load(b);
  const b1 = v128.load(b, 16);
  for (let row = 0; row < 4; row++, a += 4, c += apart) {
    const x = v128.load32_splat(a);
    v128.store(c, madd(x, b0, v128.load(c)));
    v128.store(c, madd(x, b1, v128.load(c, 16)), 16);
  }
}

/** c [4, 8] = or += the sum over terms. */
@inline
function anyTile(terms: i32, a: usize, b: usize, c: usize, apart: usize, adds: bool): void {
  const even = terms & ~1;
  if (adds) tileAdds(even, a, b, c, apart);
  else tile(even, a, b, c, apart);
  if (terms & 1) addTerm(a + (<usize>even << 4), b + (<usize>even << 5), c, apart);
}

/** A tile that may hang over the edge of c: it is made in `spare` then, and what is of c is copied. */
export function tileInside(
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
    anyTile(terms, a, b, c, apart, adds);
    return;
  }
  anyTile(terms, a, b, spare, 32, false);
  for (let i = 0; i < min(rows, 4); i++)
    for (let j = 0; j < min(columns, 8); j++) {
      const to = c + <usize>i * apart + (<usize>j << 2);
      const value = load<f32>(spare + (<usize>i << 5) + (<usize>j << 2));
      store<f32>(to, adds ? load<f32>(to) + value : value);
    }
}
