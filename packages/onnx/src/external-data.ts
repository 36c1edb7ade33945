import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { faultReason, InputError, resolveInside } from '@cxr-align/files';
import type { PbfReader } from 'pbf';

/** A kind of message: what its fields hold that may lead to a tensor. */
type Kind = 'model' | 'function' | 'graph' | 'node' | 'attribute' | 'sparse' | 'tensor';

/** Fields of each kind of message that lead on, by their numbers in onnx.proto. */
const fields: Readonly<Record<Kind, Readonly<Record<number, Kind>>>> = {
  model: { 7: 'graph', 25: 'function' },
  function: { 7: 'node' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
};

/** TensorProto.external_data. */
const externalData = 13;

/**
 * The files that an ONNX file keeps numbers in, by whatever name it gives them: absolute paths, sorted.
 *
 * @throws {InputError} if one lies outside of the file's folder.
 * @see https://github.com/onnx/onnx/blob/main/docs/ExternalData.md
 */
export async function externalDataFiles(file: string): Promise<string[]> {
  const { PbfReader: Reader } = await import('pbf');
  const locations = new Set<string>();
  const read = (kind: Kind, reader: PbfReader): void => {
    reader.readMessage((tag, _, inner) => readField(kind, tag, inner), undefined);
  };
  const readField = (kind: Kind, tag: number, reader: PbfReader): void => {
    const next = fields[kind][tag];
    if (next) read(next, reader);
    else if (kind === 'tensor' && tag === externalData) noteLocation(reader, locations);
  };
  try {
    new Reader(readFileSync(file)).readFields((tag, _, reader) => readField('model', tag, reader), undefined);
  } catch (error) {
    throw new InputError(`expected an ONNX model, got ${faultReason(error)}; export it again`, { file });
  }
  return [...locations].sort().map((name) => resolveInside(dirname(file), name, { file }));
}

/** A pair of key and value. */
function noteLocation(reader: PbfReader, locations: Set<string>): void {
  const { key, value } = reader.readMessage(
    (tag, pair, inner) => {
      if (tag === 1) pair.key = inner.readString();
      else if (tag === 2) pair.value = inner.readString();
    },
    { key: '', value: '' },
  );
  if (key === 'location') locations.add(value);
}
