// Attention of several heads with its softmax and dropout, forwards and backwards, one sample a piece.
import { whole } from './arguments';
import { fillMask, useMask } from './masks';
import { exponential, mixRows } from './vectors';

enum Of {
  /** [batch · rows, dim]. */
  query,
  /** [batch · sources, 2 · dim]. */
  keyValue,
  /** [batch, heads, rows, sources]. */
  weights,
  /** [batch · rows, dim]; its gradient backwards. */
  mixed,
  rows,
  sources,
  dim,
  heads,
  dquery,
  dkeyValue,
  mask,
}

/** Sources rounded up, so that a row of a tile is whole vectors. */
@inline
function padded(sources: i32): i32 {
  return (sources + 15) & ~15;
}

/**
 * products[row, source] = a[row] · b[source].
 *
 * @param turned room for b turned, [width, padded].
 * @param apartA bytes between rows.
 */
function tileOfProducts(
  a: usize,
  apartA: usize,
  rows: i32,
  b: usize,
  apartB: usize,
  sources: i32,
  width: i32,
  turned: usize,
  products: usize,
): void {
  const line = <usize>padded(sources) << 2;
  memory.fill(turned, 0, <usize>width * line);
  for (let source = 0; source < sources; source++)
    for (let i = 0; i < width; i++)
      store<f32>(
        turned + <usize>i * line + (<usize>source << 2),
        load<f32>(b + <usize>source * apartB + (<usize>i << 2)),
      );
  for (let row = 0; row < rows; row++)
    mixRows(products + <usize>row * line, padded(sources), a + <usize>row * apartA, 4, turned, line, width);
}

/** The mixed rows of one sample, and their weights. */
export function attention(sample: i32, room: usize): void {
  const rows = whole(Of.rows);
  const sources = whole(Of.sources);
  const dim = whole(Of.dim);
  const heads = whole(Of.heads);
  const width = dim / heads;
  const drops = useMask(Of.mask);
  const line = <usize>padded(sources) << 2;
  const bytes = <usize>dim << 2;
  const kept = room + 128;
  const turned = kept + (<usize>rows * <usize>sources << 2);
  const scores = turned + <usize>width * line;
  const scale: f32 = 1 / sqrt(<f32>width);
  for (let head = 0; head < heads; head++) {
    const column = <usize>head * <usize>width << 2;
    const query = <usize>whole(Of.query) + <usize>sample * <usize>rows * bytes + column;
    const keys = <usize>whole(Of.keyValue) + <usize>sample * <usize>sources * 2 * bytes + column;
    const mixed = <usize>whole(Of.mixed) + <usize>sample * <usize>rows * bytes + column;
    const entry = <i64>(sample * heads + head) * rows * sources;
    tileOfProducts(query, bytes, rows, keys, 2 * bytes, sources, width, turned, scores);
    if (drops) fillMask(entry, entry + rows * sources, kept, room);
    for (let row = 0; row < rows; row++) {
      const score = scores + <usize>row * line;
      const weight = <usize>whole(Of.weights) + (<usize>entry + <usize>row * <usize>sources << 2);
      let most = -Infinity as f32;
      for (let s = 0; s < sources; s++) most = max(most, load<f32>(score + (<usize>s << 2)) * scale);
      for (let s: usize = 0; s < line; s += 16)
        v128.store(
          score + s,
          exponential(f32x4.sub(f32x4.mul(v128.load(score + s), f32x4.splat(scale)), f32x4.splat(most))),
        );
      let sum: f32 = 0;
      for (let s = 0; s < sources; s++) sum += load<f32>(score + (<usize>s << 2));
      for (let s = 0; s < sources; s++) {
        const at = <usize>s << 2;
        const share = load<f32>(score + at) / sum;
        store<f32>(weight + at, share);
        store<f32>(score + at, drops ? share * load<f32>(kept + (<usize>row * <usize>sources << 2) + at) : share);
      }
      mixRows(mixed + <usize>row * bytes, width, score, 4, keys + bytes, 2 * bytes, sources);
    }
  }
}

/** The gradients of one sample's query and keyValue. */
export function attentionGradient(sample: i32, room: usize): void {
  const rows = whole(Of.rows);
  const sources = whole(Of.sources);
  const dim = whole(Of.dim);
  const heads = whole(Of.heads);
  const width = dim / heads;
  const drops = useMask(Of.mask);
  const line = <usize>padded(sources) << 2;
  const bytes = <usize>dim << 2;
  const kept = room + 128;
  const turned = kept + (<usize>rows * <usize>sources << 2);
  const slopes = turned + <usize>width * line;
  const passed = slopes + <usize>rows * line;
  const scale: f32 = 1 / sqrt(<f32>width);
  for (let head = 0; head < heads; head++) {
    const column = <usize>head * <usize>width << 2;
    const ofRows = <usize>sample * <usize>rows * bytes + column;
    const ofSources = <usize>sample * <usize>sources * 2 * bytes + column;
    const query = <usize>whole(Of.query) + ofRows;
    const dmixed = <usize>whole(Of.mixed) + ofRows;
    const keys = <usize>whole(Of.keyValue) + ofSources;
    const entry = <i64>(sample * heads + head) * rows * sources;
    tileOfProducts(dmixed, bytes, rows, keys + bytes, 2 * bytes, sources, width, turned, slopes);
    if (drops) fillMask(entry, entry + rows * sources, kept, room);
    for (let row = 0; row < rows; row++) {
      const weight = <usize>whole(Of.weights) + (<usize>entry + <usize>row * <usize>sources << 2);
      const keep = kept + (<usize>row * <usize>sources << 2);
      const slope = slopes + <usize>row * line;
      const pass = passed + <usize>row * line;
      let along: f32 = 0;
      for (let s = 0; s < sources; s++) {
        const at = <usize>s << 2;
        const share = load<f32>(weight + at);
        const factor: f32 = drops ? load<f32>(keep + at) : 1;
        const one = load<f32>(slope + at) * factor;
        along += one * share;
        store<f32>(slope + at, one);
        store<f32>(pass + at, share * factor);
      }
      for (let s = 0; s < sources; s++) {
        const at = <usize>s << 2;
        store<f32>(slope + at, load<f32>(weight + at) * (load<f32>(slope + at) - along) * scale);
      }
      mixRows(<usize>whole(Of.dquery) + ofRows + <usize>row * bytes, width, slope, 4, keys, 2 * bytes, sources);
    }
    for (let source = 0; source < sources; source++) {
      const to = <usize>whole(Of.dkeyValue) + ofSources + <usize>source * 2 * bytes;
      const at = <usize>source << 2;
      mixRows(to, width, slopes + at, line, query, bytes, rows);
      mixRows(to + bytes, width, passed + at, line, dmixed, bytes, rows);
    }
  }
}
