import type { OnnxNode } from '../onnx-graph.js';
import * as tf from '@tensorflow/tfjs-core';
import { normalizedByStatistics } from './math-operations.js';
import type { OnnxOperation } from './operation.js';
import { padded, windowsOf } from './windows.js';

/** What convolves, pools and normalises images: the first input and the output have four axes, and their channels last. */
export const imageOperations: Readonly<Record<string, OnnxOperation>> = {
  Conv: ([x, weight, bias], node) => {
    const product = convolution(x as tf.Tensor4D, weight as tf.Tensor4D, node);
    return bias ? tf.add(product, bias) : product;
  },
  MaxPool: ([x], node) => {
    const { windows, image, pad } = pooling(x as tf.Tensor4D, node, lowest);
    return tf.maxPool(image, windows.size, windows.stride, pad);
  },
  AveragePool: ([x], node) => {
    const { windows, image, pad } = pooling(x as tf.Tensor4D, node, 0);
    const mean = tf.avgPool(image, windows.size, windows.stride, pad);
    if (pad === 'same' && node.attributes.count_include_pad !== 1) return mean;
    const isPadded = windows.padding.flat().some((count) => count > 0);
    if (!isPadded || (pad === 'valid' && node.attributes.count_include_pad === 1)) return mean;
    // The share of each window that lies in the image: TensorFlow leaves the padding of `same` out of the mean by itself.
    const [, height, width] = x!.shape;
    const ones = tf.ones([1, height!, width!, 1]) as tf.Tensor4D;
    const shares = tf.avgPool(
      tf.pad(ones, [[0, 0], ...windows.padding, [0, 0]]) as tf.Tensor4D,
      windows.size,
      windows.stride,
      'valid',
    );
    return pad === 'same' ? tf.mul(mean, shares) : tf.div(mean, shares);
  },
  BatchNormalization: ([x, ...statistics], { attributes: { epsilon = 1e-5 } }) =>
    normalizedByStatistics(
      x!,
      statistics.map((one) => one!),
      epsilon as number,
    ),
  GlobalAveragePool: ([x]) => tf.mean(x!, [1, 2], true),
  GlobalMaxPool: ([x]) => tf.max(x!, [1, 2], true),
};

/** Lower than what any image has. */
const lowest = -3e38;

function pooling(x: tf.Tensor4D, node: OnnxNode, value: number) {
  const [, height, width] = x.shape;
  const size = node.attributes.kernel_shape as [number, number];
  const windows = windowsOf(node, size, [height, width]);
  if (windows.dilation.some((one) => one !== 1))
    throw new RangeError(
      `onnx/${node.operation}: expected a pooling without dilation, got [${windows.dilation}]; export the model with others`,
    );
  const { x: image, pad } = padded(x, windows, value);
  return { windows, image, pad };
}

/** @param weight as ONNX has it: [outputs, inputs / groups, height, width]. */
function convolution(x: tf.Tensor4D, weight: tf.Tensor4D, node: OnnxNode): tf.Tensor4D {
  const groups = (node.attributes.group as number | undefined) ?? 1;
  const [batch, height, width, channels] = x.shape;
  const [outputs, , ...size] = weight.shape;
  const kind = filterKind(node, weight.shape);
  const filter = prepared.get(weight) ?? arranged(weight, kind, groups);
  if (kind === 'matrix') {
    const rows = tf.reshape(x, [-1, channels]) as tf.Tensor2D;
    return tf.reshape(tf.matMul(rows, filter as tf.Tensor2D), [batch, height, width, outputs]);
  }
  const windows = windowsOf(node, size as [number, number], [height, width]);
  const { stride, dilation } = windows;
  const { x: image, pad } = padded(x, windows);
  if (kind === 'depthwise') return tf.depthwiseConv2d(image, filter as tf.Tensor4D, stride, pad, 'NHWC', dilation);
  if (groups === 1) return tf.conv2d(image, filter as tf.Tensor4D, stride, pad, 'NHWC', dilation);
  const filters = tf.split<tf.Tensor4D>(filter as tf.Tensor4D, groups, 3);
  const parts = tf
    .split<tf.Tensor4D>(image, groups, 3)
    .map((part, i) => tf.conv2d(part, filters[i], stride, pad, 'NHWC', dilation));
  return tf.concat4d(parts, 3);
}

/** How the weights of a convolution are used: as a matrix, a filter of all channels, or one of each channel alone. */
type FilterKind = 'matrix' | 'filter' | 'depthwise';

function filterKind({ attributes }: OnnxNode, [, inputs, ...size]: readonly number[]): FilterKind {
  const { group = 1, strides = [], pads = [] } = attributes as { group?: number; strides?: number[]; pads?: number[] };
  const isPoint = [...size, ...strides].every((one) => one === 1) && pads.every((one) => one === 0);
  if (group === 1) return isPoint ? 'matrix' : 'filter';
  return inputs === 1 ? 'depthwise' : 'filter';
}

/** Weights [outputs, inputs, height, width] as TensorFlow.js wants them. */
function arranged(weight: tf.Tensor4D, kind: FilterKind, groups: number): tf.Tensor {
  const [outputs, inputs, height, width] = weight.shape;
  if (kind === 'matrix') return tf.transpose(tf.reshape(weight, [outputs, inputs]));
  if (kind === 'filter') return tf.transpose(weight, [2, 3, 1, 0]);
  const rows = tf.transpose(tf.reshape(weight, [outputs, height * width]));
  return tf.reshape(rows, [height, width, groups, outputs / groups]);
}

/** Weights that do not change, as TensorFlow.js wants them. */
const prepared = new WeakMap<tf.Tensor, tf.Tensor>();

/** Arranges constant weights of a convolution once. @returns what has to be disposed with them. */
export function prepareFilter(weight: tf.Tensor, node: OnnxNode): tf.Tensor {
  const { group = 1 } = node.attributes as { group?: number };
  const made = tf.tidy(() => arranged(weight as tf.Tensor4D, filterKind(node, weight.shape), group));
  prepared.set(weight, made);
  return made;
}
