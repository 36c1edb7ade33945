import * as tf from '@tensorflow/tfjs-core';
import { replaceKernel } from './kernels.js';

/**
 * Takes convolutions and products with bias and activation apart, as models that were trained elsewhere have them: our own kernels
 * do them, on all threads. The shipped product of a transposed matrix has other values wherever an activation follows that it does
 * not know itself.
 */
export function takeFusedApart(): void {
  replaceKernel(
    'FusedConv2D',
    () =>
      ({ inputs: { x, filter, ...rest }, attrs = {} }) =>
        finish(run('Conv2D', { x, filter }, attrs), rest, attrs),
  );
  replaceKernel(
    '_FusedMatMul',
    () =>
      ({ inputs: { a, b, ...rest }, attrs = {} }) =>
        finish(run('BatchMatMul', { a, b }, attrs), rest, attrs),
  );
}

function run(kernel: string, inputs: tf.NamedTensorInfoMap, attributes: tf.NamedAttrMap): tf.Tensor {
  return tf.engine().runKernel(kernel, inputs as tf.NamedTensorMap, attributes) as tf.Tensor;
}

/** Adds the bias, and applies the activation. */
function finish(value: tf.Tensor, rest: tf.NamedTensorInfoMap, attributes: tf.NamedAttrMap): tf.Tensor {
  const { bias, preluActivationWeights: slopes } = rest as Partial<tf.NamedTensorMap>;
  const x = bias ? tf.add(value, bias) : value;
  switch (attributes.activation as tf.fused.Activation | undefined) {
    case 'relu':
      return tf.relu(x);
    case 'relu6':
      return tf.relu6(x);
    case 'elu':
      return tf.elu(x);
    case 'sigmoid':
      return tf.sigmoid(x);
    case 'leakyrelu':
      return tf.leakyRelu(x, attributes.leakyreluAlpha as number);
    case 'prelu':
      return tf.prelu(x, slopes!);
    default:
      return x;
  }
}
