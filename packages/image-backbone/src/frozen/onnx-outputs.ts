import { InputError } from '@cxr-align/files';
import type { OnnxTensor } from '@cxr-align/onnx';

/** Names that exporters give the one vector of an image; else the first output of two axes is taken. */
const pooledNames = ['features', 'image_embeds', 'image_embeddings', 'pooler_output', 'embeddings'];
/** The same for its feature map. */
const mapNames = ['feature_map', 'last_hidden_state'];

/** The most tokens beside those of the patches (class, registers) at the start of a sequence. */
const mostExtraTokens = 8;

/** What one run of the model gives. */
export type Outputs = Record<string, OnnxTensor>;

/** The names of the outputs that are the vector and the map. */
export interface ChosenOutputs {
  pooled?: string;
  map?: string;
}

/** Arrays one after the other as one. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** An output without the rows of made-up images. */
export function firstRows(tensor: OnnxTensor, count: number): OnnxTensor {
  const [rows, ...rest] = tensor.dims;
  if (rows === count) return tensor;
  const values = valuesOf(tensor);
  return { ...tensor, dims: [count, ...rest], data: values.subarray(0, (values.length / rows) * count) };
}

/** The names of the outputs that are the vector and the map. */
export function chooseOutputs(outputs: Outputs, file: string): ChosenOutputs {
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
        .join(', ')}; export the encoder with one of these`,
      { file },
    );
  return chosen;
}

/** The grid of a map, and how many tokens come before its patches. */
export function mapLayout(
  dims: readonly number[],
  isChannelsLast: boolean,
  file: string,
): { grid: number; dim: number; extra: number } {
  if (dims.length === 4) {
    const [dim, height, width] = isChannelsLast ? [dims[3], dims[1], dims[2]] : dims.slice(1);
    if (height === width) return { grid: height, dim, extra: 0 };
    throw new InputError(`expected a square map, got [${dims}]; export the encoder with a square input`, { file });
  }
  const [, tokens, dim] = dims;
  const grid = Math.floor(Math.sqrt(tokens));
  const extra = tokens - grid * grid;
  if (extra > mostExtraTokens)
    throw new InputError(
      `expected tokens of a square map and at most ${mostExtraTokens} others, got [${dims}]; export the encoder with a square input`,
      {
        file,
      },
    );
  return { grid, dim, extra };
}

/** The numbers of an output of type float32. */
export function valuesOf(tensor: OnnxTensor): Float32Array {
  return tensor.data as Float32Array;
}

/** A map as [images, patches, dim]. */
export function patchesOf(tensor: OnnxTensor, grid: number, isChannelsLast: boolean): Float32Array {
  const { dims } = tensor;
  const values = valuesOf(tensor);
  const patches = grid * grid;
  const [images] = dims;
  if (dims.length === 3) {
    const [, tokens, dim] = dims;
    const out = new Float32Array(images * patches * dim);
    for (let i = 0; i < images; i++)
      out.set(values.subarray((i * tokens + tokens - patches) * dim, (i + 1) * tokens * dim), i * patches * dim);
    return out;
  }
  if (isChannelsLast) return values;
  const [, dim] = dims;
  const out = new Float32Array(values.length);
  for (let i = 0; i < images; i++) {
    const start = i * dim * patches;
    for (let feature = 0; feature < dim; feature++)
      for (let patch = 0; patch < patches; patch++)
        out[start + patch * dim + feature] = values[start + feature * patches + patch];
  }
  return out;
}

/**
 * The mean over the patches of each map.
 *
 * @param map [images, patches, dim] row by row.
 * @returns [images, dim] row by row.
 */
export function meanOverPatches(
  map: Float32Array,
  images: number,
  { grid, dim }: { grid: number; dim: number },
): Float32Array {
  const patches = grid * grid;
  const mean = new Float32Array(images * dim);
  for (let row = 0; row < images * patches; row++) {
    const image = Math.floor(row / patches);
    for (let feature = 0; feature < dim; feature++) mean[image * dim + feature] += map[row * dim + feature] / patches;
  }
  return mean;
}
