import type { Scope } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Logit adjustment: an offset of each label's logits that is not trained.
 *
 *   z = f(x) + τ · ln(π / (1 − π)), π the label's prevalence in training
 *
 * What is trained, f, learns the log odds that a balanced training set would have (τ = 1); with the offset, predictions are of the
 * prevalence of the training set again, so that they need no further correction. Within a label the order of images is that of f.
 *
 * @see Menon et al. 2021, "Long-tail learning via logit adjustment", arXiv:2007.07314, for classes that exclude each other.
 */
export class LogitOffset {
  private readonly offset: tf.Variable & tf.Tensor1D;

  constructor(scope: Scope, labels: number) {
    this.offset = scope.addParameter<tf.Tensor1D>('offset', [labels], { constant: 0 }, false);
  }

  /** Takes τ · ln(π / (1 − π)) of each label, float32 [labels]. */
  assign(offsets: Float32Array): void {
    tf.tidy(() => this.offset.assign(tf.tensor1d(offsets)));
  }

  /** @param logits float32 [batch, labels]. */
  forward(logits: tf.Tensor2D): tf.Tensor2D {
    return tf.add(logits, this.offset);
  }
}
