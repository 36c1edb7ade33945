import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { faultReason, InputError, readJson, regularFile, resolveInside, sha256 } from '@cxr-align/files';
import * as tf from '@tensorflow/tfjs-core';
import type { EncoderPreprocessing, FrozenFeatures, FrozenImageEncoder } from './frozen-encoder.js';
import { readPreprocessing } from './preprocessing-file.js';

/** What a model of either format is to us. */
interface Runnable {
  /** Channels that it wants. */
  channels: number;
  /** Pixels along its sides, where the model fixes them. */
  sides: (number | undefined)[];
  run: (images: tf.Tensor4D) => tf.Tensor[];
  dispose: () => void;
}

interface ModelFile {
  format?: string;
  modelTopology: unknown;
  weightsManifest?: { paths: string[]; weights: tf.io.WeightsManifestEntry[] }[];
}

/**
 * A frozen image encoder as TensorFlow.js stores models: `model.json` (a graph or a layers model) with its weight files, beside a
 * `preprocess.json` or `preprocessor_config.json`. Its input is float32 [batch, size, size, channels]; an output of two axes is
 * its vector, one of [batch, grid, grid, dim] its map. `"outputs": ["name", …]` in `preprocess.json` names layers of a layers
 * model or tensors of a graph model, where those at its end are others. It runs on the engine that the program has started.
 */
export class TensorflowImageEncoder implements FrozenImageEncoder {
  private constructor(
    readonly name: string,
    readonly weightsHash: string,
    readonly preprocessing: EncoderPreprocessing,
    readonly dim: number,
    readonly map: { grid: number; dim: number } | undefined,
    private readonly model: Runnable,
  ) {}

  /** @throws {InputError} if the folder holds no model, or one that is no image encoder. */
  static async load(folder: string): Promise<TensorflowImageEncoder> {
    const file = join(folder, 'model.json');
    if (!existsSync(file))
      throw new InputError('expected an encoder: model.json, got none; convert one to this folder', { file: folder });
    const { artifacts, hash, format } = readArtifacts(file);
    const outputs = outputNames(folder);
    const model =
      format === 'layers-model'
        ? await openLayers(artifacts, file, outputs)
        : await openGraph(artifacts, file, outputs);
    const preprocessing = readPreprocessing(folder, model.channels);
    const { size } = preprocessing;
    if (model.sides.some((side) => side !== undefined && side !== size))
      throw new InputError(
        `expected images of ${model.sides.map((side) => side ?? size).join(' × ')} as the model's input is fixed to, got ${size} × ${size} from the preprocessing file; correct its size`,
        { file },
      );
    const shapes = tf.tidy(() => model.run(tf.zeros([1, size, size, model.channels])).map(({ shape }) => shape));
    const [pooled] = shapes.filter((shape) => shape.length === 2);
    const [map] = shapes.filter((shape) => shape.length === 4) as [number, number, number, number][];
    if (!pooled && !map)
      throw new InputError(
        `expected an output float32 [batch, dim] or [batch, grid, grid, dim], got ${shapes.map((shape) => `[${shape}]`).join(', ')}; name others by "outputs" in preprocess.json`,
        { file },
      );
    if (map && map[1] !== map[2])
      throw new InputError(`expected a square map, got [${map}]; export the encoder with a square input`, { file });
    return new TensorflowImageEncoder(
      basename(resolve(folder)),
      hash,
      preprocessing,
      (pooled ?? map).at(-1) as number,
      map && { grid: map[1], dim: map[3] },
      model,
    );
  }

  async encode(
    images: readonly Uint8Array[],
    wanted: readonly (keyof FrozenFeatures)[] = ['pooled'],
  ): Promise<FrozenFeatures> {
    if (wanted.includes('map') && !this.map)
      throw new RangeError(
        `image-backbone/TensorflowImageEncoder: expected 'pooled' of ${this.name}, got 'map'; it has no output of patches`,
      );
    const made = tf.tidy(() => {
      const outputs = this.model.run(this.pixels(images));
      const map = outputs.find(({ rank }) => rank === 4) as tf.Tensor4D | undefined;
      const pooled = outputs.find(({ rank }) => rank === 2) ?? tf.mean(map!, [1, 2]);
      return {
        ...(wanted.includes('pooled') && { pooled }),
        ...(wanted.includes('map') && { map: map! }),
      } as { pooled?: tf.Tensor; map?: tf.Tensor };
    });
    const features: FrozenFeatures = {};
    for (const kind of wanted) features[kind] = ((await made[kind]!.data()) as Float32Array).slice();
    tf.dispose(made as tf.TensorContainer);
    return features;
  }

  /** float32 [images, size, size, channels], as the model wants its pixels. */
  private pixels(images: readonly Uint8Array[]): tf.Tensor4D {
    const { size, channels, rescale, mean, std } = this.preprocessing;
    const area = size * size;
    const values = new Float32Array(images.length * area * channels);
    images.forEach((pixels, image) => {
      if (pixels.length !== area)
        throw new RangeError(
          `image-backbone/TensorflowImageEncoder: expected ${size} × ${size} grey values, got ${pixels.length}`,
        );
      for (let at = 0; at < area; at++) {
        for (let channel = 0; channel < channels; channel++)
          values[(image * area + at) * channels + channel] = (pixels[at] * rescale - mean[channel]) / std[channel];
      }
    });
    return tf.tensor4d(values, [images.length, size, size, channels]);
  }

