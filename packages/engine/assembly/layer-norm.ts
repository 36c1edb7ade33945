// Layer normalisation over the last axis, forwards and backwards.
import { number, whole } from './arguments';
import { LayerNormArgs, LayerNormGradientArgs } from './signatures';
import { clear, madd, total } from './vectors';

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

/** y = (x − mean) / √(variance + eps) · gamma + beta. */
export function layerNorm(chunk: i32): void {
  const dim = whole(LayerNormArgs.dim);
  const step = whole(LayerNormArgs.step);
  for (let row = chunk * step; row < min((chunk + 1) * step, whole(LayerNormArgs.rows)); row++) {
    const at = <usize>row * <usize>dim << 2;
    let x = <usize>whole(LayerNormArgs.x) + at;
    let y = <usize>whole(LayerNormArgs.y) + at;
    const mean = sumAround(x, 0, dim, false) / <f32>dim;
    const inverse: f32 = 1 / sqrt(sumAround(x, mean, dim, true) / <f32>dim + number(LayerNormArgs.eps));
    store<f32>(<usize>whole(LayerNormArgs.statistics) + (<usize>row << 3), mean);
    store<f32>(<usize>whole(LayerNormArgs.statistics) + (<usize>row << 3), inverse, 4);
    let gamma = <usize>whole(LayerNormArgs.gamma);
    let beta = <usize>whole(LayerNormArgs.beta);
    let i = 0;
    for (; i + 4 <= dim; i += 4, x += 16, y += 16, gamma += 16, beta += 16) {
      const unit = f32x4.mul(f32x4.sub(v128.load(x), f32x4.splat(mean)), f32x4.splat(inverse));
      v128.store(y, madd(unit, v128.load(gamma), v128.load(beta)));
    }
    for (; i < dim; i++, x += 4, y += 4, gamma += 4, beta += 4)
      store<f32>(y, (load<f32>(x) - mean) * inverse * load<f32>(gamma) + load<f32>(beta));
  }
}

/** dx, and what the chunk's rows give to the gradients of gamma and beta. */
export function layerNormGradient(chunk: i32): void {
  const dim = whole(LayerNormGradientArgs.dim);
  const step = whole(LayerNormGradientArgs.step);
  const bytes = <usize>dim << 2;
  const dgamma = <usize>whole(LayerNormGradientArgs.sums) + <usize>chunk * 2 * bytes;
  const dbeta = dgamma + bytes;
  const gamma = <usize>whole(LayerNormGradientArgs.gamma);
  clear(dgamma, 2 * dim);
  for (let row = chunk * step; row < min((chunk + 1) * step, whole(LayerNormGradientArgs.rows)); row++) {
    const at = <usize>row * bytes;
    const x = <usize>whole(LayerNormGradientArgs.x) + at;
    const dy = <usize>whole(LayerNormGradientArgs.dy) + at;
    const dx = <usize>whole(LayerNormGradientArgs.dx) + at;
    const statistics = <usize>whole(LayerNormGradientArgs.statistics) + (<usize>row << 3);
    const mean = load<f32>(statistics);
    const inverse = load<f32>(statistics, 4);
    let sums = f32x4.splat(0);
    let products = sums;
    let i: usize = 0;
    const vectors = bytes & ~15;
    for (; i < vectors; i += 16) {
      const given = v128.load(dy + i);
      const unit = f32x4.mul(f32x4.sub(v128.load(x + i), f32x4.splat(mean)), f32x4.splat(inverse));
      const scaled = f32x4.mul(given, v128.load(gamma + i));
      sums = f32x4.add(sums, scaled);
      products = madd(scaled, unit, products);
      v128.store(dgamma + i, madd(given, unit, v128.load(dgamma + i)));
      v128.store(dbeta + i, f32x4.add(v128.load(dbeta + i), given));
    }
    let sum = total(sums);
    let product = total(products);
    for (; i < bytes; i += 4) {
      const given = load<f32>(dy + i);
      const unit = (load<f32>(x + i) - mean) * inverse;
      const scaled = given * load<f32>(gamma + i);
      sum += scaled;
      product += scaled * unit;
      store<f32>(dgamma + i, load<f32>(dgamma + i) + given * unit);
      store<f32>(dbeta + i, load<f32>(dbeta + i) + given);
    }
    sum /= <f32>dim;
    product /= <f32>dim;
    for (i = 0; i < vectors; i += 16) {
      const unit = f32x4.mul(f32x4.sub(v128.load(x + i), f32x4.splat(mean)), f32x4.splat(inverse));
      const scaled = f32x4.sub(f32x4.mul(v128.load(dy + i), v128.load(gamma + i)), f32x4.splat(sum));
      v128.store(dx + i, f32x4.mul(f32x4.sub(scaled, f32x4.mul(unit, f32x4.splat(product))), f32x4.splat(inverse)));
    }
    for (; i < bytes; i += 4) {
      const unit = (load<f32>(x + i) - mean) * inverse;
      store<f32>(dx + i, (load<f32>(dy + i) * load<f32>(gamma + i) - sum - unit * product) * inverse);
    }
  }
}
