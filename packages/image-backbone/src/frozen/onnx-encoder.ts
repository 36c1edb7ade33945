import { basename, resolve } from 'node:path';
import { OnnxModel, type OnnxOptions, type OnnxTensor } from '@cxr-align/onnx';
import type { EncoderPreprocessing, FrozenFeatures, FrozenImageEncoder } from './frozen-encoder.js';
import { inputLayout, probeModel, refuseOtherSize, type InputLayout } from './onnx-input.js';
import {
  chooseOutputs,
  firstRows,
  joined,
  mapLayout,
  meanOverPatches,
  patchesOf,
  valuesOf,
  type ChosenOutputs,
} from './onnx-outputs.js';
import { readPreprocessing } from './preprocessing-file.js';

/** Where exporters put an image encoder. */
export const modelFiles = ['model.onnx', 'onnx/vision_model.onnx', 'onnx/model.onnx'];

/**
 * A frozen image encoder in a folder: an ONNX file (`model.onnx`, `onnx/vision_model.onnx` or `onnx/model.onnx`) beside a file
 * that describes how images are prepared ({@link readPreprocessing}). Its one input takes float32 [batch, channels, size, size] or
 * [batch, size, size, channels], with an open or a fixed batch; an output of two axes is its vector, one of
 * [batch, dim, grid, grid], [batch, grid, grid, dim] or [batch, tokens, dim] its map. Where it has a map alone, the vector is the
 * mean over the patches.
 */
export class OnnxImageEncoder implements FrozenImageEncoder {
  private constructor(
    readonly name: string,
    readonly weightsHash: string,
    readonly preprocessing: EncoderPreprocessing,
    readonly dim: number,
    readonly map: { grid: number; dim: number } | undefined,
    private readonly model: OnnxModel,
    /** How its file takes images. */
    readonly input: InputLayout,
    /** The outputs of its file that are used. */
    readonly outputs: ChosenOutputs,
  ) {
    const { rescale, mean, std } = preprocessing;
    const tables = mean.map((centre, channel) =>
      Float32Array.from({ length: 256 }, (_, value) => (value * rescale - centre) / std[channel]),
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
    try {
      const { file } = model;
      const input = inputLayout(model);
      const preprocessing = readPreprocessing(folder, input.channels);
      refuseOtherSize(model, input, preprocessing);
      const { probe, chosen, batch } = await probeModel(model, input, preprocessing, (outputs) =>
        chooseOutputs(outputs, file),
      );
      const { pooled, map } = chosen;
      const layout = map === undefined ? undefined : mapLayout(probe[map].dims, input.isChannelsLast, file);
      return new OnnxImageEncoder(
        basename(resolve(folder)),
        model.weightsHash,
        preprocessing,
        pooled === undefined ? layout!.dim : probe[pooled].dims[1],
        layout && { grid: layout.grid, dim: layout.dim },
        model,
        { ...input, batch },
        chosen,
      );
    } catch (error) {
      await model.dispose();
      throw error;
    }
  }

  /** The ONNX file. */
  get file(): string {
    return this.model.file;
  }

  async encode(
    images: readonly Uint8Array[],
    wanted: readonly (keyof FrozenFeatures)[] = ['pooled'],
  ): Promise<FrozenFeatures> {
    if (wanted.includes('map') && !this.map)
      throw new RangeError(
        `image-backbone/OnnxImageEncoder: expected 'pooled' of ${this.name}, got 'map'; it has no output of patches`,
      );
    const { batch = Math.max(1, images.length) } = this.input;
    const parts: FrozenFeatures[] = [];
    for (let at = 0; at < Math.max(1, images.length); at += batch)
      parts.push(await this.encodePart(images.slice(at, at + batch), wanted));
    if (parts.length === 1) return parts[0];
    return Object.fromEntries(wanted.map((kind) => [kind, joined(parts.map((part) => part[kind]!))]));
  }

  /** Encodes at most as many images as a run takes; where that is fixed, the last ones are made up with black images. */
  private async encodePart(
    images: readonly Uint8Array[],
    wanted: readonly (keyof FrozenFeatures)[],
  ): Promise<FrozenFeatures> {
    const { size, channels } = this.preprocessing;
    const { name, batch = images.length, isChannelsLast } = this.input;
    const values = this.pixels(images, batch);
    const shape = isChannelsLast ? [batch, size, size, channels] : [batch, channels, size, size];
    const { pooled = this.outputs.map!, map } = this.outputs;
    const names = wanted.map((kind) => (kind === 'map' ? map! : pooled));
    const outputs = await this.model.run({ [name]: { values, shape } }, [...new Set(names)]);
    this.spare = values;
    const own = (tensor: OnnxTensor): OnnxTensor => firstRows(tensor, images.length);
    const patches = (tensor: OnnxTensor): Float32Array => patchesOf(own(tensor), this.map!.grid, isChannelsLast);
    const features: FrozenFeatures = {};
    if (wanted.includes('map')) features.map = patches(outputs[map!]);
    if (wanted.includes('pooled')) {
      features.pooled =
        this.outputs.pooled === undefined
          ? meanOverPatches(features.map ?? patches(outputs[pooled]), images.length, this.map!)
          : valuesOf(own(outputs[pooled]));
    }
    return features;
  }

  /** float32 of a batch, in the model's order of axes; what images it lacks are left as they are in memory. */
  private pixels(images: readonly Uint8Array[], batch: number): Float32Array {
    const { size, channels } = this.preprocessing;
    const { isChannelsLast } = this.input;
    const { tables } = this;
    const area = size * size;
    const numbers = batch * channels * area;
    const values = this.spare?.length === numbers ? this.spare : new Float32Array(numbers);
    this.spare = undefined;
    images.forEach((pixels, i) => {
      if (pixels.length !== area)
        throw new RangeError(
          `image-backbone/OnnxImageEncoder: expected ${size} × ${size} grey values, got ${pixels.length}`,
        );
      const start = i * channels * area;
      if (isChannelsLast) {
        for (let at = 0, to = start; at < area; at++)
          for (let channel = 0; channel < channels; channel++)
            values[to++] = (tables[channel] ?? tables[0])[pixels[at]];
        return;
      }
      tables.forEach((table, channel) => {
        for (let at = 0, to = start + channel * area; at < area; at++, to++) values[to] = table[pixels[at]];
      });
      for (let channel = tables.length; channel < channels; channel++)
        values.copyWithin(start + channel * area, start, start + area);
    });
    return values;
  }

  async dispose(): Promise<void> {
    await this.model.dispose();
  }
}
