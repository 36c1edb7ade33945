import type { FusedOps } from '@cxr-align/fused-ops';
import { withGradient } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import type { ForwardContext } from './forward-context.js';
import { Linear } from './linear.js';
import type { Scope } from './parameters.js';

/**
 * Softmax over the last axis: y_i = exp(x_i) / Σ_j exp(x_j). Only the output is kept for its gradient.
 *
 * @param x float32 [..., classes].
 * @returns float32 in the shape of `x`. The caller owns it.
 */
export function softmax(x: tf.Tensor): tf.Tensor {
  return withGradient([x], (logits) => {
    const value = tf.softmax(logits);
    return {
      value,
      saved: [value],
      gradient: (dy, [y]) => [tf.mul(y, tf.sub(dy, tf.sum(tf.mul(dy, y), -1, true)))],
    };
  });
}

/** [batch, rows, dim] → [batch, heads, rows, dim / heads]: heads are consecutive slices of dim. */
function splitHeads(x: tf.Tensor, heads: number): tf.Tensor4D {
  const [batch, rows, dim] = x.shape;
  return tf.transpose(tf.reshape(x, [batch, rows, heads, dim / heads]), [0, 2, 1, 3]) as tf.Tensor4D;
}

/** The inverse of {@link splitHeads}. */
function mergeHeads(x: tf.Tensor4D): tf.Tensor3D {
  const [batch, heads, rows, width] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch, rows, heads * width]);
}

/**
 * Multi-head attention: softmax(Q Kᵀ / √(dim / heads)) V in each head, then a linear map of the concatenated heads, with
 * Q = query · W_q + b_q and [K, V] = keyValue · W_kv + b_kv.
 *
 * @see Vaswani et al. 2017, arXiv:1706.03762.
 */
export class MultiHeadAttention {
  readonly query: Linear;
  readonly keyValue: Linear;
  readonly output: Linear;

  /**
   * @param dropout rate on the attention weights, in [0, 1). Default 0.
   * @throws {RangeError} if `heads` does not divide `dim`.
   */
  constructor(
    private readonly scope: Scope,
    private readonly dim: number,
    readonly heads: number,
    private readonly dropout = 0,
  ) {
    if (dim % heads !== 0) {
      throw new RangeError(
        `nn/MultiHeadAttention: expected a dim that ${heads} heads divide, got ${dim}; try ${Math.ceil(dim / heads) * heads}`,
      );
    }
    this.query = new Linear(scope.scope('query'), dim, dim);
    this.keyValue = new Linear(scope.scope('keyValue'), dim, 2 * dim);
    this.output = new Linear(scope.scope('output'), dim, dim);
  }

  /**
   * @param query float32 [batch, rows, dim].
   * @param keyValue float32 [batch, positions, dim]: the context that is attended to; the query itself for self-attention.
   * @param mask float32 [batch, positions], 1 for positions that are present and 0 for padding. Default all are present.
   * @returns the output [batch, rows, dim], and the attention weights [batch, heads, rows, positions].
   */
  forward(
    query: tf.Tensor,
    keyValue: tf.Tensor,
    context: ForwardContext,
    mask?: tf.Tensor2D,
  ): { value: tf.Tensor; weights: tf.Tensor4D } {
    const queries = splitHeads(this.query.forward(query), this.heads);
    const [keys, values] = tf.split(this.keyValue.forward(keyValue), 2, -1).map((part) => splitHeads(part, this.heads));
    const scores = tf.mul(tf.matMul(queries, keys, false, true), 1 / Math.sqrt(this.dim / this.heads));
    // exp(−10,000) is 0 in float32.
    const masked = mask
      ? tf.add(scores, tf.reshape(tf.mul(tf.sub(mask, 1), 1e4), [mask.shape[0], 1, 1, mask.shape[1]]))
      : scores;
    const weights = softmax(masked) as tf.Tensor4D;
    const dropped = context.dropout(weights, this.dropout, `${this.scope.path}/weights`);
    const mixed = tf.matMul(dropped, values) as tf.Tensor4D;
    return { value: this.output.forward(mergeHeads(mixed)), weights };
  }

  /**
   * Self-attention by the engine's fused operation; the value is that of {@link forward} with `x` as both inputs.
   *
   * @param x float32 [batch · rows, dim].
   * @returns float32 [batch · rows, dim].
   */
  forwardFused(
    x: tf.Tensor2D,
    batch: number,
    context: ForwardContext,
    attention: NonNullable<FusedOps['attention']>,
  ): tf.Tensor2D {
    const dropout = context.dropoutMask(this.dropout, `${this.scope.path}/weights`);
    const mixed = withGradient([this.query.forward(x), this.keyValue.forward(x)], (query, keyValue) =>
      attention(query as tf.Tensor2D, keyValue as tf.Tensor2D, { batch, heads: this.heads }, dropout),
    );
    return this.output.forward(mixed) as tf.Tensor2D;
  }
}
