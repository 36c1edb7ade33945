import { kernelsModule } from './kernels-module.js';

/** What is used of it; the libraries of TypeScript have it for browsers alone. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: object };
};

/** What kernels.wat has, which documents what each takes: addresses in its memory, and counts. */
export interface Kernels {
  memory: { buffer: ArrayBuffer; grow: (pages: number) => number };
  unfilter: (from: number, to: number, width: number, height: number, step: number) => number;
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

/** The kernels, and places in their memory for so many bytes each, multiples of 16; what lay there before is lost. */
export type Places = (sizes: readonly number[]) => { kernels: Kernels; bytes: Uint8Array; places: number[] };

/** Kernels with a memory of their own, made when they are first used. */
export function kernelMemory(): Places {
  let kernels: Kernels | undefined;
  return (sizes) => {
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
  };
}
