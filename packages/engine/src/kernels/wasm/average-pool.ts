import * as tf from '@tensorflow/tfjs-core';
import { registerComposedKernel } from '../kernel-registry.js';

/** The gradient of average pooling over windows that do not overlap: each input gets its share of the window's gradient. */
export function registerAveragePoolGradient(): void {
  registerComposedKernel('wasm', 'AvgPoolGrad', (shipped) => (call) => {
    const { inputs, attrs } = call;
    const { dy, input } = inputs as { dy: tf.Tensor4D; input: tf.Tensor4D };
    const { filterSize, strides } = attrs as unknown as Record<'filterSize' | 'strides', number | [number, number]>;
    const [height, width] = [filterSize].flat().length === 1 ? [filterSize, filterSize] : (filterSize as number[]);
    const apart = String([strides, strides].flat().slice(0, 2)) === String([height, width]);
    const [, rows, columns] = input.shape;
    if (!apart || rows !== dy.shape[1] * Number(height) || columns !== dy.shape[2] * Number(width))
      return shipped(call);
    return tf.image.resizeNearestNeighbor(tf.div(dy, Number(height) * Number(width)) as tf.Tensor4D, [rows, columns]);
  });
}
