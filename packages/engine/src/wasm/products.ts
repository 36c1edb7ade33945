import * as tf from '@tensorflow/tfjs-core';
import { replaceKernel, type KernelInput } from './kernels.js';

/**
 * Below this many multiplications in one matrix of a batch, the plain loop over all of them is faster than cutting the
 * batch up (measured: 128 products of 10⁵ take 15 ms against 200, 8 of 1.7 · 10⁷ take 200 against 55).
 */
const worthACall = 4_000_000;

/** Products of so few rows with a matrix of so many numbers are computed mirrored. */
const fewRows = 128;
const wideMatrix = 2 ** 20;

/**
 * Routes every large matrix product of the wasm backend to its fast path (XNNPACK). As shipped, only single products
 * without transposition go there; the rest run a plain loop, ten to thirty times slower, and every gradient of a
 * product is a transposed product.
 */
export function useFastProducts(): void {
  replaceKernel('BatchMatMul', (base) => ({ inputs, attrs, backend }) => {
    const { a, b } = inputs as Record<'a' | 'b', tf.Tensor>;
    const { transposeA, transposeB } = attrs as Record<'transposeA' | 'transposeB', boolean>;
    const call = (x: tf.Tensor, y: tf.Tensor, turnX = false, turnY = false): tf.Tensor =>
      tf
        .engine()
        .makeTensorFromTensorInfo(
          base({ inputs: { a: x, b: y }, attrs: { transposeA: turnX, transposeB: turnY }, backend }) as tf.TensorInfo,
        );
    const batchOf = (x: tf.Tensor): number => x.shape.slice(0, -2).reduce((product, extent) => product * extent, 1);
    const [m, k] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
    const n = transposeB ? b.shape.at(-2)! : b.shape.at(-1)!;
    const batchA = batchOf(a);
    const batchB = batchOf(b);
    const batch = Math.max(batchA, batchB);
    if (batchA !== batchB && batchA !== 1 && batchB !== 1) return call(a, b, transposeA, transposeB);
    const shape = [...(batchA >= batchB ? a : b).shape.slice(0, -2), m, n];
    if (batch === 1 && m <= fewRows && k * n >= wideMatrix) {
      // The fast path packs the right matrix, and a parameter is a new one in every step; mirrored, the small one is on the right.
      const left = transposeB ? b : swapLast(b);
      const right = transposeA ? a : swapLast(a);
      return tf.reshape(swapLast(call(tf.reshape(left, [1, n, k]), tf.reshape(right, [1, k, m]))), shape);
    }
    if (batchB === 1 && !transposeA) {
      // One matrix on the right serves the whole batch: its rows are one tall matrix.
      const right = tf.reshape(transposeB ? swapLast(b) : b, [1, k, n]);
      return tf.reshape(call(tf.reshape(a, [1, batchA * m, k]), right), shape);
    }
    if (batch === 1) return tf.reshape(call(transposeA ? swapLast(a) : a, transposeB ? swapLast(b) : b), shape);
    if (m * n * k < worthACall) return call(a, b, transposeA, transposeB);
    const left = tf.reshape(transposeA ? swapLast(a) : a, [batchA, m, k]);
    const right = tf.reshape(transposeB ? swapLast(b) : b, [batchB, k, n]);
    const products = Array.from({ length: batch }, (_, i) =>
      call(
        tf.slice(left, [batchA === 1 ? 0 : i, 0, 0], [1, m, k]),
        tf.slice(right, [batchB === 1 ? 0 : i, 0, 0], [1, k, n]),
      ),
    );
    return tf.reshape(tf.concat(products, 0), shape);
  });
}

