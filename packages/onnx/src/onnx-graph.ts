import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { faultReason, fromFloat16, InputError, regularFile, resolveInside } from '@cxr-align/files';
import type { PbfReader } from 'pbf';

/** An array of a model: integers and booleans are kept as int32, all other numbers as float32. */
export interface OnnxArray {
  shape: number[];
  dtype: 'float32' | 'int32' | 'bool';
  data: Float32Array | Int32Array;
}

/** The setting of an operation; an empty list for kinds that are not read, such as a subgraph. */
export type OnnxAttribute = number | string | number[] | OnnxArray | undefined;

/** One operation of a graph. */
export interface OnnxNode {
  /** Its type, such as `MatMul`. */
  operation: string;
  /** Names of values; empty where an optional one is left out. */
  inputs: string[];
  outputs: string[];
  attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** The graph of an ONNX file. */
export interface OnnxGraph {
  inputs: string[];
  outputs: string[];
  /** In an order in which they can run. */
  nodes: OnnxNode[];
  /** Weights by name. */
  constants: Map<string, OnnxArray>;
  /** The types of their numbers in the file, such as `float16`. */
  storedTypes: Map<string, string>;
}

/** How a type of number is stored in a file. */
interface NumberKind {
  name: string;
  dtype: OnnxArray['dtype'];
  bytes: number;
  read: (view: DataView, at: number) => number;
}

/** The number types that are read, by their code in ONNX (TensorProto.DataType). */
const numberKinds: Readonly<Record<number, NumberKind>> = {
  1: { name: 'float32', dtype: 'float32', bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  2: { name: 'uint8', dtype: 'int32', bytes: 1, read: (view, at) => view.getUint8(at) },
  3: { name: 'int8', dtype: 'int32', bytes: 1, read: (view, at) => view.getInt8(at) },
  6: { name: 'int32', dtype: 'int32', bytes: 4, read: (view, at) => view.getInt32(at, true) },
  7: { name: 'int64', dtype: 'int32', bytes: 8, read: (view, at) => within32Bits(Number(view.getBigInt64(at, true))) },
  9: { name: 'bool', dtype: 'bool', bytes: 1, read: (view, at) => view.getUint8(at) },
  10: { name: 'float16', dtype: 'float32', bytes: 2, read: (view, at) => fromFloat16(view.getUint16(at, true)) },
  11: { name: 'float64', dtype: 'float32', bytes: 8, read: (view, at) => view.getFloat64(at, true) },
};

/** How numbers of a type (TensorProto.DataType) are kept; undefined for types that are not read. */
export function onnxDtype(type: number): OnnxArray['dtype'] | undefined {
  return Object.hasOwn(numberKinds, type) ? numberKinds[type].dtype : undefined;
}

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
  /** Where the numbers lie, if they are in another file. */
  beside: Map<string, string>;
}

/**
 * Reads the graph of an ONNX file: float32, float64 and float16 weights as float32, integers as int32, also where they are
 * stored in a file beside it (which must lie in the same folder). 64-bit integers are clamped to 32 bits.
 *
 * @throws {InputError} if it is no ONNX file, is damaged, or has numbers of another type.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export async function readOnnxGraph(file: string): Promise<OnnxGraph> {
  const { PbfReader: Reader } = await import('pbf');
  const graph: OnnxGraph = { inputs: [], outputs: [], nodes: [], constants: new Map(), storedTypes: new Map() };
  try {
    const reader = new Reader(readFileSync(file));
    reader.readFields((tag, _, pbf) => {
      if (tag === 7) pbf.readMessage((part, into, inner) => readGraphField(part, into, inner, file), graph);
    }, undefined);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`expected an ONNX model, got ${faultReason(error)}; export it again`, { file });
  }
  if (graph.nodes.length === 0)
    throw new InputError('expected an ONNX model, got no operation in it; export it again', { file });
  graph.inputs = graph.inputs.filter((name) => !graph.constants.has(name));
  return graph;
}

function readGraphField(tag: number, graph: OnnxGraph, pbf: PbfReader, file: string): void {
  if (tag === 1) graph.nodes.push(readNode(pbf, file));
  else if (tag === 5) {
    const { name, array, type } = readTensor(pbf, file);
    graph.constants.set(name, array);
    graph.storedTypes.set(name, numberKinds[type].name);
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

function readNode(pbf: PbfReader, file: string): OnnxNode {
  // Without a prototype: names come from the file.
  const attributes = Object.create(null) as Record<string, OnnxAttribute>;
  const node: OnnxNode = { operation: '', inputs: [], outputs: [], attributes };
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

function readAttribute(pbf: PbfReader, file: string): { name: string; value: OnnxAttribute } {
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
    { name: '', value: undefined as OnnxAttribute, list: [] as number[] },
  );
  return { name: read.name, value: read.value ?? read.list };
}

function readTensor(pbf: PbfReader, file: string): { name: string; array: OnnxArray; type: number } {
  const parts: TensorParts = { name: '', dims: [], type: 0, numbers: [], beside: new Map() };
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
      into.beside.set(entry.key, entry.value);
    }
  }, parts);
  return { name: parts.name, array: arrayOf(parts, file), type: parts.type };
}

function arrayOf({ name, dims, type, raw, numbers, beside }: TensorParts, file: string): OnnxArray {
  const kind = Object.hasOwn(numberKinds, type) ? numberKinds[type] : undefined;
  const what = name === '' ? 'a constant' : name;
  if (!kind)
    throw new InputError(
      `expected numbers of ${Object.values(numberKinds)
        .map((known) => known.name)
        .join(', ')} in ${what}, got ONNX's type ${type}; export the model in float32`,
      { file },
    );
  const size = dims.reduce((product, extent) => product * extent, 1);
  const bytes = !beside.has('location') ? raw : readBeside(file, beside);
  const count = bytes ? bytes.byteLength / kind.bytes : numbers.length;
  if (count !== size || dims.some((extent) => extent < 0))
    throw new InputError(`expected ${size} numbers of [${dims}] in ${what}, got ${count}; export it again`, { file });
  const data = kind.dtype === 'float32' ? new Float32Array(size) : new Int32Array(size);
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

/** Weights that are stored in a file beside the model. */
function readBeside(file: string, beside: ReadonlyMap<string, string>): Uint8Array {
  const offset = Number(beside.get('offset') ?? '0');
  const path = resolveInside(dirname(file), beside.get('location')!, { file });
  const { size } = regularFile(path, 'a file of numbers');
  const length = Number(beside.get('length') ?? size - offset);
  if (!(
    Number.isSafeInteger(offset) &&
    offset >= 0 &&
    Number.isSafeInteger(length) &&
    length >= 0 &&
    offset + length <= size
  ))
    throw new InputError(`expected ${length} bytes from ${offset} on, got ${size} in all; copy it again`, {
      file: path,
    });
  const bytes = new Uint8Array(length);
  const opened = openSync(path, 'r');
  try {
    const read = readSync(opened, bytes, 0, bytes.length, offset);
    if (read !== bytes.length)
      throw new InputError(`expected ${length} bytes from ${offset} on, got ${read}; copy it again`, { file: path });
  } finally {
    closeSync(opened);
  }
  return bytes;
}
