// AdamW over one array, in one pass. Every operation is rounded in the order of the plain form: no product and sum are fused, so
// that both give the same bits.
import { number, whole } from './arguments';

enum OfSquares {
  gradient,
  size,
  /** A double for each piece. */
  sums,
  step,
}

/** The sum of the squares of a piece. */
export function squares(piece: i32): void {
  const step = whole(OfSquares.step);
  const begin = piece * step;
  let x = <usize>whole(OfSquares.gradient) + ((<usize>begin) << 2);
  const count = min(step, whole(OfSquares.size) - begin);
  let first = f64x2.splat(0);
  let second = first;
  let i = 0;
  for (; i + 4 <= count; i += 4, x += 16) {
    const low = f64x2.promote_low_f32x4(v128.load64_zero(x));
    const high = f64x2.promote_low_f32x4(v128.load64_zero(x, 8));
    first = f64x2.add(first, f64x2.mul(low, low));
    second = f64x2.add(second, f64x2.mul(high, high));
  }
  const both = f64x2.add(first, second);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; i < count; i++, x += 4) sum += <f64>load<f32>(x) * <f64>load<f32>(x);
  store<f64>(<usize>whole(OfSquares.sums) + ((<usize>piece) << 3), sum);
}

enum Of {
  weights,
  gradient,
  first,
  second,
  next,
  size,
  step,
  shrink,
  keep1,
  take1,
  keep2,
  take2,
  correction,
  slowness,
  eps,
  /** Learning rate times decay and factor. */
  rate,
  factor,
}

/** The new moments and weights of a piece. */
export function adamW(piece: i32): void {
  const step = whole(Of.step);
  const begin = piece * step;
  const count = min(step, whole(Of.size) - begin);
  const at = (<usize>begin) << 2;
  let weights = <usize>whole(Of.weights) + at;
  let gradient = <usize>whole(Of.gradient) + at;
  let first = <usize>whole(Of.first) + at;
  let second = <usize>whole(Of.second) + at;
  let next = <usize>whole(Of.next) + at;
  const shrink = number(Of.shrink);
  const keep1 = number(Of.keep1);
  const take1 = number(Of.take1);
  const keep2 = number(Of.keep2);
  const take2 = number(Of.take2);
  const correction = number(Of.correction);
  const slowness = number(Of.slowness);
  const eps = number(Of.eps);
  const rate = number(Of.rate);
  const factor = number(Of.factor);
  let i = 0;
  for (; i + 4 <= count; i += 4, weights += 16, gradient += 16, first += 16, second += 16, next += 16) {
    const g = f32x4.mul(v128.load(gradient), f32x4.splat(shrink));
    const m = f32x4.add(f32x4.mul(v128.load(first), f32x4.splat(keep1)), f32x4.mul(g, f32x4.splat(take1)));
    const v = f32x4.add(
      f32x4.mul(v128.load(second), f32x4.splat(keep2)),
      f32x4.mul(f32x4.mul(g, g), f32x4.splat(take2)),
    );
    v128.store(first, m);
    v128.store(second, v);
    const root = f32x4.add(f32x4.sqrt(f32x4.div(v, f32x4.splat(correction))), f32x4.splat(eps));
    const move = f32x4.mul(f32x4.div(m, f32x4.mul(root, f32x4.splat(slowness))), f32x4.splat(factor));
    const w = v128.load(weights);
    v128.store(next, f32x4.sub(f32x4.sub(w, f32x4.mul(w, f32x4.splat(rate))), move));
  }
  for (; i < count; i++, weights += 4, gradient += 4, first += 4, second += 4, next += 4) {
    const g = load<f32>(gradient) * shrink;
    const m = load<f32>(first) * keep1 + g * take1;
    const v = load<f32>(second) * keep2 + g * g * take2;
    store<f32>(first, m);
    store<f32>(second, v);
    const root = sqrt(v / correction) + eps;
    const move = (m / (root * slowness)) * factor;
    const w = load<f32>(weights);
    store<f32>(next, w - w * rate - move);
  }
}
