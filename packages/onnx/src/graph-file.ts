import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { fromFloat16, InputError, resolveInside } from '@cxr-align/files';
import type { PbfReader } from 'pbf';

/** Numbers of a model: whole ones and truth values as int32, all others as float32. */
export interface GraphArray {
  shape: number[];
  dtype: 'float32' | 'int32' | 'bool';
  data: Float32Array | Int32Array;
}

/** What an operation is set to. */
export type Attribute = number | string | number[] | GraphArray | undefined;

/** One operation. */
export interface GraphNode {
  operation: string;
  /** Names of values; empty where an optional one is left out. */
  inputs: string[];
  outputs: string[];
  attributes: Readonly<Record<string, Attribute>>;
}

/** What an ONNX file says. */
export interface GraphFile {
  inputs: string[];
  outputs: string[];
  /** In an order in which they can run. */
  nodes: GraphNode[];
  /** Weights by name. */
  constants: Map<string, GraphArray>;
}

/** How a kind of number lies in a file. */
interface NumberKind {
  name: string;
  dtype: GraphArray['dtype'];
  bytes: number;
  read: (view: DataView, at: number) => number;
}

/** The kinds of numbers that are known here, by the number that ONNX (TensorProto.DataType) gives them. */
export const numberKinds: Readonly<Record<number, NumberKind>> = {
  1: { name: 'float32', dtype: 'float32', bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  2: { name: 'uint8', dtype: 'int32', bytes: 1, read: (view, at) => view.getUint8(at) },
  3: { name: 'int8', dtype: 'int32', bytes: 1, read: (view, at) => view.getInt8(at) },
  6: { name: 'int32', dtype: 'int32', bytes: 4, read: (view, at) => view.getInt32(at, true) },
  7: { name: 'int64', dtype: 'int32', bytes: 8, read: (view, at) => within32Bits(Number(view.getBigInt64(at, true))) },
  9: { name: 'bool', dtype: 'bool', bytes: 1, read: (view, at) => view.getUint8(at) },
  10: { name: 'float16', dtype: 'float32', bytes: 2, read: (view, at) => fromFloat16(view.getUint16(at, true)) },
  11: { name: 'float64', dtype: 'float32', bytes: 8, read: (view, at) => view.getFloat64(at, true) },
};

/** Ends that stand for "all of it" are larger than anything that is counted here. */
function within32Bits(value: number): number {
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, value));
}

interface TensorParts {
  name: string;
  dims: number[];
  type: number;
  raw?: Uint8Array;
  numbers: number[];
  beside: Record<string, string>;
}

