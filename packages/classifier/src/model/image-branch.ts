import {
  ConvEncoder,
  DenseLabelDecoder,
  PatchEncoder,
  QueryLabelDecoder,
  type ImageEncoder,
  type LabelEmbeddings,
} from '@cxr-align/image-backbone';
import { ForwardContext, type Scope } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../model-config.js';
import type { ImageInput } from './model-inputs.js';

/** An encoder and the decoder that makes one embedding for each label of its map. */
export class ImageBranch {
  private readonly dense?: DenseLabelDecoder;
  private readonly query?: QueryLabelDecoder;
  private readonly queries?: tf.Variable & tf.Tensor2D;

  /** @param learned number of queries that are trained here, where no prompts are the queries. */
  constructor(
    { decoder, dropout }: Pick<ModelConfig, 'decoder' | 'dropout'>,
    readonly encoder: ImageEncoder,
    scope: Scope,
    labels: number,
    learned?: number,
  ) {
    const { dim, layers, heads } = decoder;
    const transformer = { dim, layers, heads, dropout };
    const inputDim = encoder.dim;
    if (decoder.kind === 'dense') {
      this.dense = new DenseLabelDecoder(scope, { inputDim, labels, mixing: decoder.mixing, ...transformer });
      return;
    }
    this.query = new QueryLabelDecoder(scope, { inputDim, patches: encoder.grid ** 2, ...transformer });
    if (learned !== undefined) this.queries = scope.addParameter<tf.Tensor2D>('queries', [learned, dim], { normal: 1 });
  }

  /**
   * @param map float32 [batch, grid, grid, dim] of the encoder.
   * @param prompts float32 [labels, dim], the queries of the decoder, where the model has prompts.
   */
  decode(map: tf.Tensor4D, prompts: tf.Tensor2D | undefined, context: ForwardContext): LabelEmbeddings {
    if (this.dense) return this.dense.forward(tf.mean(map, [1, 2]), context);
    return this.query!.forward(patchesOf(map), prompts ?? this.queries!, context);
  }

  /** Label embeddings of each patch on its own, float32 [batch · patches, labels, dim]. */
  decodeEachPatch(map: tf.Tensor4D, prompts: tf.Tensor2D): tf.Tensor3D {
    return this.query!.applyToPatches(patchesOf(map), prompts, new ForwardContext({ training: false }));
  }
}

/** The patches of a feature map, float32 [batch, patches, dim]. */
function patchesOf(map: tf.Tensor4D): tf.Tensor3D {
  const [batch, height, width, dim] = map.shape;
  return tf.reshape(map, [batch, height * width, dim]);
}

/** The encoder of a configuration that is trained on images; the convolutional one beside frozen features. */
export function makeEncoder(
  { encoder, dropout, decoder }: Pick<ModelConfig, 'encoder' | 'dropout' | 'decoder'>,
  scope: Scope,
  { size }: Pick<ImageInput, 'size'>,
): ImageEncoder {
  if (encoder.kind === 'patch') {
    return new PatchEncoder(scope, {
      size,
      ...(encoder.patch > 0 && { patch: encoder.patch }),
      dim: encoder.dim,
      layers: encoder.layers,
      heads: decoder.heads,
      dropout,
    });
  }
  return new ConvEncoder(scope, {
    size,
    channels: encoder.channels,
    ...(encoder.stemStride > 0 && { stemStride: encoder.stemStride }),
  });
}
