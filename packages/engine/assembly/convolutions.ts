// Convolutions of images [batch, height, width, channels] with filters [rows, columns, channels, outputs], as products of matrices
// whose left one, the patches [places, terms], is only ever packed: a place is a pixel of the output, a term a channel at a tap of
// the filter.
import { whole } from './arguments';
import { depth, packAlong, packPanel, tileInside } from './panels';
import { addTo, clear } from './vectors';

enum Of {
  /** Images; their gradient for the input's. */
  images,
  /** [places, outputs]; its gradient backwards. */
  out,
  /** What is packed for all: the filter, dy, or the filter turned. */
  packed,
  /** The gradient of the filter [terms, outputs]. */
  filter,
  batch,
  height,
  width,
  channels,
  outHeight,
  outWidth,
  outputs,
  rows,
  columns,
  strideY,
  strideX,
  dilationY,
  dilationX,
  top,
  left,
  /** Places, panels of terms, or images that are one piece. */
  step,
  /** 1 where the gradient of the filter is added to. */
  adds,
}

/** The place that is looked at: its image, and where its first tap lies. */
let image: i32 = 0;
let outY: i32 = 0;
let outX: i32 = 0;

function goTo(place: i32): void {
  const outWidth = whole(Of.outWidth);
  const outHeight = whole(Of.outHeight);
  outX = place % outWidth;
  const line = place / outWidth;
  outY = line % outHeight;
  image = line / outHeight;
}

@inline
function goOn(): void {
  outX++;
  if (outX < whole(Of.outWidth)) return;
  outX = 0;
  outY++;
  if (outY < whole(Of.outHeight)) return;
  outY = 0;
  image++;
}

/** Where the channels lie that a tap sees from the place; 0 beside the image. */
@inline
function seen(row: i32, column: i32): usize {
  const y = outY * whole(Of.strideY) - whole(Of.top) + row * whole(Of.dilationY);
  const x = outX * whole(Of.strideX) - whole(Of.left) + column * whole(Of.dilationX);
  const height = whole(Of.height);
  const width = whole(Of.width);
  if (<u32>y >= <u32>height || <u32>x >= <u32>width) return 0;
  const pixel = (<usize>image * <usize>height + <usize>y) * <usize>width + <usize>x;
  return <usize>whole(Of.images) + ((pixel * <usize>whole(Of.channels)) << 2);
}

/** out = patches · filter, for some places. */
export function convolve(piece: i32, room: usize): void {
  const channels = whole(Of.channels);
  const outputs = whole(Of.outputs);
  const rows = whole(Of.rows);
  const columns = whole(Of.columns);
  const terms = rows * columns * channels;
  const places = whole(Of.batch) * whole(Of.outHeight) * whole(Of.outWidth);
  const first = piece * whole(Of.step);
  const last = min(first + whole(Of.step), places);
  const nothing = room + 128;
  const strip = nothing + (<usize>channels << 2);
  const tapBytes = <usize>channels << 4;
  clear(nothing, channels);
  for (let place = first; place < last; place += 4) {
    const panel = strip + (<usize>(place - first) * <usize>terms << 2);
    // Four places, tap by tap; places beyond the last one see nothing.
    for (let row = 0, to = panel; row < rows; row++)
      for (let column = 0; column < columns; column++, to += tapBytes) {
        goTo(place);
        const a = seen(row, column);
        goOn();
        const b: usize = place + 1 < last ? seen(row, column) : 0;
        goOn();
        const c: usize = place + 2 < last ? seen(row, column) : 0;
        goOn();
        const d: usize = place + 3 < last ? seen(row, column) : 0;
        packAlong(to, 16, a ? a : nothing, b ? b : nothing, c ? c : nothing, d ? d : nothing, channels);
      }
  }
  const apart = <usize>outputs << 2;
  for (let term = 0; term < terms; term += depth) {
    const count = min(depth, terms - term);
    for (let column = 0; column < outputs; column += 8) {
      const b = <usize>whole(Of.packed) + (<usize>column * <usize>terms + (<usize>term << 3) << 2);
      for (let place = first; place < last; place += 4) {
        const a = strip + (<usize>(place - first) * <usize>terms + (<usize>term << 2) << 2);
        const to = <usize>whole(Of.out) + <usize>place * apart + (<usize>column << 2);
        tileInside(count, a, b, to, apart, term > 0, last - place, outputs - column, room);
      }
    }
  }
}

