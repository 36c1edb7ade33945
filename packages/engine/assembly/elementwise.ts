// Dropout, the hidden layer of a feed-forward, and sums of columns, each in one pass.
import { number, whole } from './arguments';
import { fillMask, useMask } from './masks';
import { addTo, clear } from './vectors';

/** Entries of a mask that are drawn at once. */
const drawn = 256;

enum OfDropout {
  x,
  y,
  /** What is added; 0 where nothing is. */
  rest,
  size,
  /** Entries of a piece. */
  step,
  mask,
}

/** y = x · mask + rest. */
export function dropout(piece: i32, room: usize): void {
  const step = whole(OfDropout.step);
  const begin = piece * step;
  const end = min(begin + step, whole(OfDropout.size));
  useMask(OfDropout.mask);
  const rest = <usize>whole(OfDropout.rest);
  for (let start = begin; start < end; start += drawn) {
    const count = min(drawn, end - start);
    fillMask(start, start + count, room + 128, room);
    const at = (<usize>start) << 2;
    masked(<usize>whole(OfDropout.x) + at, room + 128, rest ? rest + at : 0, <usize>whole(OfDropout.y) + at, count);
  }
}

function masked(x: usize, mask: usize, rest: usize, y: usize, count: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4, x += 16, mask += 16, y += 16) {
    let value = f32x4.mul(v128.load(x), v128.load(mask));
    if (rest) {
      value = f32x4.add(value, v128.load(rest));
      rest += 16;
    }
    v128.store(y, value);
  }
  for (; i < count; i++, x += 4, mask += 4, y += 4) {
    let value = load<f32>(x) * load<f32>(mask);
    if (rest) {
      value += load<f32>(rest);
      rest += 4;
    }
    store<f32>(y, value);
  }
}

enum OfHidden {
  product,
  bias,
  y,
  rows,
  width,
  /** Rows of a piece. */
  step,
  mask,
}

/** y = relu(product + bias) · mask. */
export function hidden(piece: i32, room: usize): void {
  const width = whole(OfHidden.width);
  const step = whole(OfHidden.step);
  const drops = useMask(OfHidden.mask);
  for (let row = piece * step; row < min((piece + 1) * step, whole(OfHidden.rows)); row++)
    for (let start = 0; start < width; start += drawn) {
      const count = min(drawn, width - start);
      const entry = <i64>row * width + start;
      const at = (<usize>entry) << 2;
      if (drops) fillMask(entry, entry + count, room + 128, room);
      const bias = <usize>whole(OfHidden.bias) + ((<usize>start) << 2);
      rectified(
        <usize>whole(OfHidden.product) + at,
        bias,
        drops ? room + 128 : 0,
        <usize>whole(OfHidden.y) + at,
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

enum OfHiddenGradient {
  dy,
  y,
  dx,
  /** Sums over the rows of each piece, one row a piece. */
  sums,
  rows,
  width,
  keep,
  step,
}

/** dx = dy · keep where y is above 0, and its sums over the rows of the piece. */
export function hiddenGradient(piece: i32): void {
  const width = whole(OfHiddenGradient.width);
  const step = whole(OfHiddenGradient.step);
  const keep = number(OfHiddenGradient.keep);
  const sums = <usize>whole(OfHiddenGradient.sums) + ((<usize>piece * <usize>width) << 2);
  clear(sums, width);
  for (let row = piece * step; row < min((piece + 1) * step, whole(OfHiddenGradient.rows)); row++) {
    const at = (<usize>row * <usize>width) << 2;
    let dy = <usize>whole(OfHiddenGradient.dy) + at;
    let y = <usize>whole(OfHiddenGradient.y) + at;
    let dx = <usize>whole(OfHiddenGradient.dx) + at;
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

enum OfSums {
  x,
  sums,
  rows,
  columns,
  /** Columns of a piece. */
  step,
}

/** The sums of some columns, row after row. */
export function columnSums(piece: i32): void {
  const columns = whole(OfSums.columns);
  const step = whole(OfSums.step);
  const from = piece * step;
  const count = min(step, columns - from);
  const sums = <usize>whole(OfSums.sums) + ((<usize>from) << 2);
  clear(sums, count);
  let x = <usize>whole(OfSums.x) + ((<usize>from) << 2);
  for (let row = 0; row < whole(OfSums.rows); row++, x += (<usize>columns) << 2) addTo(sums, x, count);
}
