// Arithmetic on vectors of four numbers that the kernels share.

/** a · b + c; rounded once where the engine has an instruction for it (the build called `fused`). */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  // @ts-expect-error FUSED is a number that the compiler is given
  return FUSED ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/** The sum of a vector's four numbers. */
@inline
export function total(x: v128): f32 {
  const pairs = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** exp(x) for x ≤ 0 (1 above it) to a unit or two in the last place: a polynomial after Cody and Waite's reduction. */
@inline
export function exponential(x: v128): v128 {
  x = f32x4.min(f32x4.max(x, f32x4.splat(-87)), f32x4.splat(0));
  const count = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  const rough = f32x4.sub(x, f32x4.mul(count, f32x4.splat(0.693359375)));
  const r = f32x4.sub(rough, f32x4.mul(count, f32x4.splat(-2.1219444e-4)));
  let p = f32x4.splat(1.987569150e-4);
  p = madd(p, r, f32x4.splat(1.3981999507e-3));
  p = madd(p, r, f32x4.splat(8.3334519073e-3));
  p = madd(p, r, f32x4.splat(4.1665795894e-2));
  p = madd(p, r, f32x4.splat(1.6666665459e-1));
  p = madd(p, r, f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(count), i32x4.splat(127)), 23);
  return f32x4.mul(p, power);
}

/** log(x) of normal numbers above 0 to a unit or two in the last place: Cephes' polynomial around 1. */
@inline
export function logarithm(x: v128): v128 {
  const bits = i32x4.sub(x, i32x4.splat(0x3f3504f3)); // √½
  const count = f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23));
  const mantissa = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const r = f32x4.sub(mantissa, f32x4.splat(1));
  const square = f32x4.mul(r, r);
  let y = f32x4.splat(7.0376836292e-2);
  y = madd(y, r, f32x4.splat(-1.1514610310e-1));
  y = madd(y, r, f32x4.splat(1.1676998740e-1));
  y = madd(y, r, f32x4.splat(-1.2420140846e-1));
  y = madd(y, r, f32x4.splat(1.4249322787e-1));
  y = madd(y, r, f32x4.splat(-1.6668057665e-1));
  y = madd(y, r, f32x4.splat(2.0000714765e-1));
  y = madd(y, r, f32x4.splat(-2.4999993993e-1));
  y = madd(y, r, f32x4.splat(3.3333331174e-1));
  y = f32x4.mul(f32x4.mul(y, r), square);
  y = madd(count, f32x4.splat(-2.12194440e-4), y);
  y = madd(square, f32x4.splat(-0.5), y);
  return madd(count, f32x4.splat(0.693359375), f32x4.add(r, y));
}

/** Sets `count` numbers to 0. */
@inline
export function clear(to: usize, count: i32): void {
  memory.fill(to, 0, <usize>count << 2);
}

/** to[i] += x[i]. */
@inline
export function addTo(to: usize, x: usize, count: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4, to += 16, x += 16) v128.store(to, f32x4.add(v128.load(to), v128.load(x)));
  for (; i < count; i++, to += 4, x += 4) store<f32>(to, load<f32>(to) + load<f32>(x));
}

/**
 * to[i] = Σ coefficients[s] · rows[s][i] over `count` rows.
 *
 * @param stride bytes from one coefficient to the next.
 * @param apart bytes from one row to the next.
 */
export function mixRows(
  to: usize,
  width: i32,
  coefficients: usize,
  stride: usize,
  rows: usize,
  apart: usize,
  count: i32,
): void {
  let i = 0;
  for (; i + 16 <= width; i += 16, to += 64, rows += 64) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let s = 0, row = rows, at = coefficients; s < count; s++, row += apart, at += stride) {
      const factor = v128.load32_splat(at);
      s0 = madd(factor, v128.load(row), s0);
      s1 = madd(factor, v128.load(row, 16), s1);
      s2 = madd(factor, v128.load(row, 32), s2);
      s3 = madd(factor, v128.load(row, 48), s3);
    }
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
  for (; i + 4 <= width; i += 4, to += 16, rows += 16) {
    let sum = f32x4.splat(0);
    for (let s = 0, row = rows, at = coefficients; s < count; s++, row += apart, at += stride)
      sum = madd(v128.load32_splat(at), v128.load(row), sum);
    v128.store(to, sum);
  }
  for (; i < width; i++, to += 4, rows += 4) {
    let sum: f32 = 0;
    for (let s = 0, row = rows, at = coefficients; s < count; s++, row += apart, at += stride)
      sum += load<f32>(at) * load<f32>(row);
    store<f32>(to, sum);
  }
}
