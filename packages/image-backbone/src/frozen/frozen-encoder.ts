/** How images are prepared for a frozen encoder. */
export interface EncoderPreprocessing {
  /** Pixels along a side of its input. */
  size: number;
  /**
   * `stretch`: both sides are brought to `resize`; `crop`: the shorter one, `pad`: the longer one, aspect kept. The middle square
   * is cut out.
   */
  fit: 'stretch' | 'crop' | 'pad';
  /** Pixels before the cut; `size` or more. */
  resize: number;
  /** Bits that the files of the data set use; each file's own range unless given. */
  bits?: number;
  /** Where an odd number of pixels is cut off: one less at the top and left, or the even number of them. Default `down`. */
  oddMargin?: 'down' | 'even';
  /** How pixels are interpolated. Default sharp's own `lanczos3`. */
  kernel?: 'nearest' | 'linear' | 'cubic' | 'lanczos3';
  /** Channels that the grey values are repeated to. */
  channels: number;
  /** A grey value v in [0, 255] becomes (v · rescale − mean) / std, for each channel. */
  rescale: number;
  mean: readonly number[];
  std: readonly number[];
}

/** Features of some images. */
export interface FrozenFeatures {
  /** float32 [images, dim]: one vector an image; if wanted. */
  pooled?: Float32Array;
  /** float32 [images, grid², dim]: one vector a patch, row by row from the top left; if wanted. */
  map?: Float32Array;
}

/** An image encoder whose weights are not trained. */
export interface FrozenImageEncoder {
  readonly name: string;
  /** SHA-256 of its weights. */
  readonly weightsHash: string;
  readonly preprocessing: EncoderPreprocessing;
  /** Numbers of a pooled vector. */
  readonly dim: number;
  /** Its map of features, where it has one. */
  readonly map?: { grid: number; dim: number };
  /**
   * @param images grey values in [0, 255], size × size of each.
   * @param wanted the vector unless given.
   * @throws {RangeError} if an image is of another size, or a map is wanted where there is none.
   */
  encode(images: readonly Uint8Array[], wanted?: readonly (keyof FrozenFeatures)[]): Promise<FrozenFeatures>;
  dispose(): Promise<void>;
}
