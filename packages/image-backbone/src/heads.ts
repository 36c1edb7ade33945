import { Linear, relu, type ForwardContext, type Scope } from '@cxr-align/nn';
import { clampedScale, promptSimilarity } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** Logits of a batch. */
export interface ClassificationOutput {
  /** float32 [batch, labels]. */
  logits: tf.Tensor2D;
  /** float32 [batch, labels, classes] of a head with three classes: present, absent, uncertain. */
  classLogits?: tf.Tensor3D;
}

export interface ClassificationHeadOptions {
  dim: number;
  labels: number;
  /** Default 0.1. */
  dropout?: number;
  /** 3 for the classes present, absent and uncertain; the logit is then present − absent. Default 1. */
  classes?: 1 | 3;
}

/**
 * Classifies label embeddings: a layer that all labels share, then a weight vector and a bias of its own for each label.
 *
 *   logit_l = w_l · relu(W e_l + b) + b_l
 */
export class ClassificationHead {
  private readonly shared: Linear;
  private readonly weights: (tf.Variable & tf.Tensor2D)[];
  private readonly biases: (tf.Variable & tf.Tensor1D)[];
  private readonly dropout: number;

  constructor(
    private readonly scope: Scope,
    { dim, labels, dropout = 0.1, classes = 1 }: ClassificationHeadOptions,
  ) {
    this.dropout = dropout;
    this.shared = new Linear(scope.scope('shared'), dim, dim);
    const scopes = classes === 1 ? [scope] : ['present', 'absent', 'uncertain'].map((name) => scope.scope(name));
    this.weights = scopes.map((one) => one.addParameter('weight', [labels, dim], { normal: 1 / Math.sqrt(dim) }));
    this.biases = scopes.map((one) => one.addParameter('bias', [labels], { constant: 0 }));
  }

  /** @param embeddings float32 [batch, labels, dim]. */
  forward(embeddings: tf.Tensor3D, context: ForwardContext): ClassificationOutput {
    const hidden = context.dropout(relu(this.shared.forward(embeddings)), this.dropout, `${this.scope.path}/hidden`);
    const scores = this.weights.map((weight, i) =>
      tf.add<tf.Tensor2D>(tf.sum(tf.mul(hidden, weight), -1), this.biases[i]),
    );
    if (scores.length === 1) return { logits: scores[0] };
    const [present, absent] = scores;
    return { logits: tf.sub(present, absent), classLogits: tf.stack(scores, -1) as tf.Tensor3D };
  }
}

/**
 * Compares label embeddings with prompts: how much more similar an image is to "X" than to "no X".
 *
 *   logit_l = κ · (cos(e_l, positive_l) − cos(e_l, negative_l)), or κ · cos(e_l, positive_l) + bias without negative prompts
 *
 * @see Radford et al. 2021, arXiv:2103.00020 (CLIP): κ = exp(logitScale), from 1 / 0.07.
 */
export class SimilarityHead {
  /** ln κ, learned; κ is the factor on the cosines, clamped to [1, 100]. */
  readonly logitScale: tf.Variable & tf.Scalar;
  /** Learned offset where there are no negative prompts. */
  readonly bias: tf.Variable & tf.Scalar;

  /** @param initial start value of ln κ. Default ln(1 / 0.07). */
  constructor(scope: Scope, { initial = Math.log(1 / 0.07) }: { initial?: number } = {}) {
    this.logitScale = scope.addParameter('logitScale', [], { constant: initial });
    this.bias = scope.addParameter('bias', [], { constant: 0 });
  }

  /**
   * @param positive float32 [labels, dim], or [batch, labels, dim] for prompts of each image; `negative` likewise.
   * @returns logits float32 [batch, labels].
   */
  forward(embeddings: tf.Tensor3D, positive: tf.Tensor, negative?: tf.Tensor): tf.Tensor2D {
    const scaled = tf.mul<tf.Tensor2D>(
      promptSimilarity(embeddings, { positive, negative }),
      clampedScale(this.logitScale),
    );
    return negative ? scaled : tf.add(scaled, this.bias);
  }
}
