import { existsSync } from 'node:fs';
import { InputError } from '@cxr-align/files';
import { BuiltInTextEncoder, type Concept } from './built-in-encoder.js';
import { OnnxTextEncoder } from './frozen/onnx-text-encoder.js';
import { SentenceEncoder } from './frozen/sentence-encoder.js';
import type { TextEncoder } from './text-encoder.js';

/** What a text encoder may use when it is opened. */
export interface OpenTextEncoderOptions {
  /** The labels with their synonyms, for encoders that are built from them. Default none. */
  concepts?: readonly Concept[];
}

/** Opens a text encoder. */
export type TextEncoderFactory = (options: OpenTextEncoderOptions) => TextEncoder | Promise<TextEncoder>;

const factories = new Map<string, TextEncoderFactory>();

/**
 * Registers a text encoder, which can then be opened by its name. The built-in ones are registered in the same way.
 *
 * @example
 * registerTextEncoder('mine', async () => ({ name: 'mine', dim: 2, hash: 'v1', encode: async (texts) => myVectors(texts) }));
 * @throws {RangeError} if the name is taken or empty.
 */
export function registerTextEncoder(name: string, open: TextEncoderFactory): void {
  const where = 'text-encoder/registerTextEncoder';
  if (typeof name !== 'string' || name === '')
    throw new RangeError(`${where}: expected a name, got ${JSON.stringify(name)}; try 'mine'`);
  if (factories.has(name))
    throw new RangeError(`${where}: expected a new name, got ${name}, which is registered; try another name`);
  factories.set(name, open);
}

/** The names of the registered text encoders, in the order of their registration. */
export function textEncoderNames(): string[] {
  return [...factories.keys()];
}

/**
 * Opens a text encoder: a registered one by its name, or the folder of one in ONNX.
 *
 * @param choice a name of {@link textEncoderNames}, or the path of a folder, see `OnnxTextEncoder`.
 * @throws {InputError} if it is neither, or what the encoder needs is not installed.
 */
export async function openTextEncoder(choice: string, options: OpenTextEncoderOptions = {}): Promise<TextEncoder> {
  const factory = factories.get(choice);
  if (factory) return factory(options);
  if (!existsSync(choice))
    throw new InputError(
      `expected a text encoder: ${textEncoderNames().join(', ')} or a folder with an ONNX model and its tokenizer.json; got ${choice} (no such folder)`,
    );
  return OnnxTextEncoder.load(choice);
}

registerTextEncoder('built-in', ({ concepts = [] }) => new BuiltInTextEncoder(concepts));
registerTextEncoder('use-lite', () => SentenceEncoder.load());
