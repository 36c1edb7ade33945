import { drawMap, encodePng } from '@cxr-align/image-backbone';
import { type ImageSource, greyImage } from '../images/image-source.js';
import type { LabelMap } from './prediction.js';

/**
 * Draws the map of a label over its image, from clear (0) through red to yellow (the map's largest value), and its boxes.
 *
 * @param image the one that the map was made of.
 * @returns the bytes of a PNG file of the image's size.
 * @throws {InputError} if it is no image.
 */
export async function drawLabelMap(
  image: ImageSource,
  { values, grid, window, boxes }: Pick<LabelMap, 'values' | 'grid' | 'window' | 'boxes'>,
): Promise<Uint8Array> {
  const most = values.reduce((largest, value) => Math.max(largest, value), 0);
  const shares = values.map((value) => (most > 0 ? value / most : 0));
  return drawMap(await fileOf(image), { values: shares, grid, window, boxes });
}

async function fileOf(image: ImageSource): Promise<string | Uint8Array> {
  if (typeof image === 'string' || image instanceof Uint8Array) return image;
  const grey = greyImage(image);
  return encodePng(grey.data, grey);
}
