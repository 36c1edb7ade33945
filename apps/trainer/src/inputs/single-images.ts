import { fromFloat16, InputError, toFloat16 } from '@cxr-align/files';
import { decodeImage, type FrozenImageEncoder } from '@cxr-align/image-backbone';
import * as tf from '@tensorflow/tfjs-core';
import type { Config } from '../config/config.js';
import { openImageEncoder } from './image-encoders.js';
import { knownEncoder } from './input-source.js';
import { ImageInputs, type FeatureInput, type ImageInput, type ModelInputs } from './model-inputs.js';
import type { StoredModel } from '../run-folder.js';

/** Reads images one by one for a trained model. */
export interface ImageReader {
  /** @throws {InputError} if it is no sound image. */
  read: (path: string) => Promise<Pick<ModelInputs, 'batch'>>;
  dispose: () => Promise<void>;
}

/** @param encoder folder of the frozen encoder, for a model that takes its features; where it was in training unless given. */
export async function openImageReader(
  { input, config }: Pick<StoredModel, 'input' | 'config'>,
  encoder?: string,
): Promise<ImageReader> {
  if (input.kind === 'features')
    return featureReader(input, config, await openImageEncoder(encoder ?? knownEncoder(input)));
  if (encoder !== undefined)
    throw new InputError('expected no --encoder with this run: its encoder was trained with it');
  return { read: (path) => imageOf(path, input, config), dispose: async () => {} };
}

async function imageOf(
  path: string,
  { size, scale }: ImageInput,
  { image }: Pick<Config, 'image'>,
): Promise<ImageInputs> {
  const pixels = await decodeImage(path, { size, fit: image.fit });
  return new ImageInputs({ pixels, size }, scale);
}

function featureReader(
  { source, grid, dim, dtype, stem }: FeatureInput,
  config: Pick<Config, 'image'>,
  encoder: FrozenImageEncoder,
): ImageReader {
  const { weightsHash, preprocessing } = encoder;
  if (weightsHash !== source.weightsHash || JSON.stringify(preprocessing) !== JSON.stringify(source.preprocessing))
    throw new InputError(
      `expected the encoder that the model was trained on, ${source.encoder} (${source.weightsHash.slice(0, 12)}), got ${encoder.name} (${weightsHash.slice(0, 12)}) or another preprocessing`,
    );
  return {
    read: async (path) => {
      const wanted = grid > 1 ? 'map' : 'pooled';
      const { [wanted]: values } = await encoder.encode([await decodeImage(path, preprocessing)], [wanted]);
      // As the store keeps them, so that an image has the same score here and there.
      const stored = dtype === 'float16' ? values!.map((value) => fromFloat16(toFloat16(value))) : values!;
      const images = stem && (await imageOf(path, stem, config));
      return {
        batch: () => ({
          main: tf.tensor4d(stored, [1, grid, grid, dim]),
          ...(images && { stem: images.batch([0]).main }),
        }),
      };
    },
    dispose: () => encoder.dispose(),
  };
}
