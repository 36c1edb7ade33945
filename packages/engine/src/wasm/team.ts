import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import { Kernel, Word } from '../../assembly/call.js';
import type { WasmBackend } from './heap.js';
import { webAssembly, type SharedMemory } from './web-assembly.js';

const require = createRequire(import.meta.url);

/** What `assembly/index.ts` exports. */
interface Exports {
  alone: (block: number) => void;
  lead: (block: number) => void;
  serve: (block: number, thread: number) => void;
}

/** Words of the block that calls are written into, arguments included. */
const blockWords = 64;

/** Less work than so many nanoseconds is done without waking anybody. */
const worthThreads = 5e4;

/** Bytes that each thread has from the start. */
const firstRoom = 2 ** 20;

/** Bytes of a line of the processor's cache. */
const line = 64;

/** Memory of the backend's allocator: what it gave, and where ours begins in it. */
interface Memory {
  block: number;
  place: number;
  bytes: number;
}
const nowhere: Memory = { block: 0, place: 0, bytes: 0 };

/** An argument: a whole number, a place in memory, or a number that is not whole. */
export type Argument = number | { number: number };

/**
 * Our own kernels (`assembly/`), compiled to WebAssembly, in the memory of the backend, with threads of their own that wait
 * beside it for work.
 */
export class KernelTeam {
  private readonly exports: Exports;
  private readonly block: number;
  private words: Int32Array;
  private numbers: Float32Array;
  /** What each thread has of its own, and what all have. */
  private room = nowhere;
  private roomBytes = 0;
  private packed = nowhere;

  constructor(
    private readonly memory: SharedMemory,
    private readonly backend: WasmBackend,
    readonly threads: number,
  ) {
    const module = new webAssembly.Module(readFileSync(kernelFile()));
    this.exports = new webAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
    this.block = this.allocate(4 * blockWords).place;
    [this.words, this.numbers] = this.views();
    this.words.fill(0);
    const { Worker } = require('node:worker_threads') as typeof import('node:worker_threads');
    for (let thread = 1; thread < threads; thread++) {
      const workerData = { module, memory, block: this.block, thread };
      new Worker(serving, { eval: true, workerData, stdout: true, stderr: true, execArgv: [], env: {} }).unref();
    }
  }

  /**
   * Does all pieces of a call.
   *
   * @param nanoseconds that a piece takes about, on one thread.
   * @param roomBytes that each thread needs of its own.
   */
  run(kernel: Kernel, pieces: number, nanoseconds: number, given: readonly Argument[], roomBytes = 1024): void {
    if (pieces === 0) return;
    this.makeRoom(roomBytes);
    if (this.words.buffer !== this.memory.buffer) [this.words, this.numbers] = this.views();
    const { words, numbers } = this;
    words[Word.kernel] = kernel;
    words[Word.pieces] = pieces;
    words[Word.room] = this.room.place;
    words[Word.roomBytes] = this.roomBytes;
    given.forEach((argument, i) => {
      if (typeof argument === 'number') words[Word.arguments + i] = argument;
      else numbers[Word.arguments + i] = argument.number;
    });
    const isWorthIt = this.threads > 1 && pieces > 1 && pieces * nanoseconds >= worthThreads;
    this.exports[isWorthIt ? 'lead' : 'alone'](this.block);
  }

  /** Memory that all threads share, until it is asked for the next time. */
  shared(bytes: number): number {
    if (bytes > this.packed.bytes) this.packed = this.allocate(bytes, this.packed);
    return this.packed.place;
  }

  /** Doubles that a kernel wrote. */
  doubles(place: number, count: number): Float64Array {
    return new Float64Array(this.memory.buffer, place, count);
  }

  /** Where a tensor lies. */
  place({ dataId }: Pick<tf.TensorInfo, 'dataId'>): number {
    return this.backend.dataIdMap.get(dataId).memoryOffset;
  }

  /** Whether nothing but this tensor has its memory. */
  isAlone({ dataId }: tf.Tensor): boolean {
    return this.backend.refCount(dataId) === 1;
  }

  /** A tensor of float32 whose content is nothing yet. */
  make(shape: number[]): tf.Tensor {
    return tf.engine().makeTensorFromTensorInfo(this.backend.makeOutput(shape, 'float32'));
  }

  private makeRoom(bytes: number): void {
    if (bytes <= this.roomBytes) return;
    const each = Math.max(firstRoom, Math.ceil(bytes / line) * line);
    this.room = this.allocate(this.threads * each, this.room);
    this.roomBytes = each;
  }

  /** Memory that begins with a line of the processor's cache: no vector lies in two, and nobody else's writing disturbs it. */
  private allocate(bytes: number, before = nowhere): Memory {
    const { wasm } = this.backend;
    const block = wasm._malloc(bytes + line) >>> 0;
    if (block === 0)
      throw new RangeError(
        `engine/wasm: expected ${bytes} bytes of memory for the kernels, got none of the 4 GiB; use smaller batches or images`,
      );
    // Only now: what was there is still whole where there is no more.
    if (before.block) wasm._free(before.block);
    return { block, place: Math.ceil(block / line) * line, bytes };
  }

  private views(): [Int32Array, Float32Array] {
    const { buffer } = this.memory;
    return [new Int32Array(buffer, this.block, blockWords), new Float32Array(buffer, this.block, blockWords)];
  }
}

/** What a thread of the team does. */
const serving = `
const { module, memory, block, thread } = require('node:worker_threads').workerData;
new WebAssembly.Instance(module, { env: { memory } }).exports.serve(block, thread);
`;

/** The kernels that were compiled for what this Node can do: fused multiplication and addition, or not. */
function kernelFile(): string {
  const folder = dirname(require.resolve('@cxr-align/engine/package.json'));
  return join(folder, 'dist', hasFusedProducts() ? 'kernels-fused.wasm' : 'kernels.wasm');
}

/** Whether WebAssembly has relaxed SIMD here: Node has it from version 22 on. */
function hasFusedProducts(): boolean {
  // A function of three vectors whose body is f32x4.relaxed_madd.
  const type = [1, 8, 1, 0x60, 3, 0x7b, 0x7b, 0x7b, 1, 0x7b];
  const code = [10, 13, 1, 11, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfd, 0x85, 0x02, 0x0b];
  return webAssembly.validate(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...type, 3, 2, 1, 0, ...code]));
}
