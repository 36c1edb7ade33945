import { LayerNorm, Linear, softmax, type Scope } from '@cxr-align/nn';
import { assertShape, unstack } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** The sizes of a prompt mixture. */
export interface PromptMixtureOptions {
  /** Width of prompts and label embeddings. */
  dim: number;
  /** Width of the bottleneck of the attention. Default a quarter of `dim`. */
  rank?: number;
  /** Divides the scores. Default dim · e. */
  temperature?: number;
}

/** The prompts of each image, and their mixing weights. */
export interface MixedPrompts {
  /** float32 [batch, labels, dim], for each kind. */
  prompts: tf.Tensor3D[];
  /** float32 [batch, labels, sources + 1], rows of sum 1; the target prompt is the last one. */
  attention: tf.Tensor3D;
}

/**
 * An attentional mixture of soft prompts: the image determines the weight with which each source prompt is added to the target
 * prompt.
 *
 *   H_bi = LayerNorm(W_up SiLU(W_down u_bi))      u_bi: the image's embedding for label i
 *   a_bij = softmax_j(P_ij · H_bi / temperature)  over the sources and the target
 *   prompt_bi = target_i + Σ_j a_bij P_ij         the target counts among the P, too
 *
 * @see Asai et al. 2022, arXiv:2205.11961 (ATTEMPT). There the query is the largest of the input's token embeddings; ours is the
 *   image's embedding for the label, so each label has weights of its own.
 */
export class PromptMixture {
  private readonly down: Linear;
  private readonly up: Linear;
  private readonly norm: LayerNorm;
  private readonly temperature: number;
  private readonly dim: number;

  constructor(
    scope: Scope,
    { dim, rank = Math.max(1, Math.round(dim / 4)), temperature = dim * Math.E }: PromptMixtureOptions,
  ) {
    this.dim = dim;
    this.temperature = temperature;
    this.down = new Linear(scope.scope('down'), dim, rank);
    this.up = new Linear(scope.scope('up'), rank, dim);
    this.norm = new LayerNorm(scope.scope('norm'), dim);
  }

  /**
   * @param image float32 [batch, labels, dim].
   * @param sources float32 [sources, kinds, labels, dim].
   * @param target float32 [kinds, labels, dim]; the weights are computed with its first kind.
   * @throws {RangeError} on other shapes.
   */
  forward(image: tf.Tensor3D, sources: tf.Tensor4D, target: tf.Tensor3D): MixedPrompts {
    const where = 'text-encoder/PromptMixture';
    const sizes = assertShape(where, 'image', image, ['batch', 'labels', this.dim]);
    assertShape(where, 'target', target, ['kinds', 'labels', this.dim], sizes);
    assertShape(where, 'sources', sources, ['sources', target.shape[0], 'labels', this.dim], sizes);
    const hidden = this.down.forward(image);
    const query = this.norm.forward(this.up.forward(tf.mul(hidden, tf.sigmoid(hidden)))); // [batch, labels, dim]
    const all = tf.concat([sources, tf.expandDims(target, 0)], 0); // [sources + 1, kinds, labels, dim]
    // Each label is a product of its own: [labels, batch, dim] × [labels, dim, sources + 1].
    const ofLabels = tf.transpose(all, [1, 2, 0, 3]); // [kinds, labels, sources + 1, dim]
    const [first] = unstack(ofLabels);
    const scores = tf.matMul(tf.transpose(query, [1, 0, 2]), first, false, true);
    const weights = softmax(tf.div(scores, this.temperature)); // [labels, batch, sources + 1]
    const targets = unstack(target);
    const prompts = unstack(ofLabels).map((kind, i) => {
      const mixed = tf.transpose(tf.matMul(weights, kind), [1, 0, 2]);
      return tf.add(mixed, targets[i]) as tf.Tensor3D;
    });
    return { prompts, attention: tf.transpose(weights, [1, 0, 2]) as tf.Tensor3D };
  }
}
