import { existsSync } from 'node:fs';
import { fromFloat16, InputError, toFloat16 } from '@cxr-align/files';
import {
  changedView,
  decodeImage,
  resizePixels,
  type FrozenImageEncoder,
  type Preprocessing,
} from '@cxr-align/image-backbone';
import type { Box } from '@cxr-align/metrics';
import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../model-config.js';
import { checkChestFilm } from './chest-film-check.js';
import { openImageEncoder } from './image-encoders.js';
import { type FeatureInput, type ImageInput, ImageInputs, type ModelInputs } from '../model/model-inputs.js';
import { joinMaps } from '../model/joined-features.js';
import type { StoredModel } from '../store/stored-model.js';
import { preprocessingOf } from './image-preprocessing.js';
import { type ImageSource, greyImage } from './image-source.js';
import { windowOf, windowOn } from './visible-window.js';

/** One image as a model takes it. */
export interface ReadImage extends Pick<ModelInputs, 'batch'> {
  /** The part of the image that the model sees, in pixels of the image. */
  window(): Promise<Box>;
}

/** Reads images one by one for a trained model. */
export interface ImageReader<Image = ImageSource> {
  /**
   * @param anyModality reads also what its DICOM header declares not to be a chest film. Default false.
   * @param testViews how many views of it may be taken as a batch. Default 1.
   * @throws {InputError} if it is no sound image, or no chest film.
   */
  read(image: Image, options?: { anyModality?: boolean; testViews?: number }): Promise<ReadImage>;
  dispose(): Promise<void>;
}

/**
 * Opens what brings images to the inputs of a trained model.
 *
 * @param encoder folder of the frozen encoder, for a model that takes its features; where it was in training unless given. Of a model
 *   that takes the joined features of several, a folder each, in the order of training.
 * @throws {InputError} if the encoder is missing, another one, or given to a model that needs none.
 */
export async function openImageReader(
  { input, config }: Pick<StoredModel, 'input' | 'config'>,
  encoder?: string | readonly string[],
): Promise<ImageReader> {
  const folders = encoder === undefined ? [] : [encoder].flat();
  const wanted = input.kind === 'features' ? (input.joined?.length ?? 1) : 0;
  if (wanted > 0 && folders.length > 0 && folders.length !== wanted)
    throw new InputError(
      `expected ${wanted === 1 ? 'one encoder' : `the ${wanted} encoders`} of this run, ${input.kind === 'features' ? input.source.encoder : ''}, got ${folders.length}; name ${wanted === 1 ? 'it alone' : 'each in the order of training'}`,
    );
  return input.kind === 'features' && input.joined
    ? joinedReader(input, config, folders)
    : singleReader(input, config, folders[0]);
}

async function singleReader(
  input: StoredModel['input'],
  config: StoredModel['config'],
  encoder?: string,
): Promise<ImageReader> {
  if (input.kind === 'features')
    return featureReader(input, config, await openImageEncoder(encoder ?? knownEncoder(input)));
  if (encoder !== undefined)
    throw new InputError(
      'expected no frozen encoder for this run, whose own encoder was trained with it, got one; leave it out',
    );
  return {
    read: async (image, { anyModality = false } = {}) => {
      if (!anyModality) await checkChestFilm(image);
      const inputs = await imageOf(image, input, config);
      return { batch: (samples, view) => inputs.batch(samples, view), window: () => windowOf(image, input, config) };
    },
    dispose: async () => {},
  };
}

/** Grey values of an image, brought to the square that an encoder takes. */
export async function decodeSource(image: ImageSource, preprocessing: Preprocessing): Promise<Uint8Array> {
  if (typeof image === 'string' || image instanceof Uint8Array) return decodeImage(image, preprocessing);
  return resizePixels(greyImage(image), preprocessing);
}

async function imageOf(
  image: ImageSource,
  { size, scale }: ImageInput,
  { image: prepared, augmentation }: Pick<ModelConfig, 'image' | 'augmentation'>,
): Promise<ImageInputs> {
  const preprocessing = preprocessingOf(prepared, size);
  return new ImageInputs({ pixels: await decodeSource(image, preprocessing), size }, scale, augmentation);
}

/** Reads an image by several encoders, whose features are joined. */
async function joinedReader(
  { joined = [], grid, images: imageInput }: FeatureInput,
  config: StoredModel['config'],
  folders: readonly string[],
): Promise<ImageReader> {
  const readers: ImageReader[] = [];
  const dispose = async (): Promise<void> => {
    for (const reader of readers) await reader.dispose();
  };
  try {
    for (const [i, part] of joined.entries()) readers.push(await singleReader(part, config, folders[i]));
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    read: async (image, options) => {
      const read: ReadImage[] = [];
      for (const reader of readers) read.push(await reader.read(image, options));
      const images = imageInput && (await imageOf(image, imageInput, config));
      return {
        batch: (samples, view) => ({
          main: joinMaps(
            read.map((one) => one.batch(samples, view).main),
            grid,
          ),
          ...(images && { images: images.batch(samples, view).main }),
        }),
        window: () => read[0].window(),
      };
    },
    dispose,
  };
}

async function featureReader(
  { source, grid, dim, dtype, images: imageInput }: FeatureInput,
  config: Pick<ModelConfig, 'image' | 'augmentation'>,
  encoder: FrozenImageEncoder,
): Promise<ImageReader> {
  const { weightsHash, preprocessing } = encoder;
  if (weightsHash !== source.weightsHash || JSON.stringify(preprocessing) !== JSON.stringify(source.preprocessing)) {
    await encoder.dispose();
    throw new InputError(
      `expected the encoder that the model was trained on, ${source.encoder} (${source.weightsHash.slice(0, 12)}), got ${encoder.name} (${weightsHash.slice(0, 12)}) or another preprocessing`,
    );
  }
  return {
    read: async (image, { anyModality = false, testViews = 1 } = {}) => {
      if (!anyModality) await checkChestFilm(image);
      const wanted = grid > 1 ? 'map' : 'pooled';
      const pixels = await decodeSource(image, preprocessing);
      const views = Array.from({ length: testViews }, (_, view) =>
        view === 0 ? pixels : changedView(pixels, preprocessing.size, { augmentation: config.augmentation, view }),
      );
      const { [wanted]: values } = await encoder.encode(views, [wanted]);
      // As the store keeps them, so that an image has the same score here and there.
      const stored = dtype === 'float16' ? values!.map((value) => fromFloat16(toFloat16(value))) : values!;
      const images = imageInput && (await imageOf(image, imageInput, config));
      const width = grid * grid * dim;
      return {
        batch: (samples, view = 0) => ({
          main: tf.tensor4d(stored.subarray(view * width, (view + 1) * width), [1, grid, grid, dim]),
          ...(images && { images: images.batch(samples, view).main }),
        }),
        window: () => windowOn(image, preprocessing),
      };
    },
    dispose: () => encoder.dispose(),
  };
}

/** The folder of a run's encoder. @throws {InputError} if it is not there any more. */
export function knownEncoder({ encoder, source }: FeatureInput): string {
  if (encoder !== null && existsSync(encoder)) return encoder;
  throw new InputError(
    `expected the encoder ${source.encoder} of this run${encoder === null ? '' : ` in ${encoder}`}, got no such folder; try the option encoder with the folder where it is now`,
  );
}
