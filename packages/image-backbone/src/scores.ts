import { Linear, type Pass, type Scope } from '@cxr-align/nn';
import { clampedScale, pairSimilarity } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

/** A layer that all labels share, then a weight vector and a bias of its own for each label. */
export class HeadScore {
  private readonly shared: Linear;
  private readonly weight: tf.Variable & tf.Tensor2D;
  private readonly bias: tf.Variable & tf.Tensor1D;
  private readonly dropout: number;

  constructor(
    private readonly scope: Scope,
    { dim, labels, dropout = 0.1 }: { dim: number; labels: number; dropout?: number },
  ) {
    this.dropout = dropout;
    this.shared = new Linear(scope.scope('shared'), dim, dim);
    this.weight = scope.make('weight', [labels, dim], { normal: 1 / Math.sqrt(dim) });
    this.bias = scope.make('bias', [labels], { constant: 0 });
  }

  /** @param embeddings float32 [batch, labels, dim]. @returns logits float32 [batch, labels]. */
  apply(embeddings: tf.Tensor3D, pass: Pass): tf.Tensor2D {
    const hidden = pass.dropout(tf.relu(this.shared.apply(embeddings)), this.dropout, `${this.scope.path}/hidden`);
    return tf.add(tf.sum(tf.mul(hidden, this.weight), -1), this.bias);
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

  /** @returns logits float32 [batch, labels]. */
  apply(embeddings: tf.Tensor3D, positive: tf.Tensor2D, negative?: tf.Tensor2D): tf.Tensor2D {
    const scaled = tf.mul<tf.Tensor2D>(pairSimilarity(embeddings, positive, negative), clampedScale(this.logitScale));
    return negative ? scaled : tf.add(scaled, this.bias);
  }
}
