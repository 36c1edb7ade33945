import { TransformerEncoder, type ForwardContext, type Scope, type TransformerOptions } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';

/** The sizes of learned context. */
export interface SoftPromptOptions {
  /** Learned context vectors per prompt, 1 or more. */
  contextLength: number;
  /** The number of labels, for context vectors per label. Default all labels share theirs. */
  labels?: number;
}

/**
 * Soft prompts: learned context vectors before the tokens of a prompt, [v₁ … v_M, t₁ … t_T], go through one transformer layer;
 * the mean over all of them is the prompt. An encoder with one embedding per text has that as its only token.
 *
 * @see Zhou et al. 2022, arXiv:2109.01134 (CoOp). There the context goes through the text encoder itself; through a frozen
 *   encoder in an ONNX file there is no gradient, so ours comes after it.
 */
export class SoftPrompts {
  private readonly context: tf.Variable & tf.Tensor3D;
  private readonly layer: TransformerEncoder;

  /** @throws {RangeError} if the context length is not an integer of 1 or more. */
  constructor(
    scope: Scope,
    private readonly options: SoftPromptOptions,
    transformer: TransformerOptions,
  ) {
    const { contextLength, labels = 1 } = options;
    if (!Number.isInteger(contextLength) || contextLength < 1)
      throw new RangeError(
        `text-encoder/SoftPrompts: expected a contextLength of 1 or more, got ${contextLength}; try 4`,
      );
    this.context = scope.addParameter('context', [labels, contextLength, transformer.dim], { normal: 1 });
    this.layer = new TransformerEncoder(scope.scope('layer'), { ...transformer, layers: 1 });
  }

  /**
   * @param tokens float32 [kinds, labels, tokens, dim].
   * @param mask float32 [kinds, labels, tokens], 1 for tokens and 0 for padding.
   * @returns float32 [kinds, labels, dim].
   * @throws {RangeError} if there are context vectors per label, and another number of labels.
   */
  forward(tokens: tf.Tensor4D, mask: tf.Tensor3D, context: ForwardContext): tf.Tensor3D {
    const [kinds, labels, count, dim] = tokens.shape;
    const { contextLength, labels: own } = this.options;
    if (own !== undefined && own !== labels)
      throw new RangeError(
        `text-encoder/SoftPrompts: expected ${own} labels, each with its own context, got ${labels}; try shared context, without options.labels`,
      );
    const rows = kinds * labels;
    const front = tf.reshape(tf.add(this.context, tf.zeros([kinds, labels, contextLength, dim])), [
      rows,
      contextLength,
      dim,
    ]);
    const sequence = tf.concat([front, tf.reshape(tokens, [rows, count, dim])], 1);
    const present = tf.concat([tf.ones([rows, contextLength]), tf.reshape(mask, [rows, count])], 1) as tf.Tensor2D;
    const mixed = this.layer.forward(sequence, context, present);
    const weights = tf.div(present, tf.sum(present, 1, true));
    return tf.reshape(tf.sum(tf.mul(mixed, tf.expandDims(weights, 2)), 1), [kinds, labels, dim]);
  }
}
