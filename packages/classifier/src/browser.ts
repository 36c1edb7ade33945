// `@cxr-align/classifier/browser`: models and predictions from bytes and pixels, without files and native modules.
import { manifestName, sealedBody } from '@cxr-align/files';
import { ModelPrediction } from './predict/model-prediction.js';
import { Predictor } from './predict/predictor.js';
import { pixelReader } from './images/pixel-reader.js';
import type { PixelImage } from './images/image-source.js';
import { openModel } from './store/open-model.js';
import { parseModel, type StoredModel } from './store/stored-model.js';

export { buildModel, modelTypes, registerModel, type ModelType } from './model/build-model.js';
export type { Model, ModelInput, ModelOutput } from './model/model.js';
export { modelConfigShape, type ModelConfig } from './model-config.js';
export type { PixelImage } from './images/image-source.js';
export { openModel, type LoadedModel } from './store/open-model.js';
export type { StoredModel } from './store/stored-model.js';
export type { ImagePrediction, LabelMap, LabelPrediction, MapOptions, PredictorOptions } from './predict/prediction.js';
export { Predictor } from './predict/predictor.js';

/**
 * The model in the bytes of the files of a run's `model/` folder, by their names.
 *
 * @throws {InputError} if a file is missing, damaged, or of another format.
 */
export async function modelFromFiles(files: Readonly<Record<string, Uint8Array>>): Promise<StoredModel> {
  const read = (name: string): Uint8Array | undefined => (Object.hasOwn(files, name) ? files[name] : undefined);
  const hashes = new Map<Uint8Array | string, string>();
  for (const content of Object.values(files)) hashes.set(content, await sha256Of(content));
  const manifest = new TextDecoder('utf-8', { ignoreBOM: true }).decode(read(manifestName));
  const body = sealedBody(manifest)?.body ?? '';
  hashes.set(body, await sha256Of(new TextEncoder().encode(body)));
  return parseModel({ folder: 'model', read }, (content) => hashes.get(content) ?? '');
}

async function sha256Of(content: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(content)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * A predictor of pixels that have the size the model takes. A TensorFlow.js backend has to be started first.
 *
 * @throws {InputError} for a model on the features of a frozen encoder.
 */
export function pixelPredictor(stored: StoredModel): Predictor<PixelImage> {
  const reader = pixelReader(stored.input);
  return new Predictor(new ModelPrediction(openModel(stored), reader));
}
