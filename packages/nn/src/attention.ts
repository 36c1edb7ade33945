import type { FastForms } from '@cxr-align/fast-forms';
import { withGradient } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { Linear } from './linear.js';
import type { Scope } from './parameters.js';
import type { Pass } from './pass.js';

/** Softmax over the last axis; its gradient keeps the output alone. */
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
 * Attention of several heads: softmax(Q Kᵀ / √(dim / heads)) V, then a linear map.
 *
 * @see Vaswani et al. 2017, arXiv:1706.03762.
 */
export class MultiHeadAttention {
  readonly query: Linear;
  readonly keyValue: Linear;
  readonly output: Linear;

  /** @throws {RangeError} if `heads` does not divide `dim`. */
  constructor(
    private readonly scope: Scope,
    private readonly dim: number,
    private readonly heads: number,
    private readonly dropout = 0,
  ) {
    if (dim % heads !== 0) {
      throw new RangeError(
        `nn/MultiHeadAttention: expected a width that ${heads} heads divide, got ${dim}; change one of them`,
      );
    }
    this.query = new Linear(scope.scope('query'), dim, dim);
    this.keyValue = new Linear(scope.scope('keyValue'), dim, 2 * dim);
    this.output = new Linear(scope.scope('output'), dim, dim);
  }

  /**
   * @param x float32 [batch, rows, dim]: who asks.
   * @param source float32 [batch, sources, dim]: who answers; `x` itself for self-attention.
   * @param mask float32 [batch, sources], 1 for those who are there: the others are not asked. Default all are.
   * @returns the answers [batch, rows, dim], and the weights [batch, heads, rows, sources].
   */
  apply(x: tf.Tensor, source: tf.Tensor, pass: Pass, mask?: tf.Tensor2D): { value: tf.Tensor; weights: tf.Tensor4D } {
    const query = splitHeads(this.query.apply(x), this.heads);
    const [key, value] = tf.split(this.keyValue.apply(source), 2, -1).map((part) => splitHeads(part, this.heads));
    const scores = tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(this.dim / this.heads));
    // No exponential survives what is taken off where nobody is.
    const open = mask
      ? tf.add(scores, tf.reshape(tf.mul(tf.sub(mask, 1), 1e4), [mask.shape[0], 1, 1, mask.shape[1]]))
      : scores;
    const weights = softmax(open) as tf.Tensor4D;
    const mixed = tf.matMul(pass.dropout(weights, this.dropout, `${this.scope.path}/weights`), value) as tf.Tensor4D;
    return { value: this.output.apply(mergeHeads(mixed)), weights };
  }

  /**
   * How rows answer one another, by the form that the engine has for it.
   *
   * @param rows float32 [batch · rows, dim].
   * @returns the answers in the same shape, as {@link apply} gives them.
   */
  among(rows: tf.Tensor2D, batch: number, pass: Pass, form: NonNullable<FastForms['attention']>): tf.Tensor2D {
    const dropout = pass.mask(this.dropout, `${this.scope.path}/weights`);
    const mixed = withGradient([this.query.apply(rows), this.keyValue.apply(rows)], (query, keyValue) =>
      form(query as tf.Tensor2D, keyValue as tf.Tensor2D, { batch, heads: this.heads }, dropout),
    );
    return this.output.apply(mixed) as tf.Tensor2D;
  }
}
