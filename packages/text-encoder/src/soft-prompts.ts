import { TransformerEncoder, type Pass, type Scope, type TransformerOptions } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';

export interface SoftPromptOptions {
  /** Learned context vectors of a prompt, 1 or more. */
  context: number;
  /** Labels, if each has context vectors of its own; else all share theirs. */
  labels?: number;
}

/**
 * Learned context in front of the tokens of a prompt: [v₁ … v_M, t₁ … t_T] goes through one transformer layer, and the mean over
 * all of them is the prompt. Of an encoder that tells one vector a text, that vector is the only token.
 *
 * @see Zhou et al. 2022, arXiv:2109.01134 (CoOp). There the context goes through the text encoder itself; a frozen encoder in
 *   an ONNX file lets no gradient through, so ours begins after it.
 */
export class SoftPrompts {
  private readonly context: tf.Variable & tf.Tensor3D;
  private readonly layer: TransformerEncoder;

  /** @throws {RangeError} if there is no context vector. */
  constructor(
    scope: Scope,
    private readonly options: SoftPromptOptions,
    transformer: TransformerOptions,
  ) {
    const { context, labels = 1 } = options;
    if (!Number.isInteger(context) || context < 1)
      throw new RangeError(`text-encoder/SoftPrompts: expected 1 or more context vectors, got ${context}`);
    this.context = scope.make('context', [labels, context, transformer.dim], { normal: 1 });
    this.layer = new TransformerEncoder(scope.scope('layer'), { ...transformer, layers: 1 });
  }

  /**
   * @param tokens float32 [kinds, labels, tokens, dim].
   * @param mask float32 [kinds, labels, tokens], 1 for tokens that are there.
   * @returns float32 [kinds, labels, dim].
   */
  apply(tokens: tf.Tensor4D, mask: tf.Tensor3D, pass: Pass): tf.Tensor3D {
    const [kinds, labels, count, dim] = tokens.shape;
    const { context, labels: own } = this.options;
    if (own !== undefined && own !== labels)
      throw new RangeError(
        `text-encoder/SoftPrompts: expected ${own} labels, each with context of its own, got ${labels}; share the context to take others`,
      );
    const rows = kinds * labels;
    const front = tf.reshape(tf.add(this.context, tf.zeros([kinds, labels, context, dim])), [rows, context, dim]);
    const sequence = tf.concat([front, tf.reshape(tokens, [rows, count, dim])], 1);
    const present = tf.concat([tf.ones([rows, context]), tf.reshape(mask, [rows, count])], 1) as tf.Tensor2D;
    const mixed = this.layer.apply(sequence, pass, present);
    const weights = tf.div(present, tf.sum(present, 1, true));
    return tf.reshape(tf.sum(tf.mul(mixed, tf.expandDims(weights, 2)), 1), [kinds, labels, dim]);
  }
}
