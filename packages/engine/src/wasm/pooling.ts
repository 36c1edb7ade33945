import * as tf from '@tensorflow/tfjs-core';
import { replaceKernel } from './kernels.js';

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
