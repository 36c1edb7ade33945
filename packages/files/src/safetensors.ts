import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { InputError } from './input-error.js';
import { fromFloat16, narrowFloat16 } from './npy.js';

/** One tensor of a safetensors file. */
export interface StoredTensor {
  shape: number[];
  data: Float32Array | Int32Array;
}

/** The largest header that is read: a hostile file may claim any length. */
const headerLimit = 100 * 2 ** 20;

/**
 * Writes tensors in the safetensors format, in the order given; `halves` names those that are stored as float16.
 *
 * @param metadata texts kept in the header under `__metadata__`.
 * @see the safetensors format description: eight bytes header length, JSON header, then the data.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  { metadata, halves = new Set() }: { metadata?: Record<string, string>; halves?: ReadonlySet<string> } = {},
): Uint8Array {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    const size = sizeOf(shape);
    if (size !== data.length) {
      throw new RangeError(
        `files/writeSafetensors: expected ${size} numbers in ${name} [${shape}], got ${data.length}`,
      );
    }
    const half = halves.has(name) && data instanceof Float32Array;
    const byteLength = data.length * (half ? 2 : 4);
    const dtype = half ? 'F16' : data instanceof Int32Array ? 'I32' : 'F32';
    header[name] = { dtype, shape, data_offsets: [offset, offset + byteLength] };
    offset += byteLength;
  }
  const text = JSON.stringify(header);
  const head = new TextEncoder().encode(text + ' '.repeat((8 - (new TextEncoder().encode(text).length % 8)) % 8));
  const bytes = new Uint8Array(8 + head.length + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(head.length), true);
  bytes.set(head, 8);
  let position = 8 + head.length;
  for (const [name, { data }] of tensors) {
    const content =
      halves.has(name) && data instanceof Float32Array
        ? new Uint8Array(narrowFloat16(data).buffer)
        : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    bytes.set(content, position);
    position += content.length;
  }
  return bytes;
}

/** Where a tensor lies in a safetensors file. */
export interface TensorPlace {
  dtype: 'F32' | 'F16' | 'BF16' | 'I32';
  shape: number[];
  /** Byte of the file at which it starts. */
  start: number;
}

/** Bytes of a number of each type that is read. */
const widths: Record<string, number> = { F32: 4, I32: 4, F16: 2, BF16: 2 };

/**
 * Reads a safetensors file: float32, float16, bfloat16 (both widened to float32) and int32 tensors.
 *
 * @throws {InputError} if the header is broken, if offsets do not cover the data exactly, or on another number type.
 */
export function readSafetensors(
  bytes: Uint8Array,
  file = 'safetensors',
): { tensors: Map<string, StoredTensor>; metadata: Record<string, string> } {
  const { places, metadata } = parseHeader(bytes, bytes.length, file);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { shape, start, dtype }] of places)
    tensors.set(name, { shape, data: readValues(view, start, sizeOf(shape), dtype) });
  return { tensors, metadata };
}

/** Reads the header of a safetensors file alone. @throws {InputError} as {@link readSafetensors}. */
export function readSafetensorsHeader(file: string): Map<string, TensorPlace> {
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const prefix = new Uint8Array(8);
    readSync(descriptor, prefix, 0, 8, 0);
    const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
    const head = new Uint8Array(Math.min(size, 8 + Math.min(length, headerLimit)));
    readSync(descriptor, head, 0, head.length, 0);
    return parseHeader(head, size, file).places;
  } finally {
    closeSync(descriptor);
  }
}

/** @param head the bytes up to the end of the header, or more. @param size bytes of the whole file. */
function parseHeader(
  head: Uint8Array,
  size: number,
  file: string,
): { places: Map<string, TensorPlace>; metadata: Record<string, string> } {
  const fail = (message: string): never => {
    throw new InputError(message, { file });
  };
  if (size < 8) fail('expected a safetensors file, got fewer than 8 bytes; write it again');
  const headerLength = Number(new DataView(head.buffer, head.byteOffset, head.byteLength).getBigUint64(0, true));
  if (headerLength > headerLimit || 8 + headerLength > head.length)
    fail('expected a whole safetensors header, got a cut one');
  let header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  try {
    header = JSON.parse(new TextDecoder().decode(head.subarray(8, 8 + headerLength)));
  } catch {
    return fail('expected JSON in the safetensors header, got something else');
  }
  const { __metadata__: metadata = {}, ...entries } = header as typeof header & {
    __metadata__?: Record<string, string>;
  };
  const places = new Map<string, TensorPlace>();
  const dataStart = 8 + headerLength;
  let covered = 0;
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(entries)) {
    const [begin, end] = offsets;
    const width = widths[dtype] ?? fail(`${name} has type ${dtype}; expected F32, F16, BF16 or I32`);
    if (end - begin !== sizeOf(shape) * width || begin < 0 || dataStart + end > size) {
      fail(`${name}: offsets [${offsets}] do not fit shape [${shape}] of ${dtype}; the file is cut or damaged`);
    }
    covered += end - begin;
    places.set(name, { dtype: dtype as TensorPlace['dtype'], shape, start: dataStart + begin });
  }
  if (dataStart + covered !== size) fail('its tensors do not cover the data exactly; the file is cut or damaged');
  return { places, metadata };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

function readValues(view: DataView, start: number, size: number, dtype: string): Float32Array | Int32Array {
  if (dtype === 'F16')
    return Float32Array.from({ length: size }, (_, i) => fromFloat16(view.getUint16(start + 2 * i, true)));
  const data = dtype === 'I32' ? new Int32Array(size) : new Float32Array(size);
  if (dtype === 'BF16') {
    const words = new Uint32Array(data.buffer);
    for (let i = 0; i < size; i++) words[i] = view.getUint16(start + 2 * i, true) << 16;
    return data;
  }
  new Uint8Array(data.buffer).set(new Uint8Array(view.buffer, view.byteOffset + start, size * 4));
  return data;
}