/**
 * Reads an ONNX file.
 *
 * @throws {InputError} if it is none, or has numbers that are not known here.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export async function readGraphFile(file: string): Promise<GraphFile> {
  const { PbfReader: Reader } = await import('pbf');
  const graph: GraphFile = { inputs: [], outputs: [], nodes: [], constants: new Map() };
  try {
    const reader = new Reader(readFileSync(file));
    reader.readFields((tag, _, pbf) => {
      if (tag === 7) pbf.readMessage((part, into, inner) => readGraphField(part, into, inner, file), graph);
    }, undefined);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`expected an ONNX model, got ${(error as Error).message}`, { file });
  }
  if (graph.nodes.length === 0) throw new InputError('expected an ONNX model, got no operation in it', { file });
  graph.inputs = graph.inputs.filter((name) => !graph.constants.has(name));
  return graph;
}

function readGraphField(tag: number, graph: GraphFile, pbf: PbfReader, file: string): void {
  if (tag === 1) graph.nodes.push(readNode(pbf, file));
  else if (tag === 5) {
    const { name, array } = readTensor(pbf, file);
    graph.constants.set(name, array);
  } else if (tag === 11) graph.inputs.push(readName(pbf));
  else if (tag === 12) graph.outputs.push(readName(pbf));
}

function readName(pbf: PbfReader): string {
  return pbf.readMessage(
    (tag, value, inner) => {
      if (tag === 1) value.name = inner.readString();
    },
    { name: '' },
  ).name;
}

function readNode(pbf: PbfReader, file: string): GraphNode {
  const attributes: Record<string, Attribute> = {};
  const node: GraphNode = { operation: '', inputs: [], outputs: [], attributes };
  return pbf.readMessage((tag, into, inner) => {
    if (tag === 1) into.inputs.push(inner.readString());
    else if (tag === 2) into.outputs.push(inner.readString());
    else if (tag === 4) into.operation = inner.readString();
    else if (tag === 5) {
      const { name, value } = readAttribute(inner, file);
      attributes[name] = value;
    }
  }, node);
}

function readAttribute(pbf: PbfReader, file: string): { name: string; value: Attribute } {
  const read = pbf.readMessage(
    (tag, into, inner) => {
      if (tag === 1) into.name = inner.readString();
      else if (tag === 2) into.value = inner.readFloat();
      else if (tag === 3) into.value = inner.readVarint(true);
      else if (tag === 4) into.value = inner.readString();
      else if (tag === 5) into.value = readTensor(inner, file).array;
      else if (tag === 7) inner.readPackedFloat(into.list);
      else if (tag === 8) inner.readPackedVarint(into.list, true);
    },
    { name: '', value: undefined as Attribute, list: [] as number[] },
  );
  return { name: read.name, value: read.value ?? read.list };
}

function readTensor(pbf: PbfReader, file: string): { name: string; array: GraphArray } {
  const parts: TensorParts = { name: '', dims: [], type: 0, numbers: [], beside: {} };
  pbf.readMessage((tag, into, inner) => {
    if (tag === 1) inner.readPackedVarint(into.dims, true);
    else if (tag === 2) into.type = inner.readVarint();
    else if (tag === 4) inner.readPackedFloat(into.numbers);
    else if (tag === 5 || tag === 7) inner.readPackedVarint(into.numbers, true);
    else if (tag === 8) into.name = inner.readString();
    else if (tag === 9) into.raw = inner.readBytes();
    else if (tag === 10) inner.readPackedDouble(into.numbers);
    else if (tag === 13) {
      const entry = inner.readMessage(
        (part, pair, pairs) => {
          if (part === 1) pair.key = pairs.readString();
          else if (part === 2) pair.value = pairs.readString();
        },
        { key: '', value: '' },
      );
      into.beside[entry.key] = entry.value;
    }
  }, parts);
  return { name: parts.name, array: arrayOf(parts, file) };
}

function arrayOf({ name, dims, type, raw, numbers, beside }: TensorParts, file: string): GraphArray {
  const kind = numberKinds[type];
  const what = name === '' ? 'a constant' : name;
  if (!kind)
    throw new InputError(
      `expected numbers of ${Object.values(numberKinds)
        .map((known) => known.name)
        .join(', ')} in ${what}, got ONNX's type ${type}; export the model in float32`,
      { file },
    );
  const size = dims.reduce((product, extent) => product * extent, 1);
  const data = kind.dtype === 'float32' ? new Float32Array(size) : new Int32Array(size);
  const bytes = beside.location === undefined ? raw : readBeside(file, beside);
  const count = bytes ? bytes.byteLength / kind.bytes : numbers.length;
  if (count !== size) throw new InputError(`expected ${size} numbers of [${dims}] in ${what}, got ${count}`, { file });
  if (bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < size; i++) data[i] = kind.read(view, i * kind.bytes);
  } else {
    numbers.forEach((number, i) => (data[i] = kind.name === 'float16' ? fromFloat16(number) : within(kind, number)));
  }
  return { shape: dims, dtype: kind.dtype, data };
}

function within({ dtype }: NumberKind, number: number): number {
  return dtype === 'float32' ? number : within32Bits(number);
}

/** Weights that lie in a file beside the model. */
function readBeside(file: string, { location, offset = '0', length }: Record<string, string>): Uint8Array {
  const path = resolveInside(dirname(file), location);
  if (length === undefined) return readFileSync(path).subarray(Number(offset));
  const bytes = new Uint8Array(Number(length));
  const opened = openSync(path, 'r');
  try {
    const read = readSync(opened, bytes, 0, bytes.length, Number(offset));
    if (read !== bytes.length)
      throw new InputError(`expected ${length} bytes from ${offset} on, got ${read}`, { file: path });
  } finally {
    closeSync(opened);
  }
  return bytes;
}
