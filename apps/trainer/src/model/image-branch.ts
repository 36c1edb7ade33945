import {
  ConvEncoder,
  DenseSplitter,
  PatchEncoder,
  QuerySplitter,
  type ImageEncoder,
  type LabelEmbeddings,
} from '@cxr-align/image-backbone';
import { Pass, type Scope } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import type { Config } from '../config/config.js';
import type { ImageInput } from '../inputs/model-inputs.js';

/** An encoder and the splitter that makes one embedding for each label of its map. */
export class ImageBranch {
  private readonly dense?: DenseSplitter;
  private readonly query?: QuerySplitter;
  private readonly queries?: tf.Variable & tf.Tensor2D;

  /** @param learned how many queries are trained here, where no prompts ask. */
  constructor(
    { splitter, dropout }: Pick<Config, 'splitter' | 'dropout'>,
    readonly encoder: ImageEncoder,
    scope: Scope,
    labels: number,
    learned?: number,
  ) {
    const { dim, layers, heads } = splitter;
    const transformer = { dim, layers, heads, dropout };
    const inputDim = encoder.dim;
    if (splitter.kind === 'dense') {
      this.dense = new DenseSplitter(scope, { inputDim, labels, mixing: splitter.mixing, ...transformer });
      return;
    }
    this.query = new QuerySplitter(scope, { inputDim, places: encoder.grid ** 2, ...transformer });
    if (learned !== undefined) this.queries = scope.make<tf.Tensor2D>('queries', [learned, dim], { normal: 1 });
  }

  /**
   * @param map float32 [batch, grid, grid, dim] of the encoder.
   * @param prompts float32 [labels, dim] that ask, if any do.
   */
  split(map: tf.Tensor4D, prompts: tf.Tensor2D | undefined, pass: Pass): LabelEmbeddings {
    if (this.dense) return this.dense.apply(tf.mean(map, [1, 2]), pass);
    return this.query!.apply(placesOf(map), prompts ?? this.queries!, pass);
  }

  /** Each place of the map as if it were all of it: float32 [batch · places, labels, dim]. */
  splitEach(map: tf.Tensor4D, prompts: tf.Tensor2D): tf.Tensor3D {
    return this.query!.applyToEach(placesOf(map), prompts, Pass.predicting);
  }
}

/** A map's places in a row, float32 [batch, places, dim]. */
function placesOf(map: tf.Tensor4D): tf.Tensor3D {
  const [batch, height, width, dim] = map.shape;
  return tf.reshape(map, [batch, height * width, dim]);
}

/** The encoder of a configuration that is trained on images; the convolutional one beside frozen features. */
export function makeEncoder(
  { encoder, dropout, splitter }: Pick<Config, 'encoder' | 'dropout' | 'splitter'>,
  scope: Scope,
  { size }: Pick<ImageInput, 'size'>,
): ImageEncoder {
  if (encoder.kind === 'patch') {
    return new PatchEncoder(scope, {
      size,
      ...(encoder.patch > 0 && { patch: encoder.patch }),
      dim: encoder.dim,
      layers: encoder.layers,
      heads: splitter.heads,
      dropout,
    });
  }
  return new ConvEncoder(scope, {
    size,
    channels: encoder.channels,
    ...(encoder.stemStride > 0 && { stemStride: encoder.stemStride }),
  });
}
