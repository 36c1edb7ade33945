// Convolutions of images [batch, height, width, channels] with filters [rows, columns, channels, outputs], as products of matrices
// whose left one, the patches [places, terms], is only ever packed: a place is a pixel of the output, a term a channel at a tap of
// the filter.
import { whole } from './arguments';
import { ConvolutionArgs } from './signatures';
import { depth, packAlong, packPanel, tileInside } from './panels';
import { addTo, clear } from './vectors';

/** The place that is looked at: its image, and where its first tap lies. */
let image: i32 = 0;
let outY: i32 = 0;
let outX: i32 = 0;

function goTo(place: i32): void {
  const outWidth = whole(ConvolutionArgs.outWidth);
  const outHeight = whole(ConvolutionArgs.outHeight);
  outX = place % outWidth;
  const line = place / outWidth;
  outY = line % outHeight;
  image = line / outHeight;
}

@inline
function goOn(): void {
  outX++;
  if (outX < whole(ConvolutionArgs.outWidth)) return;
  outX = 0;
  outY++;
  if (outY < whole(ConvolutionArgs.outHeight)) return;
  outY = 0;
  image++;
}

/** Where the channels lie that a tap sees from the place; 0 beside the image. */
@inline
function seen(row: i32, column: i32): usize {
  const y = outY * whole(ConvolutionArgs.strideY) - whole(ConvolutionArgs.padTop) + row * whole(ConvolutionArgs.dilationY);
  const x = outX * whole(ConvolutionArgs.strideX) - whole(ConvolutionArgs.padLeft) + column * whole(ConvolutionArgs.dilationX);
  const height = whole(ConvolutionArgs.height);
  const width = whole(ConvolutionArgs.width);
  if (<u32>y >= <u32>height || <u32>x >= <u32>width) return 0;
  const pixel = (<usize>image * <usize>height + <usize>y) * <usize>width + <usize>x;
  return <usize>whole(ConvolutionArgs.images) + ((pixel * <usize>whole(ConvolutionArgs.channels)) << 2);
}

/** out = patches · filter, for some places. */
export function convolve(chunk: i32, scratch: usize): void {
  const channels = whole(ConvolutionArgs.channels);
  const outputs = whole(ConvolutionArgs.outputs);
  const rows = whole(ConvolutionArgs.filterHeight);
  const columns = whole(ConvolutionArgs.filterWidth);
  const terms = rows * columns * channels;
  const places = whole(ConvolutionArgs.batch) * whole(ConvolutionArgs.outHeight) * whole(ConvolutionArgs.outWidth);
  const first = chunk * whole(ConvolutionArgs.step);
  const last = min(first + whole(ConvolutionArgs.step), places);
  const nothing = scratch + 128;
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
      const b = <usize>whole(ConvolutionArgs.packed) + (<usize>column * <usize>terms + (<usize>term << 3) << 2);
      for (let place = first; place < last; place += 4) {
        const a = strip + (<usize>(place - first) * <usize>terms + (<usize>term << 2) << 2);
        const to = <usize>whole(ConvolutionArgs.out) + <usize>place * apart + (<usize>column << 2);
        tileInside(count, a, b, to, apart, term > 0, last - place, outputs - column, scratch);
      }
    }
  }
}

/** Some rows of patchesᵀ · dy, in panels of four terms. */
export function convolutionFilterGradient(chunk: i32, scratch: usize): void {
  const channels = whole(ConvolutionArgs.channels);
  const outputs = whole(ConvolutionArgs.outputs);
  const columns = whole(ConvolutionArgs.filterWidth);
  const terms = whole(ConvolutionArgs.filterHeight) * columns * channels;
  const places = whole(ConvolutionArgs.batch) * whole(ConvolutionArgs.outHeight) * whole(ConvolutionArgs.outWidth);
  const first = chunk * whole(ConvolutionArgs.step) * 4;
  const last = min(first + whole(ConvolutionArgs.step) * 4, terms);
  const panels = scratch + 128;
  const apart = <usize>outputs << 2;
  const adds = whole(ConvolutionArgs.accumulate) != 0;
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
      const b = <usize>whole(ConvolutionArgs.packed) + (<usize>column * <usize>places + (<usize>start << 3) << 2);
      for (let term = first; term < last; term += 4) {
        const a = panels + (<usize>(term - first) * <usize>count << 2);
        const to = <usize>whole(ConvolutionArgs.filter) + <usize>term * apart + (<usize>column << 2);
        tileInside(count, a, b, to, apart, adds || start > 0, last - term, outputs - column, scratch);
      }
    }
  }
}

/** The gradient of some images: dy · filterᵀ, strip by strip, added to where each tap saw it. */
export function convolutionInputGradient(chunk: i32, scratch: usize): void {
  const channels = whole(ConvolutionArgs.channels);
  const outputs = whole(ConvolutionArgs.outputs);
  const rows = whole(ConvolutionArgs.filterHeight);
  const columns = whole(ConvolutionArgs.filterWidth);
  const terms = rows * columns * channels;
  const perImage = whole(ConvolutionArgs.outHeight) * whole(ConvolutionArgs.outWidth);
  const first = chunk * whole(ConvolutionArgs.step);
  const last = min(first + whole(ConvolutionArgs.step), whole(ConvolutionArgs.batch));
  const size = whole(ConvolutionArgs.height) * whole(ConvolutionArgs.width) * channels;
  const panels = scratch + 128;
  const apart = <usize>terms << 2;
  for (let i = first; i < last; i++) clear(<usize>whole(ConvolutionArgs.images) + (<usize>i * <usize>size << 2), size);
  for (let start = first * perImage; start < last * perImage; start += 32) {
    const end = min(start + 32, last * perImage);
    const patches = panels + (<usize>32 * <usize>min(depth, outputs) << 2);
    for (let term = 0; term < outputs; term += depth) {
      const count = min(depth, outputs - term);
      for (let place = start; place < end; place += 4) {
        const to = panels + (<usize>(place - start) * <usize>count << 2);
        const from = <usize>whole(ConvolutionArgs.out) + (<usize>place * <usize>outputs + <usize>term << 2);
        packPanel(to, 4, from, true, <usize>outputs << 2, count, end - place);
      }
      for (let column = 0; column < terms; column += 8) {
        const b = <usize>whole(ConvolutionArgs.packed) + (<usize>column * <usize>outputs + (<usize>term << 3) << 2);
        for (let place = start; place < end; place += 4) {
          const a = panels + (<usize>(place - start) * <usize>count << 2);
          const to = patches + <usize>(place - start) * apart + (<usize>column << 2);
          tileInside(count, a, b, to, apart, term > 0, end - place, terms - column, scratch);
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
