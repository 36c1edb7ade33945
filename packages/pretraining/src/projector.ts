import { BatchNorm, Linear, relu, type ForwardContext, type Scope } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';

/** What embeddings are made of features by while an encoder is pretrained, and left away afterwards: linear, norm, ReLU, linear. */
export class Projector {
  private readonly first: Linear;
  private readonly norm: BatchNorm;
  private readonly second: Linear;

  constructor(
    scope: Scope,
    features: number,
    private readonly dim: number,
  ) {
    this.first = new Linear(scope.scope('first'), features, dim);
    this.norm = new BatchNorm(scope.scope('norm'), dim);
    this.second = new Linear(scope.scope('second'), dim, dim);
  }

  /** @param features float32 [batch, features]. @returns float32 [batch, dim]. */
  forward(features: tf.Tensor2D, context: ForwardContext): tf.Tensor2D {
    const hidden = tf.reshape(this.first.forward(features), [-1, 1, 1, this.dim]) as tf.Tensor4D;
    const normal = tf.reshape(this.norm.forward(hidden, context), [-1, this.dim]);
    return this.second.forward(relu(normal)) as tf.Tensor2D;
  }
}