  async dispose(): Promise<void> {
    this.model.dispose();
  }
}

/** A model's topology and weights in memory, and the hash of both. */
function readArtifacts(file: string): { artifacts: tf.io.ModelArtifacts; hash: string; format: string } {
  const { format = 'graph-model', modelTopology, weightsManifest } = (readJson(file) ?? {}) as ModelFile;
  const isManifest =
    Array.isArray(weightsManifest) &&
    weightsManifest.every((group) => Array.isArray(group?.paths) && Array.isArray(group?.weights));
  if (!['graph-model', 'layers-model'].includes(format) || !modelTopology || !isManifest)
    throw new InputError(
      `expected a graph-model or a layers-model of TensorFlow.js with its weightsManifest, got ${JSON.stringify(format)}`,
      { file },
    );
  const shards = weightsManifest
    .flatMap(({ paths }) => paths)
    .map((path) => {
      const shard = resolveInside(dirname(file), path, { file });
      regularFile(shard, 'a weight file of model.json', 2 ** 31 - 1);
      return readFileSync(shard);
    });
  const weights = Buffer.concat(shards);
  return {
    format,
    hash: sha256(Buffer.concat([readFileSync(file), weights])),
    artifacts: {
      modelTopology: modelTopology as object,
      weightSpecs: weightsManifest.flatMap((group) => group.weights),
      weightData: new Uint8Array(weights).buffer,
    },
  };
}

/** The outputs that `preprocess.json` names. */
function outputNames(folder: string): string[] | undefined {
  const file = join(folder, 'preprocess.json');
  if (!existsSync(file)) return undefined;
  const { outputs } = (readJson(file) ?? {}) as { outputs?: unknown };
  if (outputs === undefined) return undefined;
  if (!Array.isArray(outputs) || outputs.length === 0 || outputs.some((name) => typeof name !== 'string'))
    throw new InputError('expected "outputs" to be a list of names; write "outputs": ["NAME"]', { file });
  return outputs as string[];
}

/** The channels and sides of a model's one input, which takes [batch, height, width, channels]. */
function imageInput(
  shapes: readonly (readonly (number | null)[] | undefined)[],
  file: string,
): Pick<Runnable, 'channels' | 'sides'> {
  const fail = (got: string): never => {
    throw new InputError(
      `expected one input float32 [batch, height, width, channels], got ${got}; convert the image encoder alone, with channels last`,
      { file },
    );
  };
  if (shapes.length !== 1) fail(`${shapes.length} inputs`);
  const extents = (shapes[0] ?? [null, null, null, null]).map((one) => (one !== null && one > 0 ? one : undefined));
  const [, height, width, channels = 3] = extents;
  const isChannelsFirst = channels > 4 && height !== undefined && height <= 4;
  if (extents.length !== 4 || isChannelsFirst) fail(`[${extents.map((one) => one ?? '?')}]`);
  return { channels, sides: [height, width] };
}

async function openGraph(artifacts: tf.io.ModelArtifacts, file: string, outputs?: string[]): Promise<Runnable> {
  const { loadGraphModel } = await imported(() => import('@tensorflow/tfjs-converter'), '@tensorflow/tfjs-converter');
  const model = await opened(() => loadGraphModel(tf.io.fromMemory(artifacts)), file);
  return {
    ...imageInput(
      model.inputs.map(({ shape }) => shape),
      file,
    ),
    run: (images) => [outputs ? model.execute(images, outputs) : model.predict(images)].flat() as tf.Tensor[],
    dispose: () => model.dispose(),
  };
}

async function openLayers(artifacts: tf.io.ModelArtifacts, file: string, outputs?: string[]): Promise<Runnable> {
  const { loadLayersModel, model: build } = await imported(
    () => import('@tensorflow/tfjs-layers'),
    '@tensorflow/tfjs-layers',
  );
  const whole = await opened(() => loadLayersModel(tf.io.fromMemory(artifacts)), file);
  const model = outputs
    ? await opened(
        async () =>
          build({ inputs: whole.inputs, outputs: outputs.map((name) => whole.getLayer(name).output as never) }),
        file,
      )
    : whole;
  return {
    ...imageInput(
      whole.inputs.map(({ shape }) => shape),
      file,
    ),
    run: (images) => [model.predict(images)].flat() as tf.Tensor[],
    dispose: () => {
      whole.dispose();
    },
  };
}

async function imported<T>(load: () => Promise<T>, name: string): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw new InputError(
      `expected the package ${name}, which reads this model, got ${(error as Error).message.split('\n')[0]}; install it: npm install ${name}@4.22.0`,
    );
  }
}

async function opened<T>(open: () => Promise<T>, file: string): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw new InputError(`expected a sound model of TensorFlow.js, got ${faultReason(error)}`, {
      file,
    });
  }
}