/** Some rows of patchesᵀ · dy, in panels of four terms. */
export function convolutionFilterGradient(piece: i32, room: usize): void {
  const channels = whole(Of.channels);
  const outputs = whole(Of.outputs);
  const columns = whole(Of.columns);
  const terms = whole(Of.rows) * columns * channels;
  const places = whole(Of.batch) * whole(Of.outHeight) * whole(Of.outWidth);
  const first = piece * whole(Of.step) * 4;
  const last = min(first + whole(Of.step) * 4, terms);
  const panels = room + 128;
  const apart = <usize>outputs << 2;
  const adds = whole(Of.adds) != 0;
  for (let start = 0; start < places; start += depth) {
    const count = min(depth, places - start);
    for (let term = first; term < last; term += 4) {
      const tap = term / channels;
      let to = panels + (<usize>(term - first) * <usize>count << 2);
      goTo(start);
      // Four channels of one tap lie next to each other; others are looked up one by one.
      const isOneTap = (term + 3) / channels == tap && term + 4 <= terms;
      for (let i = 0; i < count; i++, to += 16, goOn()) {
        if (isOneTap) {
          const from = seen(tap / columns, tap % columns);
          v128.store(to, from ? v128.load(from + (<usize>(term % channels) << 2)) : f32x4.splat(0));
          continue;
        }
        for (let lane = 0; lane < 4; lane++) {
          const one = term + lane;
          const own = one / channels;
          const from: usize = one < terms ? seen(own / columns, own % columns) : 0;
          store<f32>(to + (<usize>lane << 2), from ? load<f32>(from + (<usize>(one % channels) << 2)) : 0);
        }
      }
    }
    for (let column = 0; column < outputs; column += 8) {
      const b = <usize>whole(Of.packed) + (<usize>column * <usize>places + (<usize>start << 3) << 2);
      for (let term = first; term < last; term += 4) {
        const a = panels + (<usize>(term - first) * <usize>count << 2);
        const to = <usize>whole(Of.filter) + <usize>term * apart + (<usize>column << 2);
        tileInside(count, a, b, to, apart, adds || start > 0, last - term, outputs - column, room);
      }
    }
  }
}

/** The gradient of some images: dy · filterᵀ, strip by strip, added to where each tap saw it. */
export function convolutionInputGradient(piece: i32, room: usize): void {
  const channels = whole(Of.channels);
  const outputs = whole(Of.outputs);
  const rows = whole(Of.rows);
  const columns = whole(Of.columns);
  const terms = rows * columns * channels;
  const perImage = whole(Of.outHeight) * whole(Of.outWidth);
  const first = piece * whole(Of.step);
  const last = min(first + whole(Of.step), whole(Of.batch));
  const size = whole(Of.height) * whole(Of.width) * channels;
  const panels = room + 128;
  const apart = <usize>terms << 2;
  for (let i = first; i < last; i++) clear(<usize>whole(Of.images) + (<usize>i * <usize>size << 2), size);
  for (let start = first * perImage; start < last * perImage; start += 32) {
    const end = min(start + 32, last * perImage);
    const patches = panels + (<usize>32 * <usize>min(depth, outputs) << 2);
    for (let term = 0; term < outputs; term += depth) {
      const count = min(depth, outputs - term);
      for (let place = start; place < end; place += 4) {
        const to = panels + (<usize>(place - start) * <usize>count << 2);
        const from = <usize>whole(Of.out) + (<usize>place * <usize>outputs + <usize>term << 2);
        packPanel(to, 4, from, true, <usize>outputs << 2, count, end - place);
      }
      for (let column = 0; column < terms; column += 8) {
        const b = <usize>whole(Of.packed) + (<usize>column * <usize>outputs + (<usize>term << 3) << 2);
        for (let place = start; place < end; place += 4) {
          const a = panels + (<usize>(place - start) * <usize>count << 2);
          const to = patches + <usize>(place - start) * apart + (<usize>column << 2);
          tileInside(count, a, b, to, apart, term > 0, end - place, terms - column, room);
        }
      }
    }
    goTo(start);
    for (let place = start, from = patches; place < end; place++, goOn())
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++, from += <usize>channels << 2) {
          const to = seen(row, column);
          if (to) addTo(to, from, channels);
        }
  }
}
