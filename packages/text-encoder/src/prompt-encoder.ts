import { Linear, TransformerEncoder, type Pass, type Scope, type TransformerOptions } from '@cxr-align/nn';
import { assertShape } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface PromptEncoderOptions extends TransformerOptions {
  /** Width of the frozen text embeddings. */
  textDim: number;
}

/**
 * The trainable branch of the text: a linear map of the frozen prompt embeddings, then a transformer over the labels.
 * Run it once a step, never once a sample: the prompts are the same for all.
 */
export class PromptEncoder {
  private readonly map: Linear;
  private readonly transformer: TransformerEncoder;
  private readonly textDim: number;

  constructor(scope: Scope, { textDim, ...transformer }: PromptEncoderOptions) {
    this.textDim = textDim;
    this.map = new Linear(scope.scope('map'), textDim, transformer.dim, { gain: Math.sqrt(textDim) });
    this.transformer = new TransformerEncoder(scope.scope('transformer'), transformer);
  }

  /**
   * @param texts float32 [kinds, labels, textDim], say the positive and the negative prompts; each kind is a set of its own.
   * @returns float32 [kinds, labels, dim].
   */
  apply(texts: tf.Tensor3D, pass: Pass): tf.Tensor3D {
    assertShape('text-encoder/PromptEncoder', 'texts', texts, ['kinds', 'labels', this.textDim]);
    return this.transformer.apply(this.map.apply(texts), pass) as tf.Tensor3D;
  }
}
