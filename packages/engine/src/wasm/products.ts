import * as tf from '@tensorflow/tfjs-core';
import { replaceKernel, type KernelInput } from './kernels.js';

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
