import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '@cxr-align/files';
import type { OnnxOptions } from '@cxr-align/onnx';
import type { FrozenImageEncoder } from './frozen-encoder.js';
import { modelFiles, OnnxImageEncoder } from './onnx-encoder.js';
import { TensorflowImageEncoder } from './tensorflow-encoder.js';

/**
 * Opens the encoder in a folder.
 *
 * @returns undefined where the folder holds none of this kind.
 * @throws {InputError} if it holds one that cannot be opened.
 */
export type OpenImageEncoder = (folder: string, options: OnnxOptions) => Promise<FrozenImageEncoder | undefined>;

const kinds = new Map<string, OpenImageEncoder>();

/**
 * Registers a kind of frozen image encoders, which {@link openImageEncoder} then opens. Kinds registered later are tried first.
 *
 * @example registerImageEncoder('torchscript', async (folder) => (existsSync(`${folder}/model.pt`) ? open(folder) : undefined));
 * @throws {RangeError} if the kind is registered already.
 */
export function registerImageEncoder(kind: string, open: OpenImageEncoder): void {
  if (kinds.has(kind))
    throw new RangeError(
      `image-backbone/registerImageEncoder: expected a new kind, got ${kind} again; use another name`,
    );
  kinds.set(kind, open);
}

/** The kinds of frozen image encoders that are registered. */
export function imageEncoderKinds(): string[] {
  return [...kinds.keys()];
}

/**
 * Opens the frozen image encoder in a folder, of whatever registered kind.
 *
 * @param options of ONNX Runtime, for encoders that it runs.
 * @throws {InputError} if the folder holds none.
 */
export async function openImageEncoder(folder: string, options: OnnxOptions = {}): Promise<FrozenImageEncoder> {
  for (const open of [...kinds.values()].reverse()) {
    const encoder = await open(folder, options);
    if (encoder) return encoder;
  }
  throw new InputError(
    `expected an encoder: one of model.json, ${modelFiles.join(', ')}, got none (kinds: ${imageEncoderKinds().join(', ')}); export one to this folder`,
    { file: folder },
  );
}

registerImageEncoder('onnx', async (folder, options) =>
  modelFiles.some((name) => existsSync(join(folder, name))) ? OnnxImageEncoder.load(folder, options) : undefined,
);
registerImageEncoder('tensorflow', async (folder) =>
  existsSync(join(folder, 'model.json')) ? TensorflowImageEncoder.load(folder) : undefined,
);
