import type { OnnxNode } from '../onnx-graph.js';
import * as tf from '@tensorflow/tfjs-core';

/** How a window moves over an image: along height and width. */
export interface Windows {
  size: [number, number];
  stride: [number, number];
  dilation: [number, number];
  /** Rows and columns added at the begin and the end. */
  padding: [[number, number], [number, number]];
}

const pairOf = (values: unknown, otherwise: number): [number, number] => {
  const [first = otherwise, second = first] = (values as number[] | undefined) ?? [];
  return [first, second];
};

/**
 * The windows of a convolution or pooling.
 *
 * @param extents height and width of the image.
 */
export function windowsOf({ attributes }: OnnxNode, size: [number, number], extents: readonly number[]): Windows {
  const stride = pairOf(attributes.strides, 1);
  const dilation = pairOf(attributes.dilations, 1);
  const [top = 0, left = 0, bottom = 0, right = 0] = (attributes.pads as number[] | undefined) ?? [];
  const given: Windows['padding'] = [
    [top, bottom],
    [left, right],
  ];
  const isLower = attributes.auto_pad === 'SAME_LOWER';
  const isSame = isLower || attributes.auto_pad === 'SAME_UPPER';
  const padding = given.map(([begin, end], axis): [number, number] => {
    if (isSame) {
      const [less, more] = samePadding(extents[axis], {
        size: size[axis],
        stride: stride[axis],
        dilation: dilation[axis],
      });
      return isLower ? [more, less] : [less, more];
    }
    if (attributes.ceil_mode !== 1) return [begin, end];
    // A last window that only partly lies in the image is taken, if it begins there.
    const reach = dilation[axis] * (size[axis] - 1) + 1;
    const whole = extents[axis] + begin + end - reach;
    const windows = Math.ceil(whole / stride[axis]);
    const isWithin = windows * stride[axis] < extents[axis] + begin;
    return [begin, end + (isWithin ? windows * stride[axis] - whole : 0)];
  }) as Windows['padding'];
  return { size, stride, dilation, padding };
}

/** The padding by which there are ⌈extent / stride⌉ windows, where an odd one is added at the end. */
function samePadding(
  extent: number,
  { size, stride, dilation }: { size: number; stride: number; dilation: number },
): [number, number] {
  const reach = dilation * (size - 1) + 1;
  const all = Math.max(0, (Math.ceil(extent / stride) - 1) * stride + reach - extent);
  return [Math.floor(all / 2), Math.ceil(all / 2)];
}

/**
 * An image and the padding that TensorFlow.js is to apply: `same` where that is the same, else the image with the padding in it.
 *
 * @param x [batch, height, width, channels].
 * @param value what is padded with. TensorFlow pads by nothing where it pools.
 */
export function padded(
  x: tf.Tensor4D,
  { padding, size, stride, dilation }: Windows,
  value = 0,
): { x: tf.Tensor4D; pad: 'same' | 'valid' } {
  if (padding.flat().every((count) => count === 0)) return { x, pad: 'valid' };
  const isSame = padding.every(([begin, end], axis) => {
    const same = samePadding(x.shape[axis + 1], { size: size[axis], stride: stride[axis], dilation: dilation[axis] });
    return begin === same[0] && end === same[1];
  });
  if (isSame) return { x, pad: 'same' };
  return { x: tf.pad(x, [[0, 0], ...padding, [0, 0]], value) as tf.Tensor4D, pad: 'valid' };
}
