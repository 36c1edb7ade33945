import { basename, resolve } from 'node:path';
import { InputError } from '@cxr-align/files';
import { OnnxModel, type OnnxOptions, type OnnxTensor } from '@cxr-align/onnx';
import type { EncoderPreprocessing, FrozenFeatures, FrozenImageEncoder } from './frozen-encoder.js';
import { readPreprocessing } from './preprocessing-file.js';

/** Where exporters put an image encoder. */
const modelFiles = ['model.onnx', 'onnx/vision_model.onnx', 'onnx/model.onnx'];

/** Names that exporters give the one vector of an image; else the first output of two axes is taken. */
const pooledNames = ['features', 'image_embeds', 'image_embeddings', 'pooler_output', 'embeddings'];
/** The same for its places. */
const mapNames = ['feature_map', 'last_hidden_state'];

/** The most tokens beside those of the places (class, registers) at the start of a sequence. */
const mostExtraTokens = 8;

/** What one run of the model gives. */
type Outputs = Record<string, OnnxTensor>;

/**
 * A frozen image encoder in a folder: an ONNX file (`model.onnx`, `onnx/vision_model.onnx` or `onnx/model.onnx`) beside a
 * `preprocess.json` or `preprocessor_config.json`. Its first input takes float32 [batch, channels, size, size]; an output of two
 * axes is its vector, one of [batch, dim, grid, grid] or [batch, tokens, dim] its map. Where it has a map alone, the vector is
 * the mean over the places.
 */
export class OnnxImageEncoder implements FrozenImageEncoder {
  private constructor(
    readonly name: string,
    readonly weightsHash: string,
    readonly preprocessing: EncoderPreprocessing,
    readonly dim: number,
    readonly map: { grid: number; dim: number } | undefined,
    private readonly model: OnnxModel,
    private readonly outputs: { pooled?: string; map?: string },
  ) {
    const { rescale, mean, deviation } = preprocessing;
    const tables = mean.map((centre, channel) =>
      Float32Array.from({ length: 256 }, (_, value) => (value * rescale - centre) / deviation[channel]),
    );
    const isOne = tables.every((table) => table.every((value, grey) => value === tables[0][grey]));
    this.tables = isOne ? tables.slice(0, 1) : tables;
  }

  /** What each grey value becomes: a table for each channel, or one for all of them. */
  private readonly tables: Float32Array[];
  /** The input of the run before, to be filled again: fresh memory of this size costs more than what goes into it. */
  private spare: Float32Array | undefined;

  /** @throws {InputError} if the folder holds no encoder, or one that is no image encoder. */
  static async load(folder: string, options: OnnxOptions = {}): Promise<OnnxImageEncoder> {
    const model = await OnnxModel.open(folder, modelFiles, options);
    const { file } = model;
    const [input] = model.inputs;
    if (input?.type !== 'float32' || input.shape.length !== 4)
      throw new InputError(
        `expected an input float32 [batch, channels, height, width] first, got ${input ? `${input.type} [${input.shape}]` : 'none'}`,
        { file },
      );
    const preprocessing = readPreprocessing(folder, input.shape[1] ?? 3);
    // Shapes are often left open in the file: a black image tells them.
    const probe = await model.run({ [input.name]: blackImage(preprocessing) });
    const { pooled, map } = chooseOutputs(probe, file);
    const layout = map === undefined ? undefined : mapLayout(probe[map].dims, file);
    return new OnnxImageEncoder(
      basename(resolve(folder)),
      model.weightsHash,
      preprocessing,
      pooled === undefined ? layout!.dim : probe[pooled].dims[1],
      layout && { grid: layout.grid, dim: layout.dim },
      model,
      { pooled, map },
    );
  }

