import * as tf from '@tensorflow/tfjs-core';
import { registerComposedKernel } from '../kernel-registry.js';

/**
 * Computes convolutions with bias and activation, as imported models have them, by our own convolution kernels on all threads and
 * an operation each for bias and activation.
 */
export function registerFusedConv2D(): void {
  registerComposedKernel('wasm', 'FusedConv2D', () => ({ inputs: { x, filter, ...rest }, attrs = {} }) => {
    return withBiasAndActivation(run('Conv2D', { x, filter }, attrs), rest, attrs);
  });
}

/** As {@link registerFusedConv2D}, for products: the shipped kernel ignores the bias of a transposed product. */
export function registerFusedMatMul(): void {
  registerComposedKernel('wasm', '_FusedMatMul', () => ({ inputs: { a, b, ...rest }, attrs = {} }) => {
    return withBiasAndActivation(run('BatchMatMul', { a, b }, attrs), rest, attrs);
  });
}

function run(kernel: string, inputs: tf.NamedTensorInfoMap, attributes: tf.NamedAttrMap): tf.Tensor {
  return tf.engine().runKernel(kernel, inputs as tf.NamedTensorMap, attributes) as tf.Tensor;
}

function withBiasAndActivation(value: tf.Tensor, rest: tf.NamedTensorInfoMap, attributes: tf.NamedAttrMap): tf.Tensor {
  const { bias, preluActivationWeights: alpha } = rest as Partial<tf.NamedTensorMap>;
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
      return tf.prelu(x, alpha!);
    default:
      return x;
  }
}
