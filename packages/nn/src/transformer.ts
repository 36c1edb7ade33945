import { fastForms } from '@cxr-align/fast-forms';
import { withGradient } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { MultiHeadAttention } from './attention.js';
import { Linear, linear } from './linear.js';
import { LayerNorm } from './normalization.js';
import type { Scope } from './parameters.js';
import type { Pass } from './pass.js';
import { relu } from './relu.js';

/** The sizes of a transformer. */
export interface TransformerOptions {
  dim: number;
  layers: number;
  /** Must divide `dim`. */
  heads: number;
  /** Width of the feed-forward part. Default 4 · dim. */
  feedForward?: number;
  /** In [0, 1). Default 0.1. */
  dropout?: number;
}

/** W₂ relu(W₁ x + c₁) + c₂, the part of a transformer layer that works on each row alone. */
class FeedForward {
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

  apply(x: tf.Tensor, pass: Pass): tf.Tensor {
    return this.second.apply(this.hidden(x, pass));
  }

  private hidden(x: tf.Tensor, pass: Pass): tf.Tensor {
    const place = `${this.scope.path}/hidden`;
    const form = fastForms().hidden;
    if (!form) return pass.dropout(relu(this.first.apply(x)), this.dropout, place);
    const { weight, bias } = this.first;
    return withGradient([linear(x, weight), bias], (product, offset) =>
      form(product, offset as tf.Tensor1D, pass.mask(this.dropout, place)),
    );
  }
}

/**
 * One layer, normalised after each part: x = LN(x + attention(x)); x = LN(x + feedForward(x)).
 *
 * With a `source` it attends to that first: queries ask the source, then each other.
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
   * @param mask float32 [batch, rows], 1 for rows that are there; the others are not asked by the rows. Default all are.
   * @returns the rows, and where each looked in the source [batch, heads, rows, sources] if there is one.
   */
  apply(
    x: tf.Tensor,
    pass: Pass,
    { source, mask }: { source?: tf.Tensor; mask?: tf.Tensor2D } = {},
  ): { value: tf.Tensor; weights?: tf.Tensor4D } {
    // What the gradient does not need is given back at the end of each layer.
    return tf.tidy(() => {
      let value = x;
      let weights: tf.Tensor4D | undefined;
      if (this.crossAttention && this.crossNorm && source) {
        const answer = this.crossAttention.apply(value, source, pass);
        weights = answer.weights;
        value = this.crossNorm.apply(pass.dropout(answer.value, this.dropout, `${this.scope.path}/cross`, value));
      }
      const form = mask ? undefined : fastForms().attention;
      const [batch, rows, dim] = value.shape;
      // With a form of its own, all that follows works on rows alone.
      if (form) value = tf.reshape(value, [batch * rows, dim]);
      const attended = form
        ? this.selfAttention.among(value as tf.Tensor2D, batch, pass, form)
        : this.selfAttention.apply(value, value, pass, mask).value;
      value = this.selfNorm.apply(pass.dropout(attended, this.dropout, `${this.scope.path}/self`, value));
      const forward = this.feedForward.apply(value, pass);
      value = this.feedForwardNorm.apply(pass.dropout(forward, this.dropout, `${this.scope.path}/forward`, value));
      return { value: form ? tf.reshape(value, [batch, rows, dim]) : value, weights };
    });
  }
}

/** A stack of transformer layers over [batch, rows, dim]. */
export class TransformerEncoder {
  readonly layers: TransformerLayer[];

  constructor(scope: Scope, { layers, ...options }: TransformerOptions) {
    this.layers = Array.from({ length: layers }, (_, i) => new TransformerLayer(scope.scope(i), options));
  }

  /** @param mask float32 [batch, rows], 1 for rows that are there. Default all are. */
  apply(x: tf.Tensor, pass: Pass, mask?: tf.Tensor2D): tf.Tensor {
    return this.layers.reduce((value, layer) => layer.apply(value, pass, { mask }).value, x);
  }
}

/** A stack of layers whose rows ask a source [batch, sources, dim], then each other. */
export class TransformerDecoder {
  readonly layers: TransformerLayer[];

  constructor(scope: Scope, { layers, ...options }: TransformerOptions) {
    this.layers = Array.from(
      { length: layers },
      (_, i) => new TransformerLayer(scope.scope(i), options, { cross: true }),
    );
  }

  /** @returns the rows [batch, rows, dim], and where the last layer looked [batch, heads, rows, sources]. */
  apply(x: tf.Tensor, source: tf.Tensor, pass: Pass): { value: tf.Tensor; weights: tf.Tensor4D } {
    let value = x;
    let weights!: tf.Tensor4D;
    for (const layer of this.layers) {
      const step = layer.apply(value, pass, { source });
      value = step.value;
      weights = step.weights!;
    }
    return { value, weights };
  }
}
