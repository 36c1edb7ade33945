import * as tf from '@tensorflow/tfjs-core';
import type { Scope } from './parameters.js';

/** A square convolution without bias, for use before a normalisation; starting weights after He et al. 2015. */
export class Convolution {
  readonly filter: tf.Variable & tf.Tensor4D;
  private readonly stride: number;

  constructor(
    scope: Scope,
    inputs: number,
    outputs: number,
    { size = 3, stride = 1 }: { size?: number; stride?: number } = {},
  ) {
    this.stride = stride;
    this.filter = scope.make('filter', [size, size, inputs, outputs], {
      normal: Math.sqrt(2 / (size * size * inputs)),
    });
  }

  /** @param x float32 [batch, height, width, in]. @returns float32 [batch, ⌈height/stride⌉, ⌈width/stride⌉, out]. */
  apply(x: tf.Tensor4D): tf.Tensor4D {
    return tf.conv2d(x, this.filter, this.stride, 'same');
  }
}
