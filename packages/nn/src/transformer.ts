import { fusedOps } from '@cxr-align/fused-ops';
import { withGradient } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { MultiHeadAttention } from './attention.js';
import type { ForwardContext } from './forward-context.js';
import { Linear, linear } from './linear.js';
import { LayerNorm } from './normalization.js';
import type { Scope } from './parameters.js';
import { relu } from './relu.js';

/** The sizes of a transformer. */
export interface TransformerOptions {
  /** Width of the rows. */
  dim: number;
  layers: number;
  /** Must divide `dim`. */
  heads: number;
  /** Width of the hidden layer of the feed-forward network. Default 4 · dim. */
  feedForward?: number;
  /** Dropout rate, in [0, 1). Default 0.1. */
  dropout?: number;
}

/** The feed-forward network of a transformer layer, on each row alone: W₂ dropout(relu(W₁ x + b₁)) + b₂. */
export class FeedForward {
  readonly first: Linear;
  readonly second: Linear;

  constructor(
    private readonly scope: Scope,
    dim: number,
    width: number,
    private readonly dropout: number,
  ) {
    this.first = new Linear(scope.scope('first'), dim, width);
    this.second = new Linear(scope.scope('second'), width, dim);
  }

  /** @param x float32 [..., dim]. @returns float32 in the shape of `x`. */
  forward(x: tf.Tensor, context: ForwardContext): tf.Tensor {
    return this.second.forward(this.hidden(x, context));
  }

  private hidden(x: tf.Tensor, context: ForwardContext): tf.Tensor {
    const layer = `${this.scope.path}/hidden`;
    const fused = fusedOps().biasReluDropout;
    if (!fused) return context.dropout(relu(this.first.forward(x)), this.dropout, layer);
    const { weight, bias } = this.first;
    return withGradient([linear(x, weight), bias], (product, offset) =>
      fused(product, offset as tf.Tensor1D, context.dropoutMask(this.dropout, layer)),
    );
  }
}

/**
 * A post-norm transformer layer: x ← LN(x + selfAttention(x)); x ← LN(x + feedForward(x)).
 *
 * With `cross: true` cross-attention to a memory comes first: x ← LN(x + crossAttention(x, memory)).
 *
 * @see Vaswani et al. 2017, arXiv:1706.03762 (post-norm).
 */
export class TransformerLayer {
  readonly selfAttention: MultiHeadAttention;
  readonly selfNorm: LayerNorm;
  readonly crossAttention?: MultiHeadAttention;
  readonly crossNorm?: LayerNorm;
  readonly feedForward: FeedForward;
  readonly feedForwardNorm: LayerNorm;
  private readonly dropout: number;

  constructor(
    private readonly scope: Scope,
    { dim, heads, feedForward = 4 * dim, dropout = 0.1 }: Omit<TransformerOptions, 'layers'>,
    { cross = false }: { cross?: boolean } = {},
  ) {
    this.dropout = dropout;
    if (cross) {
      this.crossAttention = new MultiHeadAttention(scope.scope('cross'), dim, heads, dropout);
      this.crossNorm = new LayerNorm(scope.scope('crossNorm'), dim);
    }
    this.selfAttention = new MultiHeadAttention(scope.scope('self'), dim, heads, dropout);
    this.selfNorm = new LayerNorm(scope.scope('selfNorm'), dim);
    this.feedForward = new FeedForward(scope.scope('feedForward'), dim, feedForward, dropout);
    this.feedForwardNorm = new LayerNorm(scope.scope('feedForwardNorm'), dim);
  }

  /**
   * @param x float32 [batch, rows, dim].
   * @param options.memory float32 [batch, positions, dim]: the context of the cross-attention. Needed with `cross: true`.
   * @param options.mask float32 [batch, rows], 1 for rows that are present and 0 for padding, in the self-attention. Default all
   *   are present.
   * @returns the rows [batch, rows, dim], and the weights of the cross-attention [batch, heads, rows, positions], if there is one.
   * @throws {RangeError} if there is cross-attention and no memory, or a memory and no cross-attention.
   */
  forward(
    x: tf.Tensor,
    context: ForwardContext,
    { memory, mask }: { memory?: tf.Tensor; mask?: tf.Tensor2D } = {},
  ): { value: tf.Tensor; weights?: tf.Tensor4D } {
    if ((memory === undefined) !== (this.crossAttention === undefined))
      throw new RangeError(
        `nn/TransformerLayer: expected ${this.crossAttention ? 'a memory for the cross-attention, got none' : 'no memory without cross-attention, got one'}; try cross: ${memory !== undefined}`,
      );
    // Tensors that the gradient does not need are freed at the end of each layer.
    return tf.tidy(() => {
      let value = x;
      let weights: tf.Tensor4D | undefined;
      if (this.crossAttention && this.crossNorm && memory) {
        const cross = this.crossAttention.forward(value, memory, context);
        weights = cross.weights;
        value = this.crossNorm.forward(context.dropout(cross.value, this.dropout, `${this.scope.path}/cross`, value));
      }
      const fused = mask ? undefined : fusedOps().attention;
      const [batch, rows, dim] = value.shape;
      // With fused attention, all that follows works on a matrix of rows.
      if (fused) value = tf.reshape(value, [batch * rows, dim]);
      const attended = fused
        ? this.selfAttention.forwardFused(value as tf.Tensor2D, batch, context, fused)
        : this.selfAttention.forward(value, value, context, mask).value;
      value = this.selfNorm.forward(context.dropout(attended, this.dropout, `${this.scope.path}/self`, value));
      const transformed = this.feedForward.forward(value, context);
      value = this.feedForwardNorm.forward(
        context.dropout(transformed, this.dropout, `${this.scope.path}/forward`, value),
      );
      return { value: fused ? tf.reshape(value, [batch, rows, dim]) : value, weights };
    });
  }
}

/** A stack of transformer layers: self-attention over rows [batch, rows, dim]. */
export class TransformerEncoder {
  readonly layers: TransformerLayer[];

  constructor(scope: Scope, { layers, ...options }: TransformerOptions) {
    this.layers = Array.from({ length: layers }, (_, i) => new TransformerLayer(scope.scope(i), options));
  }

  /**
   * @param x float32 [batch, rows, dim].
   * @param mask float32 [batch, rows], 1 for rows that are present and 0 for padding. Default all are present.
   * @returns float32 [batch, rows, dim].
   */
  forward(x: tf.Tensor, context: ForwardContext, mask?: tf.Tensor2D): tf.Tensor {
    return this.layers.reduce((value, layer) => layer.forward(value, context, { mask }).value, x);
  }
}

/** A stack of transformer layers with cross-attention to a memory [batch, positions, dim] before the self-attention. */
export class TransformerDecoder {
  readonly layers: TransformerLayer[];

  constructor(scope: Scope, { layers, ...options }: TransformerOptions) {
    this.layers = Array.from(
      { length: layers },
      (_, i) => new TransformerLayer(scope.scope(i), options, { cross: true }),
    );
  }

  /**
   * @param x float32 [batch, rows, dim]: the queries.
   * @param memory float32 [batch, positions, dim].
   * @returns the rows [batch, rows, dim], and the cross-attention weights of the last layer [batch, heads, rows, positions].
   */
  forward(x: tf.Tensor, memory: tf.Tensor, context: ForwardContext): { value: tf.Tensor; weights: tf.Tensor4D } {
    let value = x;
    let weights!: tf.Tensor4D;
    for (const layer of this.layers) {
      const output = layer.forward(value, context, { memory });
      value = output.value;
      weights = output.weights!;
    }
    return { value, weights };
  }
}
