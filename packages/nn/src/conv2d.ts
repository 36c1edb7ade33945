import * as tf from '@tensorflow/tfjs-core';
import type { Scope } from './parameters.js';

/**
 * A convolution with a square kernel and without bias, for use before a normalisation.
 *
 *   y[i, j, o] = Σ x[stride·i + a, stride·j + b, c] · kernel[a, b, c, o], zero-padded to ⌈extent / stride⌉
 *
 * Its parameter is `filter` [size, size, inputs, outputs], drawn from a normal distribution with σ = √(2 / (size² · inputs)).
 *
 * @see He et al. 2015, arXiv:1502.01852 (initial weights).
 */
export class Conv2d {
  readonly filter: tf.Variable & tf.Tensor4D;
  readonly stride: number;

  /**
   * @param options.size edge of the kernel. Default 3.
   * @param options.stride Default 1.
   * @throws {RangeError} if the scope already has a parameter `filter`.
   */
  constructor(
    scope: Scope,
    inputs: number,
    outputs: number,
    { size = 3, stride = 1 }: { size?: number; stride?: number } = {},
  ) {
    this.stride = stride;
    this.filter = scope.addParameter('filter', [size, size, inputs, outputs], {
      normal: Math.sqrt(2 / (size * size * inputs)),
    });
  }

  /** @param x float32 [batch, height, width, inputs]. @returns float32 [batch, ⌈height/stride⌉, ⌈width/stride⌉, outputs]. */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.conv2d(x, this.filter, this.stride, 'same');
  }
}
