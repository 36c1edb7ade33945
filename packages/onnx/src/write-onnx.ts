import type { PbfWriter } from 'pbf';
import type { OnnxArray } from './onnx-graph.js';

/** The setting of an operation that is written: whole numbers, other numbers as `{ float }`, a text. */
export type WrittenAttribute = number | readonly number[] | { float: number } | string;

/** An operation that is written. */
export interface WrittenNode {
  operation: string;
  /** Names of values; empty where an optional one is left out. */
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Readonly<Record<string, WrittenAttribute>>;
}

/** An input or output of float32: extents, and names of those that are open. */
export interface WrittenValue {
  name: string;
  shape: readonly (number | string)[];
}

/** A model that is written. */
export interface WrittenModel {
  name: string;
  inputs: readonly WrittenValue[];
  outputs: readonly WrittenValue[];
  /** In an order in which they can run. */
  nodes: readonly WrittenNode[];
  /** Weights by name; int32 ones are written as int64, which operations want for shapes and axes. */
  constants: ReadonlyMap<string, Omit<OnnxArray, 'dtype'>>;
}

/** The operations are those of this version of ONNX. */
const opset = 17;
/** The version of the file format that came with it. */
const irVersion = 8;
const float32 = 1;
const int64 = 7;

/**
 * An ONNX file of a graph.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export async function writeOnnxModel({ name, inputs, outputs, nodes, constants }: WrittenModel): Promise<Uint8Array> {
  const { PbfWriter: Writer } = await import('pbf');
  const pbf = new Writer();
  pbf.writeVarintField(1, irVersion);
  pbf.writeStringField(2, 'cxr-align');
  pbf.writeMessage(
    7,
    (_, graph) => {
      for (const node of nodes) graph.writeMessage(1, writeNode, node);
      graph.writeStringField(2, name);
      for (const [constant, array] of constants) graph.writeMessage(5, writeTensor, { name: constant, ...array });
      for (const value of inputs) graph.writeMessage(11, writeValue, value);
      for (const value of outputs) graph.writeMessage(12, writeValue, value);
    },
    undefined,
  );
  pbf.writeMessage(
    8,
    (_, set) => {
      set.writeStringField(1, '');
      set.writeVarintField(2, opset);
    },
    undefined,
  );
  return pbf.finish();
}

function writeNode({ operation, inputs, outputs, attributes = {} }: WrittenNode, pbf: PbfWriter): void {
  for (const input of inputs) pbf.writeStringField(1, input);
  for (const output of outputs) pbf.writeStringField(2, output);
  pbf.writeStringField(4, operation);
  for (const [name, value] of Object.entries(attributes)) pbf.writeMessage(5, writeAttribute, { name, value });
}

/** AttributeProto, with the number of its type in the field 20. */
function writeAttribute({ name, value }: { name: string; value: WrittenAttribute }, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  if (typeof value === 'number') {
    pbf.writeVarintField(3, value);
    pbf.writeVarintField(20, 2);
  } else if (typeof value === 'string') {
    pbf.writeStringField(4, value);
    pbf.writeVarintField(20, 3);
  } else if ('float' in value) {
    pbf.writeFloatField(2, value.float);
    pbf.writeVarintField(20, 1);
  } else {
    for (const one of value) pbf.writeVarintField(8, one);
    pbf.writeVarintField(20, 7);
  }
}

/** TensorProto with its numbers as raw bytes. */
export function writeTensor({ name, shape, data }: Omit<OnnxArray, 'dtype'> & { name: string }, pbf: PbfWriter): void {
  for (const extent of shape) pbf.writeVarintField(1, extent);
  const isWhole = data instanceof Int32Array;
  pbf.writeVarintField(2, isWhole ? int64 : float32);
  pbf.writeStringField(8, name);
  const values = isWhole ? BigInt64Array.from(data, BigInt) : data;
  pbf.writeBytesField(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

function writeValue({ name, shape }: WrittenValue, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  pbf.writeMessage(
    2,
    (_, type) =>
      type.writeMessage(
        1,
        (__, tensor) => {
          tensor.writeVarintField(1, float32);
          tensor.writeMessage(2, writeShape, shape);
        },
        undefined,
      ),
    undefined,
  );
}

function writeShape(shape: readonly (number | string)[], pbf: PbfWriter): void {
  for (const extent of shape)
    pbf.writeMessage(
      1,
      (size, dimension) =>
        typeof size === 'number' ? dimension.writeVarintField(1, size) : dimension.writeStringField(2, size),
      extent,
    );
}
