import { join } from 'node:path';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import { drawLabelMap, type LabelMap } from '@cxr-align/classifier';
import { imageFileName } from './image-file-name.js';

/** A map as it is printed: without its values, with the file that it was drawn in. */
export interface DrawnMapFile extends Pick<LabelMap, 'label' | 'kind' | 'boxes' | 'evidence' | 'passedOver'> {
  file: string;
}

/** Draws the map of a label over an image and writes it. */
export type MapWriter = (image: string, map: LabelMap) => Promise<DrawnMapFile>;

/**
 * Writes images with the map of one label over them.
 *
 * @param images all of them, so that each has a file of its own.
 * @param place a `.png` file for a single image, else a folder.
 * @throws {InputError} if a file is to hold several images.
 */
export function mapWriter(images: readonly string[], place: string): MapWriter {
  const isFile = place.toLowerCase().endsWith('.png');
  if (isFile && images.length > 1)
    throw new InputError(`expected --map to be a folder for ${images.length} images, got the file ${place}`);
  return async (image, map) => {
    const file = isFile ? place : join(place, `${imageFileName(image, images)}.png`);
    writeFileAtomic(file, await drawLabelMap(image, map));
    const { values: _values, grid: _grid, window: _window, ...shown } = map;
    return { file, ...shown };
  };
}
