import { kernelsModule } from './kernels-module.js';

/** What is used of it; the libraries of TypeScript have it for browsers alone. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: object };
};

/** What kernels.wat has, which says what each wants: addresses in its memory, and counts. */
export interface Kernels {
  memory: { buffer: ArrayBuffer; grow: (pages: number) => number };
  upperBytes: (from: number, to: number, count: number) => void;
  alongRows: (
    pixels: number,
    width: number,
    height: number,
    out: number,
    pitch: number,
    toWidth: number,
    first: number,
    high: number,
    low: number,
    eights: number,
  ) => void;
  alongColumns: (
    rows: number,
    pitch: number,
    out: number,
    toHeight: number,
    first: number,
    weights: number,
    count: number,
  ) => void;
}

const pageBytes = 65536;

let kernels: Kernels | undefined;

/**
 * The kernels, with places in their memory for so many bytes each; what lay there before is lost.
 *
 * @returns the memory and the address of each place, a multiple of 16.
 */
export function withPlaces(sizes: readonly number[]): { kernels: Kernels; bytes: Uint8Array; places: number[] } {
  kernels ??= new WebAssembly.Instance(new WebAssembly.Module(kernelsModule)).exports as Kernels;
  const { memory } = kernels;
  let end = 0;
  const places = sizes.map((size) => {
    const at = end;
    end = 16 * Math.ceil((end + size) / 16);
    return at;
  });
  const lacking = Math.ceil((end - memory.buffer.byteLength) / pageBytes);
  if (lacking > 0) memory.grow(lacking);
  return { kernels, bytes: new Uint8Array(memory.buffer), places };
}

/** Values that are read into the kernels' memory at once: they stay in a processor's cache until they are used. */
export const bandValues = 2 ** 17;

/** The upper bytes of 16-bit values, the lower ones first, as most machines have them. */
export function upperBytes(values: Uint8Array): Uint8Array {
  const count = values.length / 2;
  const most = Math.min(count, bandValues);
  const padded = 16 * Math.ceil(most / 16);
  const { kernels, bytes, places } = withPlaces([2 * padded, padded]);
  const [from, to] = places;
  const upper = new Uint8Array(count);
  for (let at = 0; at < count; at += most) {
    const now = Math.min(most, count - at);
    bytes.set(values.subarray(2 * at, 2 * (at + now)), from);
    kernels.upperBytes(from, to, 16 * Math.ceil(now / 16));
    upper.set(bytes.subarray(to, to + now), at);
  }
  return upper;
}
