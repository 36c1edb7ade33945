import * as tf from '@tensorflow/tfjs-core';
import { addKernel } from './kernels.js';

/** The kernel that gradients need and the wasm backend lacks, composed of operations that it has: segment sums, the gradient of `gather`. */
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
}
