// What a thread of `loadImages` runs.
import type { Preprocessing } from './decode.js';
import { decodeSource, type DecodedSource, type ImageSource } from './image-source.js';

/** Images that a thread decodes. */
export interface DecodeTask {
  sources: readonly ImageSource[];
  preprocessing: Preprocessing;
}

/** The images, or why they cannot be read. */
export default async function decodeTask({ sources, preprocessing }: DecodeTask): Promise<(DecodedSource | string)[]> {
  return Promise.all(sources.map((source) => decodeSource(source, preprocessing)));
}
