import { fusedOps } from '@cxr-align/fused-ops';
import { withGradient } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { Scope } from './parameters.js';

/**
 * The affine map y = x · weight + bias along the last axis.
 *
 * @param x float32 [..., in].
 * @param weight float32 [in, out].
 * @param bias float32 [out].
 * @returns float32 [..., out]. The caller owns it.
 */
export function linear(x: tf.Tensor, weight: tf.Tensor2D, bias?: tf.Tensor1D): tf.Tensor {
  return tf.tidy(() => {
    const [inputs, outputs] = weight.shape;
    const rows = (x.rank === 2 ? x : tf.reshape(x, [-1, inputs])) as tf.Tensor2D;
    const product = withGradient(bias ? [rows, weight, bias] : [rows, weight], (a, w, b) => {
      const plain = tf.matMul(a as tf.Tensor2D, w as tf.Tensor2D);
      return {
        value: b ? tf.add(plain, b) : plain,
        saved: [a, w],
        gradient: (dy, [input, matrix]) => [
          (fusedOps().matMulTransposeB ?? matMulTransposeB)(dy as tf.Tensor2D, matrix as tf.Tensor2D),
          tf.matMul(input as tf.Tensor2D, dy as tf.Tensor2D, true, false),
          ...(bias ? [columnSums(dy as tf.Tensor2D)] : []),
        ],
      };
    });
    return x.rank === 2 ? product : tf.reshape(product, [...x.shape.slice(0, -1), outputs]);
  });
}

const matMulTransposeB = (x: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor2D => tf.matMul(x, w, false, true);

/**
 * Sums over the rows, [rows, columns] → [columns], computed as a product with ones: backends reduce the first axis slowly.
 *
 * @returns float32 [columns]. The caller owns it.
 */
export function columnSums(x: tf.Tensor2D): tf.Tensor1D {
  const fused = fusedOps().columnSums;
  if (fused) return fused(x);
  return tf.reshape(tf.matMul(tf.ones([1, x.shape[0]]), x), [x.shape[1]]);
}

/**
 * A linear layer: y = x · weight + bias, with `weight` [in, out] and `bias` [out].
 *
 * Weights start normally distributed with σ = gain / √in, biases at 0.
 */
export class Linear {
  readonly weight: tf.Variable & tf.Tensor2D;
  readonly bias: tf.Variable & tf.Tensor1D;

  /** @param options.gain multiplies the standard deviation of the initial weights. Default 1. */
  constructor(scope: Scope, inputs: number, outputs: number, { gain = 1 }: { gain?: number } = {}) {
    this.weight = scope.addParameter('weight', [inputs, outputs], { normal: gain / Math.sqrt(inputs) });
    this.bias = scope.addParameter('bias', [outputs], { constant: 0 });
  }

  /** @param x float32 [..., in]. @returns float32 [..., out]. */
  forward(x: tf.Tensor): tf.Tensor {
    return linear(x, this.weight, this.bias);
  }
}
