import {
  BatchNorm,
  Conv2d,
  LayerNorm,
  Linear,
  relu,
  TransformerEncoder,
  type ForwardContext,
  type Scope,
} from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';

/** A trained encoder: images to a feature map. */
export interface ImageEncoder {
  /** Features of a patch: a cell of the map. */
  readonly dim: number;
  /** Patches along a side of the map. */
  readonly grid: number;
  /** @param images float32 [batch, size, size, 1]. @returns float32 [batch, grid, grid, dim]. */
  forward(images: tf.Tensor4D, context: ForwardContext): tf.Tensor4D;
}

export interface ConvEncoderOptions {
  /** Pixels along a side of the images. */
  size: number;
  /** Channels of each stage. Default 24, 48, 96. */
  channels?: readonly number[];
  /** Stride of the first convolution; 2 from 48 pixels on unless given. */
  stemStride?: number;
}

/**
 * A small convolutional network, trained end to end: stages of two 3 × 3 convolutions, each normalised over the batch
 * and rectified, with averages over 2 × 2 between the stages.
 */
export class ConvEncoder implements ImageEncoder {
  readonly dim: number;
  readonly grid: number;
  /** The convolutions of each stage, with their norms. */
  readonly stages: { convolution: Conv2d; norm: BatchNorm }[][];

  constructor(scope: Scope, { size, channels = [24, 48, 96], stemStride = size >= 48 ? 2 : 1 }: ConvEncoderOptions) {
    this.dim = channels[channels.length - 1];
    this.stages = channels.map((outputs, stage) => {
      const inputs = stage === 0 ? 1 : channels[stage - 1];
      return [inputs, outputs].map((from, i) => {
        const layer = scope.scope(`${stage}.${i}`);
        const stride = stage === 0 && i === 0 ? stemStride : 1;
        return {
          convolution: new Conv2d(layer, from, outputs, { stride }),
          norm: new BatchNorm(layer.scope('norm'), outputs),
        };
      });
    });
    let grid = Math.ceil(size / stemStride);
    for (let stage = 1; stage < channels.length; stage++) grid = Math.floor(grid / 2);
    this.grid = grid;
    if (grid < 1)
      throw new RangeError(
        `image-backbone/ConvEncoder: expected images of at least ${stemStride * 2 ** (channels.length - 1)} pixels, got ${size}; use larger images or fewer channels`,
      );
  }

  forward(images: tf.Tensor4D, context: ForwardContext): tf.Tensor4D {
    return this.stages.reduce((x, stage, i) => {
      const input = i === 0 ? x : tf.avgPool(x, 2, 2, 'valid');
      return stage.reduce(
        (value, { convolution, norm }) => relu(norm.forward(convolution.forward(value), context)),
        input,
      );
    }, images);
  }
}

export interface PatchEncoderOptions {
  size: number;
  /** Pixels along a side of a patch; must divide `size`. Default an eighth of the size. */
  patch?: number;
  /** Default 96. */
  dim?: number;
  /** Default 4. */
  layers?: number;
  /** Default 4. */
  heads?: number;
  /** Default 0.1. */
  dropout?: number;
}

/**
 * A small vision transformer, trained end to end: patches as tokens with learned positions.
 *
 * @see Dosovitskiy et al. 2021, arXiv:2010.11929; here without a class token, and normalised after each part.
 */
export class PatchEncoder implements ImageEncoder {
  readonly dim: number;
  readonly grid: number;
  /** Pixels along a side of a patch. */
  readonly patch: number;
  readonly embed: Linear;
  readonly positions: tf.Variable & tf.Tensor2D;
  readonly norm: LayerNorm;
  readonly transformer: TransformerEncoder;

  constructor(
    scope: Scope,
    { size, patch = size / 8, dim = 96, layers = 4, heads = 4, dropout = 0.1 }: PatchEncoderOptions,
  ) {
    if (!Number.isInteger(patch) || size % patch !== 0) {
      throw new RangeError(
        `image-backbone/PatchEncoder: expected a patch that divides ${size}, got ${patch}; change one of them`,
      );
    }
    this.dim = dim;
    this.grid = size / patch;
    this.patch = patch;
    this.embed = new Linear(scope.scope('embed'), patch * patch, dim);
    this.positions = scope.addParameter('positions', [this.grid * this.grid, dim], { normal: 0.5 });
    this.norm = new LayerNorm(scope.scope('norm'), dim);
    this.transformer = new TransformerEncoder(scope.scope('transformer'), {
      dim,
      layers,
      heads,
      feedForward: 2 * dim,
      dropout,
    });
  }

  forward(images: tf.Tensor4D, context: ForwardContext): tf.Tensor4D {
    const { grid, patch, dim } = this;
    const [batch] = images.shape;
    const cut = tf.transpose(tf.reshape(images, [batch, grid, patch, grid, patch]), [0, 1, 3, 2, 4]);
    const patches = tf.reshape(cut, [batch, grid * grid, patch * patch]);
    const tokens = this.norm.forward(tf.add(this.embed.forward(patches), this.positions));
    return tf.reshape(this.transformer.forward(tokens, context), [batch, grid, grid, dim]);
  }
}

/** Features of a frozen encoder, brought to mean 0 and standard deviation 1 over the training set: nothing here is trained. */
export class StandardizedFeatures implements ImageEncoder {
  readonly dim: number;
  readonly grid: number;
  private readonly mean: tf.Variable & tf.Tensor1D;
  private readonly std: tf.Variable & tf.Tensor1D;

  constructor(scope: Scope, { dim, grid }: { dim: number; grid: number }) {
    this.dim = dim;
    this.grid = grid;
    this.mean = scope.addParameter('mean', [dim], { constant: 0 }, false);
    this.std = scope.addParameter('std', [dim], { constant: 1 }, false);
  }

  /** Takes the statistics of the training set [dim]. */
  standardize({ mean, std }: { mean: Float32Array; std: Float32Array }): void {
    tf.tidy(() => {
      this.mean.assign(tf.tensor1d(mean));
      this.std.assign(tf.tensor1d(std));
    });
  }

  /** @param features float32 [batch, grid, grid, dim]. */
  forward(features: tf.Tensor4D): tf.Tensor4D {
    return tf.div(tf.sub(features, this.mean), this.std);
  }
}
