import { Linear, TransformerEncoder, type Pass, type Scope, type TransformerOptions } from '@cxr-align/nn';
import { assertShape } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { SoftPrompts, type SoftPromptOptions } from './soft-prompts.js';

export interface PromptEncoderOptions extends TransformerOptions {
  /** Width of the frozen text embeddings. */
  textDim: number;
  /** Learned context vectors in front of what the frozen encoder says. Default none. */
  soft?: SoftPromptOptions;
}

/** Frozen texts of labels: one vector each, or one for each of their tokens. */
export type FrozenPrompts = tf.Tensor3D | { tokens: tf.Tensor4D; mask: tf.Tensor3D };

/**
 * The trainable branch of the text: a linear map of the frozen embeddings, learned context if asked for, then a transformer
 * over the labels. Run it once a step, never once a sample: the prompts are the same for all.
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
   * @param texts float32 [kinds, labels, textDim], say the positive and the negative prompts, each kind a set of its own; or
   *   their tokens [kinds, labels, tokens, textDim] with a mask [kinds, labels, tokens], for an encoder with soft prompts.
   * @returns float32 [kinds, labels, dim].
   */
  apply(texts: FrozenPrompts, pass: Pass): tf.Tensor3D {
    const where = 'text-encoder/PromptEncoder';
    if ('tokens' in texts) {
      const { tokens, mask } = texts;
      const sizes = assertShape(where, 'tokens', tokens, ['kinds', 'labels', 'tokens', this.textDim]);
      assertShape(where, 'mask', mask, ['kinds', 'labels', 'tokens'], sizes);
      if (!this.soft)
        throw new RangeError(`${where}: expected one vector a text without soft prompts, got tokens; give it \`soft\``);
      return this.overLabels(this.soft.apply(this.map.apply(tokens) as tf.Tensor4D, mask, pass), pass);
    }
    assertShape(where, 'texts', texts, ['kinds', 'labels', this.textDim]);
    const mapped = this.map.apply(texts) as tf.Tensor3D;
    if (!this.soft) return this.overLabels(mapped, pass);
    const [kinds, labels] = texts.shape;
    const single = tf.expandDims(mapped, 2) as tf.Tensor4D;
    return this.overLabels(this.soft.apply(single, tf.ones([kinds, labels, 1]), pass), pass);
  }

  /** What the linear map alone makes of frozen texts [..., textDim]: the sources of a mixture. */
  project<T extends tf.Tensor>(texts: T): T {
    return this.map.apply(texts) as T;
  }

  private overLabels(mapped: tf.Tensor3D, pass: Pass): tf.Tensor3D {
    return this.transformer.apply(mapped, pass) as tf.Tensor3D;
  }
}