  async encode(
    images: readonly Uint8Array[],
    wanted: readonly (keyof FrozenFeatures)[] = ['pooled'],
  ): Promise<FrozenFeatures> {
    if (wanted.includes('map') && !this.map)
      throw new RangeError(`image-backbone/OnnxImageEncoder: expected no map to be wanted, for ${this.name} has none`);
    const { size, channels } = this.preprocessing;
    const area = size * size;
    const numbers = images.length * channels * area;
    const values = this.spare?.length === numbers ? this.spare : new Float32Array(numbers);
    this.spare = undefined;
    images.forEach((pixels, i) => {
      if (pixels.length !== area)
        throw new RangeError(
          `image-backbone/OnnxImageEncoder: expected ${size} × ${size} grey values, got ${pixels.length}`,
        );
      const start = i * channels * area;
      this.tables.forEach((table, channel) => {
        for (let at = 0, to = start + channel * area; at < area; at++, to++) values[to] = table[pixels[at]];
      });
      const filled = this.tables.length;
      for (let channel = filled; channel < channels; channel++)
        values.copyWithin(start + channel * area, start, start + area);
    });
    const [input] = this.model.inputs;
    const shape = [images.length, channels, size, size];
    const { pooled = this.outputs.map!, map } = this.outputs;
    const names = wanted.map((kind) => (kind === 'map' ? map! : pooled));
    const outputs = await this.model.run({ [input.name]: { values, shape } }, [...new Set(names)]);
    this.spare = values;
    const features: FrozenFeatures = {};
    if (wanted.includes('map')) features.map = placesOf(outputs[map!], this.map!.grid);
    if (wanted.includes('pooled')) {
      features.pooled =
        this.outputs.pooled === undefined
          ? meanOverPlaces(features.map ?? placesOf(outputs[pooled], this.map!.grid), images.length, this.map!)
          : valuesOf(outputs[pooled]);
    }
    return features;
  }

  async dispose(): Promise<void> {
    await this.model.dispose();
  }
}

function blackImage({ size, channels }: EncoderPreprocessing): { values: Float32Array; shape: number[] } {
  return { values: new Float32Array(channels * size * size), shape: [1, channels, size, size] };
}

/** The names of the outputs that are the vector and the map. */
function chooseOutputs(outputs: Outputs, file: string): { pooled?: string; map?: string } {
  const named = Object.entries(outputs).filter(([, value]) => value.type === 'float32');
  const choose = (known: readonly string[], ...ranks: number[]): string | undefined => {
    const fitting = named.filter(([, value]) => ranks.includes(value.dims.length)).map(([name]) => name);
    return known.find((name) => fitting.includes(name)) ?? fitting[0];
  };
  const chosen = { pooled: choose(pooledNames, 2), map: choose(mapNames, 4, 3) };
  if (chosen.pooled === undefined && chosen.map === undefined)
    throw new InputError(
      `expected an output float32 [batch, dim] or a map, got ${Object.entries(outputs)
        .map(([name, value]) => `${name} ${value.type} [${value.dims}]`)
        .join(', ')}`,
      { file },
    );
  return chosen;
}

/** The grid of a map, and how many tokens come before its places. */
function mapLayout(dims: readonly number[], file: string): { grid: number; dim: number; extra: number } {
  if (dims.length === 4) {
    const [, dim, height, width] = dims;
    if (height === width) return { grid: height, dim, extra: 0 };
    throw new InputError(`expected a square map, got [${dims}]`, { file });
  }
  const [, tokens, dim] = dims;
  const grid = Math.floor(Math.sqrt(tokens));
  const extra = tokens - grid * grid;
  if (extra > mostExtraTokens)
    throw new InputError(`expected tokens of a square map and at most ${mostExtraTokens} others, got [${dims}]`, {
      file,
    });
  return { grid, dim, extra };
}

function valuesOf(tensor: OnnxTensor): Float32Array {
  return tensor.data as Float32Array;
}

/** A map as [images, places, dim]. */
function placesOf(tensor: OnnxTensor, grid: number): Float32Array {
  const { dims } = tensor;
  const values = valuesOf(tensor);
  const places = grid * grid;
  const [images] = dims;
  if (dims.length === 3) {
    const [, tokens, dim] = dims;
    const out = new Float32Array(images * places * dim);
    for (let i = 0; i < images; i++)
      out.set(values.subarray((i * tokens + tokens - places) * dim, (i + 1) * tokens * dim), i * places * dim);
    return out;
  }
  const [, dim] = dims;
  const out = new Float32Array(values.length);
  for (let i = 0; i < images; i++) {
    const start = i * dim * places;
    for (let feature = 0; feature < dim; feature++)
      for (let place = 0; place < places; place++)
        out[start + place * dim + feature] = values[start + feature * places + place];
  }
  return out;
}

function meanOverPlaces(map: Float32Array, images: number, { grid, dim }: { grid: number; dim: number }): Float32Array {
  const places = grid * grid;
  const mean = new Float32Array(images * dim);
  for (let row = 0; row < images * places; row++) {
    const image = Math.floor(row / places);
    for (let feature = 0; feature < dim; feature++) mean[image * dim + feature] += map[row * dim + feature] / places;
  }
  return mean;
}
