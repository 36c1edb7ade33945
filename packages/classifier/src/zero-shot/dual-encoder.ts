import { InputError } from '@cxr-align/files';
import type { FrozenImageEncoder } from '@cxr-align/image-backbone';
import type { LabelGraph } from '@cxr-align/label-graph';
import type { TextEncoder } from '@cxr-align/text-encoder';
import { openImageEncoder } from '../images/image-encoders.js';
import { DualEncoderExplainer } from './explanations.js';
import { openTextEncoder } from '../texts/text-encoders.js';
import { encodeTexts, termsOf } from '../texts/frozen-texts.js';

/** The halves of a dual encoder (CLIP-style): an image and a text encoder whose vectors share a space. */
export interface DualEncoderFolders {
  /** Folder of the image encoder. */
  encoder: string;
  /** The text encoder: a folder, or a name as {@link openTextEncoder} takes it. */
  textEncoder: string;
}

/** A dual encoder whose texts of the labels have been encoded. */
export interface DualEncoder {
  images: FrozenImageEncoder;
  explainer: DualEncoderExplainer;
}

/**
 * Opens a dual encoder and encodes the observations of the labels of a graph. The caller disposes the image encoder.
 *
 * @throws {InputError} if one of them is missing, or their vectors are not of the same length.
 */
export async function openDualEncoder(
  { encoder, textEncoder }: DualEncoderFolders,
  graph: LabelGraph,
): Promise<DualEncoder> {
  const images = await openImageEncoder(encoder);
  try {
    const texts = await openTextEncoder(textEncoder, graph);
    try {
      return { images, explainer: await explainerOf(images, texts, graph) };
    } finally {
      await texts.dispose?.();
    }
  } catch (error) {
    await images.dispose();
    throw error;
  }
}

async function explainerOf(
  images: FrozenImageEncoder,
  texts: TextEncoder,
  graph: LabelGraph,
): Promise<DualEncoderExplainer> {
  if (texts.dim !== images.dim)
    throw new InputError(
      `expected encoders that share a space, got images of ${images.dim} numbers (${images.name}) and texts of ${texts.dim} (${texts.name}); export both halves of one model, or train the alignment`,
    );
  const options = { set: 'descriptors', count: 0, seed: 0, sampling: false, mixture: [], tokens: false };
  return new DualEncoderExplainer(await encodeTexts(texts, options, termsOf(graph)));
}