/** The gradient of a convolution with respect to its input as a convolution of its own, which the fast path takes. */
export function useFastConvolutionGradient(): void {
  replaceKernel('Conv2DBackpropInput', () => ({ inputs, attrs }: KernelInput) => {
    const { dy, filter } = inputs as { dy: tf.Tensor4D; filter: tf.Tensor4D };
    const { strides, pad, dimRoundingMode, inputShape } = attrs as unknown as {
      strides: number | [number, number];
      pad: 'valid' | 'same' | number;
      dimRoundingMode?: 'floor' | 'round' | 'ceil';
      inputShape: [number, number, number, number];
    };
    const info = tf.backend_util.computeConv2DInfo(inputShape, filter.shape, strides, 1, pad, dimRoundingMode, false);
    const { strideHeight, strideWidth, filterHeight, filterWidth, padInfo } = info;
    const spread = insertZeros(dy, strideHeight, strideWidth);
    const [, spreadHeight, spreadWidth] = spread.shape;
    // dy is padded so that a plain convolution with the turned filter has the size of the input.
    const top = filterHeight - 1 - padInfo.top;
    const left = filterWidth - 1 - padInfo.left;
    const bottom = inputShape[1] + filterHeight - 1 - spreadHeight - top;
    const right = inputShape[2] + filterWidth - 1 - spreadWidth - left;
    const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]) as tf.Tensor4D;
    // A negative margin is a row or column of dy that touches no input: it is cut off.
    const [cutTop, cutBottom, cutLeft, cutRight] = [top, bottom, left, right].map((margin) => Math.max(0, -margin));
    const used =
      cutTop + cutBottom + cutLeft + cutRight === 0
        ? spread
        : tf.slice(
            spread,
            [0, cutTop, cutLeft, 0],
            [spread.shape[0], spreadHeight - cutTop - cutBottom, spreadWidth - cutLeft - cutRight, spread.shape[3]],
          );
    return tf.conv2d(used, turned, 1, explicitPad(top, bottom, left, right));
  });
}

/** The gradient of an average over windows that do not overlap: each input gets its share of the window's gradient. */
export function useFastPoolingGradient(): void {
  replaceKernel('AvgPoolGrad', (base) => ({ inputs, attrs, backend }) => {
    const { dy, input } = inputs as { dy: tf.Tensor4D; input: tf.Tensor4D };
    const { filterSize, strides } = attrs as unknown as Record<'filterSize' | 'strides', number | [number, number]>;
    const [height, width] = [filterSize].flat().length === 1 ? [filterSize, filterSize] : (filterSize as number[]);
    const apart = String([strides, strides].flat().slice(0, 2)) === String([height, width]);
    const [, rows, columns] = input.shape;
    if (!apart || rows !== dy.shape[1] * Number(height) || columns !== dy.shape[2] * Number(width)) {
      return tf.engine().makeTensorFromTensorInfo(base({ inputs, attrs, backend }) as tf.TensorInfo);
    }
    return tf.image.resizeNearestNeighbor(tf.div(dy, Number(height) * Number(width)) as tf.Tensor4D, [rows, columns]);
  });
}

/** Margins in the form that the convolution itself takes, which saves a padded copy. */
export function explicitPad(top: number, bottom: number, left: number, right: number): tf.backend_util.ExplicitPadding {
  const margin = (before: number, after: number): [number, number] => [Math.max(0, before), Math.max(0, after)];
  return [[0, 0], margin(top, bottom), margin(left, right), [0, 0]];
}

/** Puts stride − 1 rows and columns of zeros between those of `x` [batch, height, width, channels]. */
export function insertZeros(x: tf.Tensor4D, strideHeight: number, strideWidth: number): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  let spread: tf.Tensor = x;
  if (strideHeight > 1) {
    const rows = tf.reshape(spread, [batch, height, 1, width * channels]);
    spread = tf.concat([rows, tf.zeros([batch, height, strideHeight - 1, width * channels])], 2);
  }
  const tall = height * strideHeight;
  if (strideWidth > 1) {
    const columns = tf.reshape(spread, [batch * tall, width, 1, channels]);
    spread = tf.concat([columns, tf.zeros([batch * tall, width, strideWidth - 1, channels])], 2);
  }
  const full = tf.reshape(spread, [batch, tall, width * strideWidth, channels]) as tf.Tensor4D;
  if (strideHeight === 1 && strideWidth === 1) return full;
  return tf.slice(
    full,
    [0, 0, 0, 0],
    [batch, (height - 1) * strideHeight + 1, (width - 1) * strideWidth + 1, channels],
  );
}

/** The last two axes change places. */
function swapLast(x: tf.Tensor): tf.Tensor {
  const { rank } = x;
  return tf.transpose(x, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}
