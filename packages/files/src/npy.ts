import { InputError } from './input-error.js';

/** The typed arrays that an `.npy` file can hold here; 64-bit integers are read as float64 where those are exact. */
export type ArrayData =
  Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

/** An array in row-major order. */
export interface NumericArray {
  shape: number[];
  data: ArrayData;
}

type ArrayConstructor = { new (length: number): ArrayData; BYTES_PER_ELEMENT: number };

const constructors = new Map<string, ArrayConstructor>(
  Object.entries({
    f4: Float32Array,
    f8: Float64Array,
    i1: Int8Array,
    u1: Uint8Array,
    b1: Uint8Array,
    i2: Int16Array,
    u2: Uint16Array,
    i4: Int32Array,
    u4: Uint32Array,
  }),
);

/**
 * Reads a NumPy array file, versions 1 to 3, little endian or single bytes; float16 becomes float32, 64-bit
 * integers float64, and column-major files are put in row-major order.
 *
 * @param bytes the whole file; the numbers of an array of bytes are a view of it, all others a copy.
 * @param file its name, for errors.
 * @throws {InputError} if it is no `.npy` file, is cut short, is followed by other bytes, holds a kind of number that is not
 *   supported, or a 64-bit integer beyond ±2⁵³, which float64 would round.
 * @see numpy.lib.format in NumPy's documentation.
 */
export function readNpy(bytes: Uint8Array, file = 'npy'): NumericArray {
  const { kind, shape, size, isColumnMajor, start, view } = npyHeader(bytes, file);
  if (kind === 'O' || /^[US]/.test(kind))
    throw new InputError(
      `expected float or whole numbers, got ${kind === 'O' ? 'Python objects' : 'text'}; save with astype('float32'), ids with astype(str)`,
      { file },
    );
  const data = readNumbers({ view, start, size, file }, kind);
  if (!data)
    throw new InputError(`expected float or whole numbers, got type ${kind}; save with astype('float32')`, { file });
  return { shape, data: isColumnMajor ? toRowMajor(data, shape) : data };
}

/** The header of an array file, checked against its length. */
export interface NpyHeader {
  /** NumPy's letter of the type and its width: `f4`, `i8`, `U7`; `O` for Python objects. */
  kind: string;
  shape: number[];
  /** Elements. */
  size: number;
  isColumnMajor: boolean;
  view: DataView;
  /** Where the elements begin in the view. */
  start: number;
}

/** Reads the header. @throws {InputError} as {@link readNpy} does, but for the kind of elements. */
export function npyHeader(bytes: Uint8Array, file: string): NpyHeader {
  const fail = (message: string): never => {
    throw new InputError(message, { file });
  };
  if (bytes.length === 0) fail('expected an .npy array, got an empty file; write it again');
  if (bytes.length < 10 || String.fromCharCode(...bytes.subarray(1, 6)) !== 'NUMPY' || bytes[0] !== 0x93) {
    fail('expected an .npy array, got something else; save it with numpy.save');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const longHeader = bytes[6] >= 2;
  const headerStart = longHeader ? 12 : 10;
  const headerLength = longHeader ? view.getUint32(8, true) : view.getUint16(8, true);
  const dataStart = headerStart + headerLength;
  if (headerLength > 65_536 || dataStart > bytes.length) fail('expected a whole .npy header, got a cut one');
  const header = new TextDecoder('latin1').decode(bytes.subarray(headerStart, dataStart));
  const descr = /'descr':\s*'([<>|=]?)([a-z]\d+|[US]\d+|O)'/.exec(header);
  const shapeText = /'shape':\s*\(([\d\s,]*)\)/.exec(header);
  if (!descr || !shapeText) return fail('expected a plain number type and a shape in the .npy header');
  if (descr[1] === '>') fail(`expected little-endian numbers, got big-endian ${descr[2]}; save with astype('<f4')`);
  const shape = shapeText[1]
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(Number);
  const size = shape.reduce((product, extent) => product * extent, 1);
  const kind = descr[2];
  // Text has four bytes a character, or one; objects are of any length.
  const width = kind === 'O' ? 0 : Number(kind.slice(1)) * (kind.startsWith('U') ? 4 : 1);
  if (!Number.isSafeInteger(size) || dataStart + size * width > bytes.length) {
    fail(`expected ${size} numbers of ${width} bytes, got ${bytes.length - dataStart} bytes; the file is cut short`);
  }
  if (kind !== 'O' && dataStart + size * width < bytes.length) {
    const more = bytes.length - dataStart - size * width;
    fail(`expected one array of ${size} numbers, got ${more} bytes more; save arrays in files of their own`);
  }
  return { kind, shape, size, isColumnMajor: /'fortran_order':\s*True/.test(header), view, start: dataStart };
}

/** The numbers of a file. @returns undefined for a kind that is not supported. @throws {InputError} of what float64 would round. */
function readNumbers(
  { view, start, size, file }: { view: DataView; start: number; size: number; file: string },
  kind: string,
): ArrayData | undefined {
  const exact = (value: bigint): number => {
    if (Number.isSafeInteger(Number(value))) return Number(value);
    throw new InputError(
      `expected 64-bit integers within ±2^53, got ${value}; save identifiers as text or 32-bit integers`,
      {
        file,
      },
    );
  };
  const constructor = constructors.get(kind);
  if (constructor) {
    const bytes = new Uint8Array(view.buffer, view.byteOffset + start, size * constructor.BYTES_PER_ELEMENT);
    if (constructor === Uint8Array) return bytes;
    const data = new constructor(size);
    new Uint8Array(data.buffer).set(bytes);
    return data;
  }
  if (kind === 'f2')
    return Float32Array.from({ length: size }, (_, i) => fromFloat16(view.getUint16(start + 2 * i, true)));
  if (kind === 'i8') return Float64Array.from({ length: size }, (_, i) => exact(view.getBigInt64(start + 8 * i, true)));
  if (kind === 'u8')
    return Float64Array.from({ length: size }, (_, i) => exact(view.getBigUint64(start + 8 * i, true)));
  return undefined;
}

/** Column-major to row-major order. */
function toRowMajor(data: ArrayData, shape: number[]): ArrayData {
  const out = data.slice();
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, extent) => product * extent, 1));
  const index = shape.map(() => 0);
  for (let i = 0; i < out.length; i++) {
    out[i] = data[index.reduce((sum, position, axis) => sum + position * strides[axis], 0)];
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return out;
}

