// AdamW over one array, in one pass. Every operation is rounded in the order of the plain form: no product and sum are fused, so
// that both give the same bits.
import { number, whole } from './arguments';
import { AdamWArgs, SquaresArgs } from './signatures';

/** The sum of the squares of a chunk. */
export function squares(chunk: i32): void {
  const step = whole(SquaresArgs.step);
  const begin = chunk * step;
  let x = <usize>whole(SquaresArgs.gradient) + ((<usize>begin) << 2);
  const count = min(step, whole(SquaresArgs.size) - begin);
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
  store<f64>(<usize>whole(SquaresArgs.sums) + ((<usize>chunk) << 3), sum);
}

/** The new moments and weights of a chunk. */
export function adamW(chunk: i32): void {
  const step = whole(AdamWArgs.step);
  const begin = chunk * step;
  const count = min(step, whole(AdamWArgs.size) - begin);
  const at = (<usize>begin) << 2;
  let weights = <usize>whole(AdamWArgs.weights) + at;
  let gradient = <usize>whole(AdamWArgs.gradient) + at;
  let first = <usize>whole(AdamWArgs.first) + at;
  let second = <usize>whole(AdamWArgs.second) + at;
  let next = <usize>whole(AdamWArgs.next) + at;
  const clip = number(AdamWArgs.clip);
  const beta1 = number(AdamWArgs.beta1);
  const oneMinusBeta1 = number(AdamWArgs.oneMinusBeta1);
  const beta2 = number(AdamWArgs.beta2);
  const oneMinusBeta2 = number(AdamWArgs.oneMinusBeta2);
  const correction2 = number(AdamWArgs.correction2);
  const correction1OverRate = number(AdamWArgs.correction1OverRate);
  const eps = number(AdamWArgs.eps);
  const decay = number(AdamWArgs.decay);
  const multiplier = number(AdamWArgs.multiplier);
  let i = 0;
  for (; i + 4 <= count; i += 4, weights += 16, gradient += 16, first += 16, second += 16, next += 16) {
    const g = f32x4.mul(v128.load(gradient), f32x4.splat(clip));
    const m = f32x4.add(f32x4.mul(v128.load(first), f32x4.splat(beta1)), f32x4.mul(g, f32x4.splat(oneMinusBeta1)));
    const v = f32x4.add(
      f32x4.mul(v128.load(second), f32x4.splat(beta2)),
      f32x4.mul(f32x4.mul(g, g), f32x4.splat(oneMinusBeta2)),
    );
    v128.store(first, m);
    v128.store(second, v);
    const root = f32x4.add(f32x4.sqrt(f32x4.div(v, f32x4.splat(correction2))), f32x4.splat(eps));
    const move = f32x4.mul(f32x4.div(m, f32x4.mul(root, f32x4.splat(correction1OverRate))), f32x4.splat(multiplier));
    const w = v128.load(weights);
    v128.store(next, f32x4.sub(f32x4.sub(w, f32x4.mul(w, f32x4.splat(decay))), move));
  }
  for (; i < count; i++, weights += 4, gradient += 4, first += 4, second += 4, next += 4) {
    const g = load<f32>(gradient) * clip;
    const m = load<f32>(first) * beta1 + g * oneMinusBeta1;
    const v = load<f32>(second) * beta2 + g * g * oneMinusBeta2;
    store<f32>(first, m);
    store<f32>(second, v);
    const root = sqrt(v / correction2) + eps;
    const move = (m / (root * correction1OverRate)) * multiplier;
    const w = load<f32>(weights);
    store<f32>(next, w - w * decay - move);
  }
}
