import * as tf from '@tensorflow/tfjs-core';
import { addKernel } from './kernels.js';
import { explicitPad } from './products.js';

type Window = {
  strides: number | [number, number];
  pad: 'valid' | 'same' | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
};
type Shape4D = [number, number, number, number];

/**
 * The kernels that gradients need and the wasm backend lacks, composed of operations that it has: segment sums (the
 * gradient of `gather`) and the filter gradient of convolutions.
 */
export function addGradientKernels(): void {
  addKernel('UnsortedSegmentSum', ({ inputs, attrs }) => {
    const { x, segmentIds } = inputs as { x: tf.Tensor; segmentIds: tf.Tensor };
    const { numSegments } = attrs as { numSegments: number };
    const tail = x.shape.slice(segmentIds.rank);
    const rows = segmentIds.size;
    const member = tf.cast(tf.oneHot(tf.reshape(segmentIds, [rows]) as tf.Tensor1D, numSegments), 'float32');
    const sums = tf.matMul(member as tf.Tensor2D, tf.cast(tf.reshape(x, [rows, -1]), 'float32') as tf.Tensor2D, true);
    return tf.reshape(sums, [numSegments, ...tail]);
  });

  addKernel('Conv2DBackpropFilter', ({ inputs, attrs }) => {
    const { x, dy } = inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
    const { strides, pad, dimRoundingMode, filterShape } = attrs as unknown as Window & { filterShape: Shape4D };
    const info = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode, false);
    const { strideHeight, strideWidth, padInfo, filterHeight, filterWidth } = info;
    const { top, bottom, left, right } = padInfo;
    // A convolution itself: channels as the batch, the batch as channels, dy as a filter dilated by the stride.
    const images = tf.transpose(x, [3, 1, 2, 0]);
    const filter = tf.transpose(dy, [1, 2, 0, 3]);
    const pads = explicitPad(top, bottom, left, right);
    const sums = tf.conv2d(images, filter, 1, pads, 'NHWC', [strideHeight, strideWidth]);
    const [channels, , , outputs] = sums.shape;
    return tf.transpose(tf.slice(sums, [0, 0, 0, 0], [channels, filterHeight, filterWidth, outputs]), [1, 2, 0, 3]);
  });
}
