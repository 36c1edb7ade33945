import { imageSize, visibleWindow, type Preprocessing } from '@cxr-align/image-backbone';
import type { Box } from '@cxr-align/metrics';
import type { ModelConfig } from '../model-config.js';
import type { InputDescription } from '../model/model-inputs.js';
import { preprocessingOf } from './image-preprocessing.js';
import type { ImageSource } from './image-source.js';

/** The part of an image that a model sees, in pixels of the image. */
export function windowOf(
  image: ImageSource,
  input: InputDescription,
  { image: prepared }: Pick<ModelConfig, 'image'>,
): Promise<Box> {
  return windowOn(
    image,
    input.kind === 'image'
      ? preprocessingOf(prepared, input.size)
      : (input.source.preprocessing as unknown as Preprocessing),
  );
}

/** The part of an image that becomes the square of a preprocessing, in pixels of the image. */
export async function windowOn(image: ImageSource, preprocessing: Preprocessing): Promise<Box> {
  const isFile = typeof image === 'string' || image instanceof Uint8Array;
  return visibleWindow(isFile ? await imageSize(image) : image, preprocessing);
}
