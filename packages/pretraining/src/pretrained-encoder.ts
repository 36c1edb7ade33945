import { join } from 'node:path';
import { InputError, makeFolder, writeFileAtomic } from '@cxr-align/files';
import {
  ConvEncoder,
  PatchEncoder,
  TunableEncoder,
  writeImageEncoder,
  type EncoderPreprocessing,
  type PixelScale,
} from '@cxr-align/image-backbone';
import type { ForwardContext, Parameters } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import type { EncoderChoice } from './options.js';

/** An encoder under pretraining. */
export interface PretrainedEncoder {
  /** Features of an image. */
  readonly dim: number;
  /** @param images float32 [batch, size, size, 1]. @returns float32 [batch, dim]: the mean over its map. */
  forward(images: tf.Tensor4D, context: ForwardContext): tf.Tensor2D;
  /** Writes it as a folder with an ONNX file and a description of how images are prepared. */
  write(folder: string): Promise<void>;
  dispose(): Promise<void>;
}

/** How images are prepared for an encoder that starts from random weights: as its `preprocess.json` has it. */
export function ownPreprocessing({ size }: Pick<EncoderChoice, 'size'>): Omit<EncoderPreprocessing, 'mean' | 'std'> {
  return { size, resize: size, fit: 'stretch', kernel: 'linear', oddMargin: 'down', channels: 1, rescale: 1 / 255 };
}

/** Makes an encoder of random weights, with its arrays in `parameters`. */
export function newEncoder(
  parameters: Parameters,
  { kind, size, channels, patch, dim, layers, heads }: EncoderChoice,
  scale: PixelScale,
): PretrainedEncoder {
  const scope = parameters.scope('encoder');
  const encoder =
    kind === 'conv'
      ? new ConvEncoder(scope, { size, channels })
      : new PatchEncoder(scope, { size, dim, layers, heads, ...(patch !== undefined && { patch }) });
  return {
    dim: encoder.dim,
    forward: (images, context) => tf.mean(encoder.forward(images, context), [1, 2]),
    write: async (folder) => {
      makeFolder(folder);
      const settings = {
        size: { height: size, width: size },
        resample: 2,
        rescale_factor: 1 / 255,
        image_mean: [scale.mean],
        image_std: [scale.std],
      };
      writeFileAtomic(join(folder, 'preprocess.json'), `${JSON.stringify(settings, null, 2)}\n`);
      writeFileAtomic(join(folder, 'model.onnx'), await writeImageEncoder(encoder, size));
    },
    dispose: async () => {},
  };
}

/** Opens an encoder in ONNX some of whose weights are trained further, with them in `parameters`. */
export async function tunedEncoder(
  parameters: Parameters,
  { encoder: folder, tune, tuneLayers, tuneRank }: EncoderChoice,
): Promise<PretrainedEncoder & { preprocessing: EncoderPreprocessing }> {
  const encoder = await TunableEncoder.open(folder!);
  try {
    encoder.tune(parameters, { mode: tune, layers: tuneLayers, rank: tuneRank });
  } catch (error) {
    await encoder.dispose();
    throw error;
  }
  return {
    dim: encoder.dim,
    preprocessing: encoder.preprocessing,
    forward: (images) => tf.reshape(encoder.forward(images), [-1, encoder.dim]),
    write: (to) => encoder.write(to),
    dispose: () => encoder.dispose(),
  };
}

/** @throws {InputError} if an encoder is to be written over itself. */
export function refuseSameFolder(encoder: string | undefined, out: string): void {
  if (encoder !== undefined && join(encoder) === join(out))
    throw new InputError('expected another folder for the pretrained encoder than that of the encoder, got the same', {
      file: out,
    });
}
