// Layer normalisation over the last axis, forwards and backwards.
import { number, whole } from './arguments';
import { clear, madd, total } from './vectors';

enum Of {
  x,
  scale,
  shift,
  y,
  /** Mean and 1 / deviation of each row. */
  statistics,
  rows,
  dim,
  eps,
  /** Rows of a piece. */
  step,
}

/** The sum of (x − mean), or of its squares. */
@inline
function sumAround(x: usize, mean: f32, count: i32, squared: bool): f32 {
  const centre = f32x4.splat(mean);
  let first = f32x4.splat(0);
  let second = first;
  let i = 0;
  for (; i + 8 <= count; i += 8, x += 32) {
    const one = f32x4.sub(v128.load(x), centre);
    const other = f32x4.sub(v128.load(x, 16), centre);
    first = squared ? madd(one, one, first) : f32x4.add(first, one);
    second = squared ? madd(other, other, second) : f32x4.add(second, other);
  }
  let sum = total(f32x4.add(first, second));
  for (; i < count; i++, x += 4) {
    const one = load<f32>(x) - mean;
    sum += squared ? one * one : one;
  }
  return sum;
}

/** y = (x − mean) / √(variance + eps) · scale + shift. */
export function layerNorm(piece: i32): void {
  const dim = whole(Of.dim);
  const step = whole(Of.step);
  for (let row = piece * step; row < min((piece + 1) * step, whole(Of.rows)); row++) {
    const at = <usize>row * <usize>dim << 2;
    let x = <usize>whole(Of.x) + at;
    let y = <usize>whole(Of.y) + at;
    const mean = sumAround(x, 0, dim, false) / <f32>dim;
    const inverse: f32 = 1 / sqrt(sumAround(x, mean, dim, true) / <f32>dim + number(Of.eps));
    store<f32>(<usize>whole(Of.statistics) + (<usize>row << 3), mean);
    store<f32>(<usize>whole(Of.statistics) + (<usize>row << 3), inverse, 4);
    let scale = <usize>whole(Of.scale);
    let shift = <usize>whole(Of.shift);
    let i = 0;
    for (; i + 4 <= dim; i += 4, x += 16, y += 16, scale += 16, shift += 16) {
      const unit = f32x4.mul(f32x4.sub(v128.load(x), f32x4.splat(mean)), f32x4.splat(inverse));
      v128.store(y, madd(unit, v128.load(scale), v128.load(shift)));
    }
    for (; i < dim; i++, x += 4, y += 4, scale += 4, shift += 4)
      store<f32>(y, (load<f32>(x) - mean) * inverse * load<f32>(scale) + load<f32>(shift));
  }
}

enum OfGradient {
  dy,
  x,
  statistics,
  scale,
  dx,
  /** Sums over the rows of each piece, [pieces, 2, dim]: of dy · unit, and of dy. */
  sums,
  rows,
  dim,
  step,
}

/** dx, and what the piece's rows give to the gradients of scale and shift. */
export function layerNormGradient(piece: i32): void {
  const dim = whole(OfGradient.dim);
  const step = whole(OfGradient.step);
  const bytes = <usize>dim << 2;
  const dscale = <usize>whole(OfGradient.sums) + <usize>piece * 2 * bytes;
  const dshift = dscale + bytes;
  const scale = <usize>whole(OfGradient.scale);
  clear(dscale, 2 * dim);
  for (let row = piece * step; row < min((piece + 1) * step, whole(OfGradient.rows)); row++) {
    const at = <usize>row * bytes;
    const x = <usize>whole(OfGradient.x) + at;
    const dy = <usize>whole(OfGradient.dy) + at;
    const dx = <usize>whole(OfGradient.dx) + at;
    const statistics = <usize>whole(OfGradient.statistics) + (<usize>row << 3);
    const mean = load<f32>(statistics);
    const inverse = load<f32>(statistics, 4);
    let sums = f32x4.splat(0);
    let slopes = sums;
    let i: usize = 0;
    const vectors = bytes & ~15;
    for (; i < vectors; i += 16) {
      const given = v128.load(dy + i);
      const unit = f32x4.mul(f32x4.sub(v128.load(x + i), f32x4.splat(mean)), f32x4.splat(inverse));
      const scaled = f32x4.mul(given, v128.load(scale + i));
      sums = f32x4.add(sums, scaled);
      slopes = madd(scaled, unit, slopes);
      v128.store(dscale + i, madd(given, unit, v128.load(dscale + i)));
      v128.store(dshift + i, f32x4.add(v128.load(dshift + i), given));
    }
    let sum = total(sums);
    let slope = total(slopes);
    for (; i < bytes; i += 4) {
      const given = load<f32>(dy + i);
      const unit = (load<f32>(x + i) - mean) * inverse;
      const scaled = given * load<f32>(scale + i);
      sum += scaled;
      slope += scaled * unit;
      store<f32>(dscale + i, load<f32>(dscale + i) + given * unit);
      store<f32>(dshift + i, load<f32>(dshift + i) + given);
    }
    sum /= <f32>dim;
    slope /= <f32>dim;
    for (i = 0; i < vectors; i += 16) {
      const unit = f32x4.mul(f32x4.sub(v128.load(x + i), f32x4.splat(mean)), f32x4.splat(inverse));
      const scaled = f32x4.sub(f32x4.mul(v128.load(dy + i), v128.load(scale + i)), f32x4.splat(sum));
      v128.store(dx + i, f32x4.mul(f32x4.sub(scaled, f32x4.mul(unit, f32x4.splat(slope))), f32x4.splat(inverse)));
    }
    for (; i < bytes; i += 4) {
      const unit = (load<f32>(x + i) - mean) * inverse;
      store<f32>(dx + i, (load<f32>(dy + i) * load<f32>(scale + i) - sum - unit * slope) * inverse);
    }
  }
}
