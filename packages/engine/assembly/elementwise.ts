// Dropout, the hidden layer of a feed-forward, and sums of columns, each in one pass.
import { number, whole } from './arguments';
import { fillMask, useMask } from './masks';
import { BiasReluDropoutArgs, BiasReluDropoutGradientArgs, ColumnSumsArgs, DropoutArgs } from './signatures';
import { addTo, clear } from './vectors';

/** Entries of a mask that are drawn at once. */
const drawn = 256;

/** y = x · mask + residual. */
export function dropout(chunk: i32, scratch: usize): void {
  const step = whole(DropoutArgs.step);
  const begin = chunk * step;
  const end = min(begin + step, whole(DropoutArgs.size));
  useMask(DropoutArgs.maskSeed);
  const residual = <usize>whole(DropoutArgs.residual);
  for (let start = begin; start < end; start += drawn) {
    const count = min(drawn, end - start);
    fillMask(start, start + count, scratch + 128, scratch);
    const at = (<usize>start) << 2;
    masked(<usize>whole(DropoutArgs.x) + at, scratch + 128, residual ? residual + at : 0, <usize>whole(DropoutArgs.y) + at, count);
  }
}

function masked(x: usize, mask: usize, residual: usize, y: usize, count: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4, x += 16, mask += 16, y += 16) {
    let value = f32x4.mul(v128.load(x), v128.load(mask));
    if (residual) {
      value = f32x4.add(value, v128.load(residual));
      residual += 16;
    }
    v128.store(y, value);
  }
  for (; i < count; i++, x += 4, mask += 4, y += 4) {
    let value = load<f32>(x) * load<f32>(mask);
    if (residual) {
      value += load<f32>(residual);
      residual += 4;
    }
    store<f32>(y, value);
  }
}

/** y = relu(product + bias) · mask. */
export function biasReluDropout(chunk: i32, scratch: usize): void {
  const width = whole(BiasReluDropoutArgs.width);
  const step = whole(BiasReluDropoutArgs.step);
  const drops = useMask(BiasReluDropoutArgs.maskSeed);
  for (let row = chunk * step; row < min((chunk + 1) * step, whole(BiasReluDropoutArgs.rows)); row++)
    for (let start = 0; start < width; start += drawn) {
      const count = min(drawn, width - start);
      const entry = <i64>row * width + start;
      const at = (<usize>entry) << 2;
      if (drops) fillMask(entry, entry + count, scratch + 128, scratch);
      const bias = <usize>whole(BiasReluDropoutArgs.bias) + ((<usize>start) << 2);
      rectified(
        <usize>whole(BiasReluDropoutArgs.product) + at,
        bias,
        drops ? scratch + 128 : 0,
        <usize>whole(BiasReluDropoutArgs.y) + at,
        count,
      );
    }
}

function rectified(product: usize, bias: usize, mask: usize, y: usize, count: i32): void {
  const zero = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4, product += 16, bias += 16, y += 16) {
    let value = f32x4.max(f32x4.add(v128.load(product), v128.load(bias)), zero);
    if (mask) {
      value = f32x4.mul(value, v128.load(mask));
      mask += 16;
    }
    v128.store(y, value);
  }
  for (; i < count; i++, product += 4, bias += 4, y += 4) {
    let value = max(load<f32>(product) + load<f32>(bias), 0);
    if (mask) {
      value *= load<f32>(mask);
      mask += 4;
    }
    store<f32>(y, value);
  }
}

/** dx = dy · keep where y is above 0, and its sums over the rows of the chunk. */
export function biasReluDropoutGradient(chunk: i32): void {
  const width = whole(BiasReluDropoutGradientArgs.width);
  const step = whole(BiasReluDropoutGradientArgs.step);
  const keep = number(BiasReluDropoutGradientArgs.scale);
  const sums = <usize>whole(BiasReluDropoutGradientArgs.sums) + ((<usize>chunk * <usize>width) << 2);
  clear(sums, width);
  for (let row = chunk * step; row < min((chunk + 1) * step, whole(BiasReluDropoutGradientArgs.rows)); row++) {
    const at = (<usize>row * <usize>width) << 2;
    let dy = <usize>whole(BiasReluDropoutGradientArgs.dy) + at;
    let y = <usize>whole(BiasReluDropoutGradientArgs.y) + at;
    let dx = <usize>whole(BiasReluDropoutGradientArgs.dproduct) + at;
    let sum = sums;
    let i = 0;
    for (; i + 4 <= width; i += 4, dy += 16, y += 16, dx += 16, sum += 16) {
      const above = f32x4.gt(v128.load(y), f32x4.splat(0));
      const value = v128.and(f32x4.mul(v128.load(dy), f32x4.splat(keep)), above);
      v128.store(dx, value);
      v128.store(sum, f32x4.add(v128.load(sum), value));
    }
    for (; i < width; i++, dy += 4, y += 4, dx += 4, sum += 4) {
      const value: f32 = load<f32>(y) > 0 ? load<f32>(dy) * keep : 0;
      store<f32>(dx, value);
      store<f32>(sum, load<f32>(sum) + value);
    }
  }
}

/** The sums of some columns, row after row. */
export function columnSums(chunk: i32): void {
  const columns = whole(ColumnSumsArgs.columns);
  const step = whole(ColumnSumsArgs.step);
  const from = chunk * step;
  const count = min(step, columns - from);
  const sums = <usize>whole(ColumnSumsArgs.sums) + ((<usize>from) << 2);
  clear(sums, count);
  let x = <usize>whole(ColumnSumsArgs.x) + ((<usize>from) << 2);
  for (let row = 0; row < whole(ColumnSumsArgs.rows); row++, x += (<usize>columns) << 2) addTo(sums, x, count);
}
