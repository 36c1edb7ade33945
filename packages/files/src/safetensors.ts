import { InputError } from './input-error.js';
import { fromFloat16, narrowFloat16 } from './npy.js';

/** One tensor of a safetensors file. */
export interface StoredTensor {
  shape: number[];
  data: Float32Array | Int32Array;
}

/** The largest header that is read: a hostile file may claim any length. */
export const headerLimit = 100 * 2 ** 20;
/** The one name of a header that is no tensor. */
const metadataKey = '__metadata__';

/**
 * Writes tensors in the safetensors format, in the order given: eight bytes header length, JSON header, then the data.
 *
 * @param tensors float32 and int32 arrays in row-major order, by name.
 * @param options.metadata texts kept in the header under `__metadata__`.
 * @param options.halves names of the float32 tensors that are stored as float16, rounded to nearest even. Default none.
 * @throws {RangeError} if an array does not have the size of its shape, a tensor is named `__metadata__`, or `halves` names
 *   no tensor.
 * @see https://github.com/huggingface/safetensors#format
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  { metadata, halves = new Set() }: { metadata?: Record<string, string>; halves?: ReadonlySet<string> } = {},
): Uint8Array {
  const where = 'files/writeSafetensors';
  for (const name of halves) {
    if (!tensors.has(name))
      throw new RangeError(`${where}: expected halves to name tensors, got ${name}; try one of ${[...tensors.keys()]}`);
  }
  // Without a prototype, so that a tensor may be named __proto__.
  const header = Object.create(null) as Record<string, unknown>;
  if (metadata) header[metadataKey] = metadata;
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    if (name === metadataKey)
      throw new RangeError(`${where}: expected another name than ${name}, which the format reserves; try metadata`);
    const size = sizeOf(shape);
    if (size !== data.length) {
      throw new RangeError(
        `${where}: expected ${size} numbers in ${name} [${shape}], got ${data.length}; try its own shape`,
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

/** Where a tensor lies in a safetensors file, and what its numbers are. */
export interface TensorLocation {
  dtype: 'F32' | 'F16' | 'BF16' | 'I32';
  shape: number[];
  /** Byte of the file at which it starts. */
  start: number;
}

/** Bytes of a number of each type that is read. */
const widths = new Map<unknown, number>(Object.entries({ F32: 4, I32: 4, F16: 2, BF16: 2 }));

/**
 * Reads a safetensors file: float32, float16, bfloat16 (both widened to float32) and int32 tensors.
 *
 * @param bytes the whole file.
 * @param file its name, for errors.
 * @returns copies of the tensors by name, in the order of the header, and the texts of `__metadata__`.
 * @throws {InputError} if the header is broken, if the tensors do not cover the data exactly, or on another number type.
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

/** @param head the bytes up to the end of the header, or more. @param size bytes of the whole file. */
export function parseHeader(
  head: Uint8Array,
  size: number,
  file: string,
): { places: Map<string, TensorLocation>; metadata: Record<string, string> } {
  const fail = (message: string): never => {
    throw new InputError(message, { file });
  };
  if (size < 8) fail('expected a safetensors file, got fewer than 8 bytes; write it again');
  const headerLength = Number(new DataView(head.buffer, head.byteOffset, head.byteLength).getBigUint64(0, true));
  if (headerLength > headerLimit || 8 + headerLength > head.length)
    fail('expected a whole safetensors header, got a cut one');
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(head.subarray(8, 8 + headerLength)));
  } catch {
    return fail('expected JSON in the safetensors header, got something else; write it again');
  }
  if (!isObject(header)) return fail('expected a JSON object as safetensors header, got another value; write it again');
  const dataStart = 8 + headerLength;
  const places = new Map<string, TensorLocation>();
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === metadataKey) {
      if (!isObject(entry) || !Object.values(entry).every((value) => typeof value === 'string'))
        return fail(`expected texts in ${metadataKey}, got something else; write it again`);
      metadata = entry as Record<string, string>;
    } else places.set(name, placeOf(name, entry, { dataStart, size, fail }));
  }
  checkCover(places, { dataStart, size, fail });
  return { places, metadata };
}

interface HeaderContext {
  dataStart: number;
  /** Bytes of the whole file. */
  size: number;
  fail: (message: string) => never;
}

/** An entry of the header, checked on its own. */
function placeOf(name: string, entry: unknown, { dataStart, size, fail }: HeaderContext): TensorLocation {
  const { dtype, shape, data_offsets: offsets } = (isObject(entry) ? entry : {}) as Record<string, unknown>;
  if (!isCounts(shape) || !isCounts(offsets) || offsets.length !== 2)
    return fail(`expected ${name} to have dtype, shape and two data_offsets, got something else; write it again`);
  const width = widths.get(dtype) ?? fail(`${name} has type ${dtype}; expected F32, F16, BF16 or I32`);
  const [begin, end] = offsets;
  if (end - begin !== sizeOf(shape) * width || dataStart + end > size) {
    fail(`${name}: offsets [${offsets}] do not fit shape [${shape}] of ${dtype}; the file is cut or damaged`);
  }
  return { dtype: dtype as TensorLocation['dtype'], shape, start: dataStart + begin };
}

const uncovered = 'its tensors do not cover the data exactly; the file is cut or damaged';

/** Tensors lie one after the other: none overlap, and no byte is left over. */
function checkCover(places: ReadonlyMap<string, TensorLocation>, { dataStart, size, fail }: HeaderContext): void {
  let covered = dataStart;
  for (const { dtype, shape, start } of [...places.values()].sort(
    (a, b) => a.start - b.start || sizeOf(a.shape) - sizeOf(b.shape),
  )) {
    if (start !== covered) fail(uncovered);
    covered += sizeOf(shape) * widths.get(dtype)!;
  }
  if (covered !== size) fail(uncovered);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
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
