import * as tf from '@tensorflow/tfjs-core';
import { registerComposedKernel } from '../kernel-registry.js';

/** The gradient of `gather`, which the shipped backend lacks: sums over the rows of each segment, as a product with a one-hot matrix. */
export function registerSegmentSum(): void {
  registerComposedKernel('wasm', 'UnsortedSegmentSum', () => ({ inputs, attrs }) => {
    const { x, segmentIds } = inputs as { x: tf.Tensor; segmentIds: tf.Tensor };
    const { numSegments } = attrs as { numSegments: number };
    const tail = x.shape.slice(segmentIds.rank);
    const rows = segmentIds.size;
    const member = tf.cast(tf.oneHot(tf.reshape(segmentIds, [rows]) as tf.Tensor1D, numSegments), 'float32');
    const sums = tf.matMul(member as tf.Tensor2D, tf.cast(tf.reshape(x, [rows, -1]), 'float32') as tf.Tensor2D, true);
    return tf.reshape(sums, [numSegments, ...tail]);
  });
}

interface ConvolutionAttributes {
  strides: number | [number, number];
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  filterShape: [number, number, number, number];
}

/**
 * The gradient of a convolution's filter, which the shipped backend lacks, where our own kernel is not registered: a convolution
 * itself, with channels as the batch, the batch as channels, and dy as a filter dilated by the stride.
 */
export function registerPlainFilterGradient(): void {
  registerComposedKernel('wasm', 'Conv2DBackpropFilter', () => ({ inputs, attrs }) => {
    const { x, dy } = inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
    const { strides, pad, dimRoundingMode, filterShape } = attrs as unknown as ConvolutionAttributes;
    const info = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode, false);
    const { strideHeight, strideWidth, padInfo, filterHeight, filterWidth } = info;
    const { top, bottom, left, right } = padInfo;
    const images = tf.transpose(x, [3, 1, 2, 0]) as tf.Tensor4D;
    const filter = tf.transpose(dy, [1, 2, 0, 3]) as tf.Tensor4D;
    const margins: tf.backend_util.ExplicitPadding = [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ];
    const sums = tf.conv2d(images, filter, 1, margins, 'NHWC', [strideHeight, strideWidth]);
    const [channels, , , outputs] = sums.shape;
    return tf.transpose(tf.slice(sums, [0, 0, 0, 0], [channels, filterHeight, filterWidth, outputs]), [1, 2, 0, 3]);
  });
}
