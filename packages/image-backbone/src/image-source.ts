import { createHash } from 'node:crypto';
import { InputError } from '@cxr-align/files';
import { decodeImage, resizePixels, type Preprocessing } from './decode.js';
import type { GreyPixels } from './grey-png.js';
import { readImage } from './image-file.js';

/** An image to be loaded: a path, or pixels in memory. */
export type ImageSource = string | GreyPixels;

/** Bytes of the hash of an image's content. */
export const contentBytes = 8;

/** An image that was decoded. */
export interface DecodedSource {
  pixels: Uint8Array;
  /** The first eight bytes of the SHA-256 of its file, or of its pixels in memory. */
  content: Uint8Array;
}

/** An image, or why it cannot be read. */
export async function decodeSource(source: ImageSource, preprocessing: Preprocessing): Promise<DecodedSource | string> {
  try {
    if (typeof source !== 'string')
      return { pixels: await resizePixels(source, preprocessing), content: contentOf(source.data) };
    const bytes = await readImage(source);
    return { pixels: await decodeImage(bytes, preprocessing, source), content: contentOf(bytes) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message;
  }
}

function contentOf(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(bytes).digest().subarray(0, contentBytes));
}
