import { InputError } from '@cxr-align/files';
import { type ImageInput, ImageInputs } from '../model/model-inputs.js';
import { type PixelImage, greyImage } from './image-source.js';
import type { ImageReader } from './image-reader.js';

/**
 * Reads pixels for a model that has been trained on images, without any decoding or resizing: in a browser a canvas does both.
 *
 * @throws {InputError} for a model on the features of a frozen encoder, and for pixels of another size.
 */
export function pixelReader(input: { kind: string } | ImageInput): ImageReader<PixelImage> {
  if (input.kind !== 'image')
    throw new InputError(
      'expected a model whose image encoder was trained with it, got one on the features of another',
    );
  const { size, scale } = input as ImageInput;
  return {
    read: async (image) => {
      const { data: pixels, width, height } = greyImage(image);
      if (width !== size || height !== size)
        throw new InputError(
          `expected pixels of ${size} × ${size}, which the model takes, got ${width} × ${height}; resize the image first`,
        );
      const inputs = new ImageInputs({ pixels, size }, scale);
      return {
        batch: (samples) => inputs.batch(samples),
        window: async () => ({ x: 0, y: 0, w: size, h: size }),
      };
    },
    dispose: async () => {},
  };
}
