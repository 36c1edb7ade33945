import { InputError } from '@cxr-align/files';
import type { PbfReader } from 'pbf';
import type { OnnxArray } from './onnx-graph.js';
import { writeTensor } from './write-onnx.js';

/** Numbers of the fields of ModelProto, GraphProto and TensorProto that matter here. */
const graphField = 7;
const weightField = 5;
const nameField = 8;

/**
 * An ONNX file with other numbers in some of its weights, which are written as float32 into the file itself, also where they were in
 * another; all else stays bit for bit.
 *
 * @param content the file.
 * @param weights by name.
 * @throws {InputError} if the file has no weights of one of these names.
 */
export async function replaceWeights(
  content: Uint8Array,
  weights: ReadonlyMap<string, Omit<OnnxArray, 'dtype'>>,
): Promise<Uint8Array> {
  const { PbfReader: Reader, PbfWriter: Writer } = await import('pbf');
  const open = new Set(weights.keys());
  const nameOf = (bytes: Uint8Array): string => {
    let name = '';
    new Reader(bytes).readFields((tag, _, pbf) => {
      if (tag === nameField) name = pbf.readString();
    }, undefined);
    return name;
  };
  const headOf = (tag: number, length: number): Uint8Array => {
    const head = new Writer();
    head.writeTag(tag, messageType);
    head.writeVarint(length);
    return head.finish();
  };
  const weightOf = (bytes: Uint8Array): Uint8Array[] | undefined => {
    const name = nameOf(bytes);
    const array = weights.get(name);
    if (!array) return undefined;
    open.delete(name);
    const written = new Writer();
    writeTensor({ name, ...array }, written);
    return [written.finish()];
  };
  const parts = copiedFields(new Reader(content), headOf, (tag, bytes) =>
    tag === graphField
      ? copiedFields(new Reader(bytes), headOf, (part, tensor) => (part === weightField ? weightOf(tensor) : undefined))
      : undefined,
  );
  if (open.size > 0)
    throw new InputError(
      `expected a model with the weights ${[...open].join(', ')}, got one without; use the file that they are of`,
    );
  return Buffer.concat(parts);
}

/** The kind of fields that are bytes, and may be messages. */
const messageType = 2;

/**
 * The bytes of the fields of a message, as they are.
 *
 * @param headOf the bytes before those of a field.
 * @param replaced is given the bytes of those that may be messages: other ones for them, or undefined.
 */
function copiedFields(
  reader: PbfReader,
  headOf: (tag: number, length: number) => Uint8Array,
  replaced: (tag: number, bytes: Uint8Array) => Uint8Array[] | undefined,
): Uint8Array[] {
  const parts: Uint8Array[] = [];
  while (reader.pos < reader.length) {
    const start = reader.pos;
    const head = reader.readVarint();
    const others = (head & 7) === messageType ? replaced(head >>> 3, reader.readBytes()) : reader.skip(head);
    if (others)
      parts.push(
        headOf(
          head >>> 3,
          others.reduce((sum, { length }) => sum + length, 0),
        ),
        ...others,
      );
    else parts.push(reader.buf.subarray(start, reader.pos));
  }
  return parts;
}
