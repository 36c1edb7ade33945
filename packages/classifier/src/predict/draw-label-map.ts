import { type DrawnMap, drawMap, encodePng } from '@cxr-align/image-backbone';
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
  map: Pick<LabelMap, 'values' | 'grid' | 'window' | 'boxes'>,
): Promise<Uint8Array> {
  return drawMap(await fileOf(image), drawnMap(map));
}

/** A map as it is drawn: its largest value is 1. */
export function drawnMap({
  values,
  grid,
  window,
  boxes,
}: Pick<LabelMap, 'values' | 'grid' | 'window' | 'boxes'>): DrawnMap {
  const most = values.reduce((largest, value) => Math.max(largest, value), 0);
  const shares = values.map((value) => (most > 0 ? value / most : 0));
  return { values: shares, grid, window, boxes };
}

async function fileOf(image: ImageSource): Promise<string | Uint8Array> {
  if (typeof image === 'string' || image instanceof Uint8Array) return image;
  const grey = greyImage(image);
  return encodePng(grey.data, grey);
}
