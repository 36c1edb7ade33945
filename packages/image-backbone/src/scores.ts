import { Linear, relu, type Pass, type Scope } from '@cxr-align/nn';
import { clampedScale, pairSimilarity } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** What a head says of a batch. */
export interface HeadOutput {
  /** float32 [batch, labels]. */
  logits: tf.Tensor2D;
  /** float32 [batch, labels, classes] of a head with three classes: present, absent, uncertain. */
  classLogits?: tf.Tensor3D;
}

export interface HeadScoreOptions {
  dim: number;
  labels: number;
  /** Default 0.1. */
  dropout?: number;
  /** 3 for a head that tells present, absent and uncertain apart; its logit is present − absent. Default 1. */
  classes?: 1 | 3;
}

/** A layer that all labels share, then a weight vector and a bias of its own for each label. */
export class HeadScore {
  private readonly shared: Linear;
  private readonly weights: (tf.Variable & tf.Tensor2D)[];
  private readonly biases: (tf.Variable & tf.Tensor1D)[];
  private readonly dropout: number;

  constructor(
    private readonly scope: Scope,
    { dim, labels, dropout = 0.1, classes = 1 }: HeadScoreOptions,
  ) {
    this.dropout = dropout;
    this.shared = new Linear(scope.scope('shared'), dim, dim);
    const places = classes === 1 ? [scope] : ['present', 'absent', 'uncertain'].map((name) => scope.scope(name));
    this.weights = places.map((place) => place.make('weight', [labels, dim], { normal: 1 / Math.sqrt(dim) }));
    this.biases = places.map((place) => place.make('bias', [labels], { constant: 0 }));
  }

  /** @param embeddings float32 [batch, labels, dim]. */
  apply(embeddings: tf.Tensor3D, pass: Pass): HeadOutput {
    const hidden = pass.dropout(relu(this.shared.apply(embeddings)), this.dropout, `${this.scope.path}/hidden`);
    const scores = this.weights.map((weight, i) =>
      tf.add<tf.Tensor2D>(tf.sum(tf.mul(hidden, weight), -1), this.biases[i]),
    );
    if (scores.length === 1) return { logits: scores[0] };
    const [present, absent] = scores;
    return { logits: tf.sub(present, absent), classLogits: tf.stack(scores, -1) as tf.Tensor3D };
  }
}

/** Compares the image's label embeddings with the prompts: how much more the image says "X" than "no X". */
export class SimilarityScore {
  /** ln κ, learned; κ is the factor on the cosines, clamped to [1, 100]. */
  readonly logitScale: tf.Variable & tf.Scalar;
  /** Learned offset where there are no negative prompts. */
  readonly bias: tf.Variable & tf.Scalar;

  /** @param initial where ln κ starts. Default ln(1 / 0.07). */
  constructor(scope: Scope, { initial = Math.log(1 / 0.07) }: { initial?: number } = {}) {
    this.logitScale = scope.make('logitScale', [], { constant: initial });
    this.bias = scope.make('bias', [], { constant: 0 });
  }

  /**
   * @param positive float32 [labels, dim], or [batch, labels, dim] for prompts of each image; `negative` likewise.
   * @returns logits float32 [batch, labels].
   */
  apply(embeddings: tf.Tensor3D, positive: tf.Tensor, negative?: tf.Tensor): tf.Tensor2D {
    const scaled = tf.mul<tf.Tensor2D>(pairSimilarity(embeddings, positive, negative), clampedScale(this.logitScale));
    return negative ? scaled : tf.add(scaled, this.bias);
  }
}
