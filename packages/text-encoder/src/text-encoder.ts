/** Turns texts into vectors; frozen, so the same text always gives the same vector. */
export interface TextEncoder {
  readonly name: string;
  readonly dim: number;
  /** What its weights and its vocabulary are known by. */
  readonly hash: string;
  /** @returns [texts, dim] row by row, rows of length 1. */
  encode(texts: readonly string[]): Promise<Float32Array>;
  /** The encoder where it can be differentiated, on the engine of TensorFlow.js that has been started; freed with the encoder. */
  slopes?(): Promise<TextSlopes>;
  dispose?(): Promise<void>;
}

/** What an encoder tells of its slopes. */
export interface TextSlopes {
  /** Numbers of the vector with which a token enters the encoder. */
  readonly tokenDim: number;
  tokensOf(text: string): number[];
  /** [tokenDim]: the vector of a token. */
  tokenVector(token: number): Float32Array;
  /**
   * The cosine of a text to a vector, and how it changes with the vectors of its tokens.
   *
   * @param to [dim], of any length above 0.
   * @param dimensions that count. Default all.
   */
  cosineSlopes(text: string, to: Float32Array, dimensions?: readonly number[]): Promise<CosineSlopes>;
}

export interface CosineSlopes {
  tokens: number[];
  cosine: number;
  /** [tokens, tokenDim] row by row. */
  slopes: Float32Array;
}

/**
 * The mean of the unit vectors of several texts, brought to length 1: a prompt ensemble.
 *
 * @param groups texts of each row.
 * @returns [groups, dim] row by row.
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

/** Brings a vector to length 1 in place; an all-zero one stays. */
export function normalizeRow(row: Float32Array): void {
  const length = Math.hypot(...row);
  if (length > 0) for (let i = 0; i < row.length; i++) row[i] /= length;
}
