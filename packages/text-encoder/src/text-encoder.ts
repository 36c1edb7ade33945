/** A frozen text encoder: the same text always has the same embedding. */
export interface TextEncoder {
  readonly name: string;
  /** Width of an embedding. */
  readonly dim: number;
  /** Identifies its weights and its vocabulary. */
  readonly hash: string;
  /** @returns embeddings [texts, dim] in row-major order, rows of length 1. */
  encode(texts: readonly string[]): Promise<Float32Array>;
  /** Width of a token's embedding in the last layer; only with {@link encodeTokens}. */
  readonly tokenDim?: number;
  /** The token embeddings of each text in the last layer, for encoders that have them. */
  encodeTokens?(texts: readonly string[]): Promise<TokenEmbeddings[]>;
  /** Its gradients, for encoders that can be differentiated on the current TensorFlow.js backend; freed with the encoder. */
  gradients?(): Promise<TextGradients>;
  /** Frees what it holds. */
  dispose?(): Promise<void>;
}

/** The embeddings of the tokens of one text. */
export interface TokenEmbeddings {
  /** float32 [tokens, tokenDim] in row-major order. */
  values: Float32Array;
  tokens: number;
}

/** The gradients of a text encoder in its input token embeddings. */
export interface TextGradients {
  /** Width of the embedding of an input token. */
  readonly tokenDim: number;
  /** The token ids of a text. */
  tokensOf(text: string): number[];
  /** The embedding of an input token [tokenDim]. */
  tokenEmbedding(token: number): Float32Array;
  /**
   * The cosine of a text's embedding with a vector, and its gradient in the embeddings of the input tokens.
   *
   * @param to [dim], not all zero.
   * @param dimensions of the embedding that count. Default all.
   */
  cosineGradient(text: string, to: Float32Array, dimensions?: readonly number[]): Promise<CosineGradient>;
}

/** A cosine and its gradient. */
export interface CosineGradient {
  /** The token ids of the text. */
  tokens: number[];
  cosine: number;
  /** [tokens, tokenDim] in row-major order. */
  gradient: Float32Array;
}

/**
 * Prompt ensembles: the mean of the unit embeddings of several texts, normalised to length 1.
 *
 * @param groups the texts of each row.
 * @returns [groups, dim] in row-major order.
 * @see Radford et al. 2021, arXiv:2103.00020, section 3.1.4.
 */
export async function encodeEnsembles(
  encoder: TextEncoder,
  groups: readonly (readonly string[])[],
): Promise<Float32Array> {
  const { dim } = encoder;
  const vectors = await encoder.encode(groups.flat());
  const out = new Float32Array(groups.length * dim);
  let row = 0;
  groups.forEach((texts, group) => {
    const mean = out.subarray(group * dim, (group + 1) * dim);
    for (let end = row + texts.length; row < end; row++) {
      for (let i = 0; i < dim; i++) mean[i] += vectors[row * dim + i];
    }
    normalizeRow(mean);
  });
  return out;
}

/** Normalises a vector to length 1 in place; an all-zero one stays as it is. */
export function normalizeRow(row: Float32Array): void {
  const length = Math.hypot(...row);
  if (length > 0) for (let i = 0; i < row.length; i++) row[i] /= length;
}
