import { InputError } from './input-error.js';

/** The typed arrays that an `.npy` file can hold here; 64-bit whole numbers are read as float64 when they fit. */
export type ArrayData =
  Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

/** An array in row-major order. */
export interface NumericArray {
  shape: number[];
  data: ArrayData;
}

type ArrayConstructor = { new (length: number): ArrayData; BYTES_PER_ELEMENT: number };

const constructors: Record<string, ArrayConstructor> = {
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  u1: Uint8Array,
  b1: Uint8Array,
  i2: Int16Array,
  u2: Uint16Array,
  i4: Int32Array,
  u4: Uint32Array,
};

/**
 * Reads a NumPy array file, versions 1 to 3, little endian or single bytes; float16 becomes float32, 64-bit whole
 * numbers float64, and column-major files are put in row-major order.
 *
 * @param bytes the whole file; the numbers of an array of bytes are a view of it, all others a copy.
 * @param file its name, for errors.
 * @throws {InputError} if it is no `.npy` file, is cut short, or holds a kind of number that is not supported.
 * @see numpy.lib.format in NumPy's documentation.
 */
export function readNpy(bytes: Uint8Array, file = 'npy'): NumericArray {
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
  const descr = /'descr':\s*'([<>|=]?)([a-z]\d+)'/.exec(header);
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
  const width = Number(kind.slice(1));
  if (!Number.isSafeInteger(size) || dataStart + size * width > bytes.length) {
    fail(`expected ${size} numbers of ${width} bytes, got ${bytes.length - dataStart} bytes; the file is cut short`);
  }
  const data = readNumbers(view, dataStart, size, kind) ?? fail(`expected float or whole numbers, got type ${kind}`);
  return { shape, data: /'fortran_order':\s*True/.test(header) ? toRowMajor(data, shape) : data };
}

function readNumbers(view: DataView, start: number, size: number, kind: string): ArrayData | undefined {
  const constructor = constructors[kind];
  if (constructor) {
    const bytes = new Uint8Array(view.buffer, view.byteOffset + start, size * constructor.BYTES_PER_ELEMENT);
    if (constructor === Uint8Array) return bytes;
    const data = new constructor(size);
    new Uint8Array(data.buffer).set(bytes);
    return data;
  }
  if (kind === 'f2')
    return Float32Array.from({ length: size }, (_, i) => fromFloat16(view.getUint16(start + 2 * i, true)));
  if (kind === 'i8')
    return Float64Array.from({ length: size }, (_, i) => Number(view.getBigInt64(start + 8 * i, true)));
  if (kind === 'u8')
    return Float64Array.from({ length: size }, (_, i) => Number(view.getBigUint64(start + 8 * i, true)));
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

/** Writes a NumPy array file (version 1.0, row-major); {@link readNpy} and `numpy.load` read it. */
export function writeNpy({ shape, data }: NumericArray): Uint8Array {
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (size !== data.length) {
    throw new RangeError(`files/writeNpy: expected ${size} numbers for shape [${shape}], got ${data.length}`);
  }
  const shapeText = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descriptions.get(data.constructor.name)}', 'fortran_order': False, 'shape': (${shapeText}), }`;
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
