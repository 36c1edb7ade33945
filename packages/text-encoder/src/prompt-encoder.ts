import { Linear, TransformerEncoder, type ForwardContext, type Scope, type TransformerOptions } from '@cxr-align/nn';
import { assertShape } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { SoftPrompts, type SoftPromptOptions } from './soft-prompts.js';

/** The sizes of a prompt encoder. */
export interface PromptEncoderOptions extends TransformerOptions {
  /** Width of the frozen text embeddings. */
  textDim: number;
  /** Learned context vectors before the frozen embeddings. Default none. */
  soft?: SoftPromptOptions;
}

/** Frozen embeddings of the labels' texts: one each, or one per token. */
export type FrozenPrompts = tf.Tensor3D | { tokens: tf.Tensor4D; mask: tf.Tensor3D };

/**
 * The trainable prompt encoder: a linear map of the frozen embeddings, soft prompts if there are any, then a transformer over the
 * labels. Run it once per step, not per sample: the prompts are the same for all.
 */
export class PromptEncoder {
  private readonly map: Linear;
  private readonly soft?: SoftPrompts;
  private readonly transformer: TransformerEncoder;
  private readonly textDim: number;

  constructor(scope: Scope, { textDim, soft, ...transformer }: PromptEncoderOptions) {
    this.textDim = textDim;
    this.map = new Linear(scope.scope('map'), textDim, transformer.dim, { gain: Math.sqrt(textDim) });
    if (soft) this.soft = new SoftPrompts(scope.scope('soft'), soft, transformer);
    this.transformer = new TransformerEncoder(scope.scope('transformer'), transformer);
  }

  /**
   * @param texts float32 [kinds, labels, textDim], where a kind is the positive or the negative prompts; or their tokens
   *   [kinds, labels, tokens, textDim] with a mask [kinds, labels, tokens], for an encoder with soft prompts.
   * @returns float32 [kinds, labels, dim].
   * @throws {RangeError} on other shapes, and on tokens without soft prompts.
   */
  forward(texts: FrozenPrompts, context: ForwardContext): tf.Tensor3D {
    const where = 'text-encoder/PromptEncoder';
    if ('tokens' in texts) {
      const { tokens, mask } = texts;
      const sizes = assertShape(where, 'tokens', tokens, ['kinds', 'labels', 'tokens', this.textDim]);
      assertShape(where, 'mask', mask, ['kinds', 'labels', 'tokens'], sizes);
      if (!this.soft)
        throw new RangeError(
          `${where}: expected one embedding per text without soft prompts, got tokens; try options.soft`,
        );
      return this.overLabels(this.soft.forward(this.map.forward(tokens) as tf.Tensor4D, mask, context), context);
    }
    assertShape(where, 'texts', texts, ['kinds', 'labels', this.textDim]);
    const mapped = this.map.forward(texts) as tf.Tensor3D;
    if (!this.soft) return this.overLabels(mapped, context);
    const [kinds, labels] = texts.shape;
    const single = tf.expandDims(mapped, 2) as tf.Tensor4D;
    return this.overLabels(this.soft.forward(single, tf.ones([kinds, labels, 1]), context), context);
  }

  /** The linear map alone of frozen embeddings [..., textDim]: the source prompts of a mixture [..., dim]. */
  project<T extends tf.Tensor>(texts: T): T {
    return this.map.forward(texts) as T;
  }

  private overLabels(mapped: tf.Tensor3D, context: ForwardContext): tf.Tensor3D {
    return this.transformer.forward(mapped, context) as tf.Tensor3D;
  }
}
