import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { InputError, sha256, writeSafetensors } from '@cxr-align/files';
import {
  openImageEncoder as openRegisteredEncoder,
  type EncoderPreprocessing,
  type FrozenFeatures,
  type FrozenImageEncoder,
} from '@cxr-align/image-backbone';
import * as tf from '@tensorflow/tfjs-core';
import { type LoadedModel } from '../store/open-model.js';
import { loadModel } from '../store/model-folder.js';
import { preprocessingOf } from './image-preprocessing.js';
import { type ImageInput, ImageInputs } from '../model/model-inputs.js';

export interface ImageEncoderOptions {
  /** Execution providers of ONNX Runtime. Default `cpu`. */
  providers?: readonly string[];
}

/**
 * The frozen image encoder in a folder: an earlier run of ours, a model of TensorFlow.js (`model.json`), or one in ONNX. The first
 * two run on the engine that has been started.
 *
 * @throws {InputError} if there is none.
 */
export async function openImageEncoder(folder: string, options: ImageEncoderOptions = {}): Promise<FrozenImageEncoder> {
  if (isRun(folder)) return new RunImageEncoder(folder);
  return openRegisteredEncoder(folder, options);
}

/** Whether the encoder in a folder is one in ONNX: it needs no engine. */
export function isOnnx(folder: string): boolean {
  return !isRun(folder) && !isTensorflow(folder);
}

function isRun(folder: string): boolean {
  return existsSync(join(folder, 'model', 'model.safetensors'));
}

function isTensorflow(folder: string): boolean {
  return existsSync(join(folder, 'model.json'));
}

/** The trained encoder of an earlier run, frozen: what it learned on one data set for another. */
class RunImageEncoder implements FrozenImageEncoder {
  readonly name: string;
  readonly weightsHash: string;
  readonly preprocessing: EncoderPreprocessing;
  readonly dim: number;
  readonly map: { grid: number; dim: number };
  private readonly loaded: LoadedModel;
  private readonly input: ImageInput;

  /** @throws {InputError} if the run has no encoder of its own. */
  constructor(run: string) {
    this.loaded = loadModel(run);
    const { model, stored } = this.loaded;
    const { input, config, weights } = stored;
    if (input.kind !== 'image' || !model.maps) {
      this.loaded.dispose();
      throw new InputError(
        `expected a run with an image encoder that was trained in it, got ${input.kind === 'image' ? `model ${config.model}, which has none` : `one that took the features of ${input.source.encoder}: use that encoder`}`,
        { file: run },
      );
    }
    this.input = input;
    this.name = `run-${basename(resolve(run))}`;
    const own = new Map([...weights].filter(([name]) => name.startsWith('encoder/')));
    this.weightsHash = sha256(writeSafetensors(own));
    const { mean, std } = input.scale;
    this.preprocessing = {
      ...preprocessingOf(config.image, input.size),
      resize: input.size,
      channels: 1,
      rescale: 1 / 255,
      mean: [mean],
      std: [std],
    };
    const { size } = input;
    const [, grid, , dim] = tf.tidy(() => model.maps!.encode({ main: tf.zeros([1, size, size, 1]) }).main.shape);
    this.dim = dim;
    this.map = { grid, dim };
  }

  async encode(
    images: readonly Uint8Array[],
    wanted: readonly (keyof FrozenFeatures)[] = ['pooled'],
  ): Promise<FrozenFeatures> {
    const { size, scale } = this.input;
    const pixels = new Uint8Array(images.length * size * size);
    images.forEach((one, i) => pixels.set(one, i * size * size));
    const inputs = new ImageInputs({ pixels, size }, scale);
    const made = tf.tidy(() => {
      const { main: map } = this.loaded.model.maps!.encode(inputs.batch([...images.keys()]));
      return { map, pooled: tf.mean(map, [1, 2]) };
    });
    const features: FrozenFeatures = {};
    try {
      for (const kind of wanted) features[kind] = ((await made[kind].data()) as Float32Array).slice();
    } finally {
      tf.dispose(made);
    }
    return features;
  }

  async dispose(): Promise<void> {
    this.loaded.dispose();
  }
}
