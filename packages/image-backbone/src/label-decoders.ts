import {
  LayerNorm,
  Linear,
  TransformerDecoder,
  TransformerEncoder,
  type ForwardContext,
  type Scope,
  type TransformerOptions,
} from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';

/** One embedding of the image for each label. */
export interface LabelEmbeddings {
  /** float32 [batch, labels, dim]. */
  embeddings: tf.Tensor3D;
  /** Attention weights over the patches, averaged over heads: float32 [batch, labels, patches], rows of sum 1; of a query decoder. */
  attention?: tf.Tensor3D;
}

export interface DenseLabelDecoderOptions extends TransformerOptions {
  /** Features of an image. */
  inputDim: number;
  labels: number;
  /**
   * The second linear map, over all label embeddings together: `full` as the method has it (labels · dim squared),
   * `factored` through a rank, `folded` left out. Two maps without anything between span no more than one. Default `folded`.
   */
  mixing?: 'full' | 'factored' | 'folded';
  /** Rank of the factored form. Default 256. */
  rank?: number;
}

/**
 * The method's own decoder: a linear map of the pooled features to [labels, dim], then a transformer over the labels.
 * It has to know its labels when it is built.
 */
export class DenseLabelDecoder {
  private readonly maps: Linear[];
  private readonly transformer: TransformerEncoder;
  private readonly labels: number;
  private readonly dim: number;

  constructor(
    scope: Scope,
    { inputDim, labels, mixing = 'folded', rank = 256, ...transformer }: DenseLabelDecoderOptions,
  ) {
    this.labels = labels;
    this.dim = transformer.dim;
    const wide = labels * transformer.dim;
    const widths = { full: [inputDim, wide, wide], factored: [inputDim, wide, rank, wide], folded: [inputDim, wide] }[
      mixing
    ];
    this.maps = widths.slice(1).map((width, i) => new Linear(scope.scope(`map${i}`), widths[i], width));
    this.transformer = new TransformerEncoder(scope.scope('transformer'), transformer);
  }

  /** @param features float32 [batch, inputDim]. */
  forward(features: tf.Tensor2D, context: ForwardContext): LabelEmbeddings {
    const mapped = this.maps.reduce<tf.Tensor>((x, map) => map.forward(x), features);
    const slots = tf.reshape(mapped, [features.shape[0], this.labels, this.dim]);
    return { embeddings: this.transformer.forward(slots, context) as tf.Tensor3D };
  }
}

export interface QueryLabelDecoderOptions extends TransformerOptions {
  /** Features of a patch. */
  inputDim: number;
  /** Patches of an image: the cells of its feature map. */
  patches: number;
}

/**
 * Decodes an embedding for each label by cross-attention: label queries attend to the patches of a feature map. The queries are
 * given with each call, so that a label that was never trained can be scored by the embedding of its prompt.
 *
 * @see Liu et al. 2021, arXiv:2107.10834 (Query2Label): learned queries there; ours may be prompts.
 */
export class QueryLabelDecoder {
  private readonly project: Linear;
  private readonly positions: tf.Variable & tf.Tensor2D;
  private readonly norm: LayerNorm;
  private readonly decoder: TransformerDecoder;

  constructor(scope: Scope, { inputDim, patches, ...transformer }: QueryLabelDecoderOptions) {
    this.project = new Linear(scope.scope('project'), inputDim, transformer.dim);
    this.positions = scope.addParameter('positions', [patches, transformer.dim], { normal: 0.02 });
    this.norm = new LayerNorm(scope.scope('norm'), transformer.dim);
    this.decoder = new TransformerDecoder(scope.scope('decoder'), transformer);
  }

  /**
   * @param patches float32 [batch, patches, inputDim].
   * @param queries float32 [labels, dim], the same for every image.
   */
  forward(patches: tf.Tensor3D, queries: tf.Tensor2D, context: ForwardContext): LabelEmbeddings {
    return this.attend(this.tokensOf(patches), queries, context);
  }

  /**
   * Decodes each patch as if it were the whole image: what maps of labels are made of.
   *
   * @returns float32 [batch · patches, labels, dim].
   */
  applyToPatches(patches: tf.Tensor3D, queries: tf.Tensor2D, context: ForwardContext): tf.Tensor3D {
    const [batch, count] = patches.shape;
    const tokens = tf.reshape(this.tokensOf(patches), [batch * count, 1, queries.shape[1]]);
    return this.attend(tokens, queries, context).embeddings;
  }

  private tokensOf(patches: tf.Tensor3D): tf.Tensor {
    return this.norm.forward(tf.add(this.project.forward(patches), this.positions));
  }

  private attend(tokens: tf.Tensor, queries: tf.Tensor2D, context: ForwardContext): LabelEmbeddings {
    const [batch] = tokens.shape;
    const [labels, dim] = queries.shape;
    const repeated = tf.add(tf.expandDims(queries, 0), tf.zeros([batch, labels, dim]));
    const { value, weights } = this.decoder.forward(repeated, tokens, context);
    return { embeddings: value as tf.Tensor3D, attention: tf.mean(weights, 1) as tf.Tensor3D };
  }
}
