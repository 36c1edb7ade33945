import {
  LayerNorm,
  Linear,
  TransformerDecoder,
  TransformerEncoder,
  type Pass,
  type Scope,
  type TransformerOptions,
} from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';

/** One embedding of the image for each label. */
export interface LabelEmbeddings {
  /** float32 [batch, labels, dim]. */
  embeddings: tf.Tensor3D;
  /** Where each label looked, float32 [batch, labels, places], rows of sum 1; only from a splitter that looks. */
  attention?: tf.Tensor3D;
}

export interface DenseSplitterOptions extends TransformerOptions {
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
 * The method's own splitter: a linear map of the pooled features to [labels, dim], then a transformer over the labels.
 * It has to know its labels when it is built.
 */
export class DenseSplitter {
  private readonly maps: Linear[];
  private readonly transformer: TransformerEncoder;
  private readonly labels: number;
  private readonly dim: number;

  constructor(scope: Scope, { inputDim, labels, mixing = 'folded', rank = 256, ...transformer }: DenseSplitterOptions) {
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
  apply(features: tf.Tensor2D, pass: Pass): LabelEmbeddings {
    const mapped = this.maps.reduce<tf.Tensor>((x, map) => map.apply(x), features);
    const slots = tf.reshape(mapped, [features.shape[0], this.labels, this.dim]);
    return { embeddings: this.transformer.apply(slots, pass) as tf.Tensor3D };
  }
}

export interface QuerySplitterOptions extends TransformerOptions {
  /** Features at each place. */
  inputDim: number;
  /** Places that an image has. */
  places: number;
}

/**
 * Asks the image for each label: queries attend to the places of a feature map. The labels come from outside, so one
 * that was never trained can be asked for by its prompt.
 */
export class QuerySplitter {
  private readonly project: Linear;
  private readonly positions: tf.Variable & tf.Tensor2D;
  private readonly norm: LayerNorm;
  private readonly decoder: TransformerDecoder;

  constructor(scope: Scope, { inputDim, places, ...transformer }: QuerySplitterOptions) {
    this.project = new Linear(scope.scope('project'), inputDim, transformer.dim);
    this.positions = scope.make('positions', [places, transformer.dim], { normal: 0.02 });
    this.norm = new LayerNorm(scope.scope('norm'), transformer.dim);
    this.decoder = new TransformerDecoder(scope.scope('decoder'), transformer);
  }

  /**
   * @param places float32 [batch, places, inputDim].
   * @param queries float32 [labels, dim], the same for every image.
   */
  apply(places: tf.Tensor3D, queries: tf.Tensor2D, pass: Pass): LabelEmbeddings {
    return this.ask(this.tokensOf(places), queries, pass);
  }

  /**
   * Asks each place of an image as if it were all of it.
   *
   * @returns float32 [batch · places, labels, dim].
   */
  applyToEach(places: tf.Tensor3D, queries: tf.Tensor2D, pass: Pass): tf.Tensor3D {
    const [batch, count] = places.shape;
    const tokens = tf.reshape(this.tokensOf(places), [batch * count, 1, queries.shape[1]]);
    return this.ask(tokens, queries, pass).embeddings;
  }

  private tokensOf(places: tf.Tensor3D): tf.Tensor {
    return this.norm.apply(tf.add(this.project.apply(places), this.positions));
  }

  private ask(tokens: tf.Tensor, queries: tf.Tensor2D, pass: Pass): LabelEmbeddings {
    const [batch] = tokens.shape;
    const [labels, dim] = queries.shape;
    const asked = tf.add(tf.expandDims(queries, 0), tf.zeros([batch, labels, dim]));
    const { value, weights } = this.decoder.apply(asked, tokens, pass);
    return { embeddings: value as tf.Tensor3D, attention: tf.mean(weights, 1) as tf.Tensor3D };
  }
}
