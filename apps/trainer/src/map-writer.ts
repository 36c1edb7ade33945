import { basename, join } from 'node:path';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import { drawMap } from '@cxr-align/image-backbone';
import { normalizeLabel } from '@cxr-align/label-graph';
import { boxesOfMap, type Box, type MapBox } from '@cxr-align/metrics';
import type { MapKind } from './model/label-maps.js';

/** The map that was drawn, and boxes around what stands out of it, in pixels of the image. */
export interface DrawnMapFile {
  file: string;
  label: string;
  kind: MapKind;
  boxes: MapBox[];
}

/** Draws the map of a label over an image and writes it. */
export type MapWriter = (
  image: string,
  told: Readonly<Record<string, { probability: number }>>,
  window: Box,
  mapOf: (label: string) => Promise<{ grid: number; values: Float32Array }>,
) => Promise<DrawnMapFile>;

export interface MapFileOptions {
  /** All images, so that each has a file of its own. */
  images: readonly string[];
  mapKind: MapKind;
  /** The label of the map; the most probable one unless given. */
  mapLabel?: string;
}

/**
 * Writes images with the map of one label over them.
 *
 * @param place a `.png` file for a single image, else a folder.
 * @param labels those that have maps.
 * @throws {InputError} if the label is none of them, or a file is to hold several images.
 */
export function mapWriter(
  { images, mapKind: kind, mapLabel }: MapFileOptions,
  place: string,
  labels: readonly string[],
): MapWriter {
  const isFile = place.toLowerCase().endsWith('.png');
  if (isFile && images.length > 1)
    throw new InputError(`expected --map to be a folder for ${images.length} images, got the file ${place}`);
  const asked = labels.find((label) => normalizeLabel(label) === normalizeLabel(mapLabel ?? ''));
  if (mapLabel !== undefined && asked === undefined)
    throw new InputError(`expected --map-label to be a label that has a map (${labels.join(', ')}), got ${mapLabel}`);
  return async (image, told, window, mapOf) => {
    const label = asked ?? labels.reduce((best, one) => (told[one].probability > told[best].probability ? one : best));
    const { grid, values: raw } = await mapOf(label);
    const boxes = boxesOfMap({ values: raw, grid, window });
    const most = Math.max(...raw);
    const values = raw.map((value) => (most > 0 ? value / most : 0));
    const file = isFile ? place : join(place, `${nameOf(image, images)}.png`);
    writeFileAtomic(file, await drawMap(image, { values, grid, window, boxes }));
    return { file, label, kind, boxes };
  };
}

/** A file name of an image: its own, with folders and ending where another image has the same. */
function nameOf(image: string, images: readonly string[]): string {
  const stem = (path: string): string => basename(path).replace(/\.[^.]+$/, '');
  const isAlone = images.filter((other) => stem(other) === stem(image)).length === 1;
  return isAlone ? stem(image) : image.replace(/^[./\\]+/, '').replace(/[/\\:]+/g, '-');
}