const descriptions = new Map<string, string>([
  ['Float32Array', '<f4'],
  ['Float64Array', '<f8'],
  ['Int8Array', '|i1'],
  ['Uint8Array', '|u1'],
  ['Int16Array', '<i2'],
  ['Uint16Array', '<u2'],
  ['Int32Array', '<i4'],
  ['Uint32Array', '<u4'],
]);

/**
 * Writes a NumPy array file (version 1.0, row-major); {@link readNpy} and `numpy.load` read it.
 *
 * @throws {TypeError} if `data` is no typed array of {@link ArrayData}.
 * @throws {RangeError} if it does not have the size of its shape.
 */
export function writeNpy({ shape, data }: NumericArray): Uint8Array {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const description = descriptions.get(data.constructor.name);
  if (!description) {
    throw new TypeError(
      `files/writeNpy: expected a typed array of ${[...descriptions.keys()].join(', ')}, got ${data.constructor.name}; try Float32Array.from(data)`,
    );
  }
  if (size !== data.length) {
    throw new RangeError(
      `files/writeNpy: expected ${size} numbers for shape [${shape}], got ${data.length}; try its own shape`,
    );
  }
  const shapeText = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${description}', 'fortran_order': False, 'shape': (${shapeText}), }`;
  const padding = 63 - ((10 + text.length) % 64);
  const header = new TextEncoder().encode(`${text}${' '.repeat(padding)}\n`);
  const bytes = new Uint8Array(10 + header.length + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(header, 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + header.length);
  return bytes;
}

/** The number that an IEEE 754 half-precision word stands for. */
export function fromFloat16(word: number): number {
  const exponent = (word >> 10) & 31;
  const fraction = word & 1023;
  const sign = word & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

let halves: Float32Array | undefined;

/** Widens half-precision words to float32, by a table of all of them. @param out receives a number for each word. */
export function widenFloat16(words: Uint16Array, out: Float32Array): void {
  halves ??= Float32Array.from({ length: 2 ** 16 }, (_, word) => fromFloat16(word));
  for (let i = 0; i < words.length; i++) out[i] = halves[words[i]];
}

/** Half-precision words of some numbers, as {@link toFloat16} has them. */
export function narrowFloat16(values: Float32Array): Uint16Array {
  const words = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) words[i] = toFloat16(values[i]);
  return words;
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** The half-precision word nearest to a number (ties to even); beyond ±65504 it is an infinity. */
export function toFloat16(value: number): number {
  scratch[0] = value;
  const bits = scratchBits[0];
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // A subnormal half: whole multiples of 2⁻²⁴.
    const units = Math.abs(scratch[0]) * 2 ** 24;
    const floor = Math.floor(units);
    const rest = units - floor;
    return sign | (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor);
  }
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}
