// Attention of several heads with its softmax and dropout, forwards and backwards, one sample a chunk.
import { whole } from './arguments';
import { fillMask, useMask } from './masks';
import { AttentionArgs } from './signatures';
import { exponential, mixRows } from './vectors';

/** The context rounded up, so that a row of a tile is whole vectors. */
@inline
function padded(context: i32): i32 {
  return (context + 15) & ~15;
}

/**
 * products[row, position] = a[row] · b[position].
 *
 * @param turned scratch for b turned, [width, padded].
 * @param apartA bytes between rows.
 */
function tileOfProducts(
  a: usize,
  apartA: usize,
  rows: i32,
  b: usize,
  apartB: usize,
  context: i32,
  width: i32,
  turned: usize,
  products: usize,
): void {
  const line = <usize>padded(context) << 2;
  memory.fill(turned, 0, <usize>width * line);
  for (let position = 0; position < context; position++)
    for (let i = 0; i < width; i++)
      store<f32>(
        turned + <usize>i * line + (<usize>position << 2),
        load<f32>(b + <usize>position * apartB + (<usize>i << 2)),
      );
  for (let row = 0; row < rows; row++)
    mixRows(products + <usize>row * line, padded(context), a + <usize>row * apartA, 4, turned, line, width);
}

/** The attended rows of one sample, and their weights. */
export function attention(sample: i32, scratch: usize): void {
  const rows = whole(AttentionArgs.rows);
  const context = whole(AttentionArgs.context);
  const dim = whole(AttentionArgs.dim);
  const heads = whole(AttentionArgs.heads);
  const width = dim / heads;
  const drops = useMask(AttentionArgs.maskSeed);
  const line = <usize>padded(context) << 2;
  const bytes = <usize>dim << 2;
  const kept = scratch + 128;
  const turned = kept + (<usize>rows * <usize>context << 2);
  const scores = turned + <usize>width * line;
  const scale: f32 = 1 / sqrt(<f32>width);
  for (let head = 0; head < heads; head++) {
    const column = <usize>head * <usize>width << 2;
    const query = <usize>whole(AttentionArgs.query) + <usize>sample * <usize>rows * bytes + column;
    const keys = <usize>whole(AttentionArgs.keyValue) + <usize>sample * <usize>context * 2 * bytes + column;
    const attended = <usize>whole(AttentionArgs.attended) + <usize>sample * <usize>rows * bytes + column;
    const entry = <i64>(sample * heads + head) * rows * context;
    tileOfProducts(query, bytes, rows, keys, 2 * bytes, context, width, turned, scores);
    if (drops) fillMask(entry, entry + rows * context, kept, scratch);
    for (let row = 0; row < rows; row++) {
      const score = scores + <usize>row * line;
      const weight = <usize>whole(AttentionArgs.weights) + (<usize>entry + <usize>row * <usize>context << 2);
      let most = -Infinity as f32;
      for (let s = 0; s < context; s++) most = max(most, load<f32>(score + (<usize>s << 2)) * scale);
      for (let s: usize = 0; s < line; s += 16)
        v128.store(
          score + s,
          exponential(f32x4.sub(f32x4.mul(v128.load(score + s), f32x4.splat(scale)), f32x4.splat(most))),
        );
      let sum: f32 = 0;
      for (let s = 0; s < context; s++) sum += load<f32>(score + (<usize>s << 2));
      for (let s = 0; s < context; s++) {
        const at = <usize>s << 2;
        const share = load<f32>(score + at) / sum;
        store<f32>(weight + at, share);
        store<f32>(score + at, drops ? share * load<f32>(kept + (<usize>row * <usize>context << 2) + at) : share);
      }
      mixRows(attended + <usize>row * bytes, width, score, 4, keys + bytes, 2 * bytes, context);
    }
  }
}

/** The gradients of one sample's query and keyValue. */
export function attentionGradient(sample: i32, scratch: usize): void {
  const rows = whole(AttentionArgs.rows);
  const context = whole(AttentionArgs.context);
  const dim = whole(AttentionArgs.dim);
  const heads = whole(AttentionArgs.heads);
  const width = dim / heads;
  const drops = useMask(AttentionArgs.maskSeed);
  const line = <usize>padded(context) << 2;
  const bytes = <usize>dim << 2;
  const kept = scratch + 128;
  const turned = kept + (<usize>rows * <usize>context << 2);
  const dscores = turned + <usize>width * line;
  const passed = dscores + <usize>rows * line;
  const scale: f32 = 1 / sqrt(<f32>width);
  for (let head = 0; head < heads; head++) {
    const column = <usize>head * <usize>width << 2;
    const ofRows = <usize>sample * <usize>rows * bytes + column;
    const ofContext = <usize>sample * <usize>context * 2 * bytes + column;
    const query = <usize>whole(AttentionArgs.query) + ofRows;
    const dattended = <usize>whole(AttentionArgs.attended) + ofRows;
    const keys = <usize>whole(AttentionArgs.keyValue) + ofContext;
    const entry = <i64>(sample * heads + head) * rows * context;
    tileOfProducts(dattended, bytes, rows, keys + bytes, 2 * bytes, context, width, turned, dscores);
    if (drops) fillMask(entry, entry + rows * context, kept, scratch);
    for (let row = 0; row < rows; row++) {
      const weight = <usize>whole(AttentionArgs.weights) + (<usize>entry + <usize>row * <usize>context << 2);
      const keep = kept + (<usize>row * <usize>context << 2);
      const dscore = dscores + <usize>row * line;
      const pass = passed + <usize>row * line;
      let along: f32 = 0;
      for (let s = 0; s < context; s++) {
        const at = <usize>s << 2;
        const share = load<f32>(weight + at);
        const factor: f32 = drops ? load<f32>(keep + at) : 1;
        const one = load<f32>(dscore + at) * factor;
        along += one * share;
        store<f32>(dscore + at, one);
        store<f32>(pass + at, share * factor);
      }
      for (let s = 0; s < context; s++) {
        const at = <usize>s << 2;
        store<f32>(dscore + at, load<f32>(weight + at) * (load<f32>(dscore + at) - along) * scale);
      }
      mixRows(<usize>whole(AttentionArgs.dquery) + ofRows + <usize>row * bytes, width, dscore, 4, keys, 2 * bytes, context);
    }
    for (let position = 0; position < context; position++) {
      const to = <usize>whole(AttentionArgs.dkeyValue) + ofContext + <usize>position * 2 * bytes;
      const at = <usize>position << 2;
      mixRows(to, width, dscores + at, line, query, bytes, rows);
      mixRows(to + bytes, width, passed + at, line, dattended, bytes, rows);
    }
  }
}
