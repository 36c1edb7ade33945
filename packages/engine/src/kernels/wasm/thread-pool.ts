import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import { Kernel, Word } from '../../../assembly/call.js';
import { argumentLists, type KernelArguments } from './kernel-arguments.js';
import type { WasmBackend } from './wasm-backend.js';
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

/** Calls below this many nanoseconds run on the calling thread alone. */
const threadThreshold = 5e4;

/** Bytes of scratch memory that each thread has from the start. */
const firstScratch = 2 ** 20;

/** Bytes of a cache line. */
const line = 64;

/** Memory of the backend's allocator: the block that it gave, and the aligned address in it. */
interface Memory {
  block: number;
  address: number;
  bytes: number;
}
const nowhere: Memory = { block: 0, address: 0, bytes: 0 };

/** How a kernel's work is cut up. */
export interface Chunks {
  count: number;
  /** The approximate time of one chunk on one thread. */
  nanoseconds: number;
  /** Bytes of scratch memory that each thread needs. Default 1024. */
  scratchBytes?: number;
}

/** Our own kernels (`assembly/`) in the memory of the backend, and the threads that run them. */
export class KernelThreadPool {
  private readonly exports: Exports;
  private readonly block: number;
  private words: Int32Array;
  private numbers: Float32Array;
  private scratch = nowhere;
  private scratchBytes = 0;
  private packed = nowhere;

  constructor(
    private readonly memory: SharedMemory,
    private readonly backend: WasmBackend,
    readonly threads: number,
  ) {
    const module = new webAssembly.Module(readFileSync(kernelFile()));
    this.exports = new webAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
    this.block = this.allocate(4 * blockWords).address;
    [this.words, this.numbers] = this.views();
    this.words.fill(0);
    const { Worker } = require('node:worker_threads') as typeof import('node:worker_threads');
    for (let thread = 1; thread < threads; thread++) {
      const workerData = { module, memory, block: this.block, thread };
      new Worker(workerScript, { eval: true, workerData, stdout: true, stderr: true, execArgv: [], env: {} }).unref();
    }
  }

  /** Runs a kernel over all its chunks. */
  run<K extends Kernel>(
    kernel: K,
    { count, nanoseconds, scratchBytes = 1024 }: Chunks,
    given: KernelArguments<K>,
  ): void {
    if (count === 0) return;
    this.reserveScratch(scratchBytes);
    if (this.words.buffer !== this.memory.buffer) [this.words, this.numbers] = this.views();
    const { words, numbers } = this;
    words[Word.kernel] = kernel;
    words[Word.chunks] = count;
    words[Word.scratch] = this.scratch.address;
    words[Word.scratchBytes] = this.scratchBytes;
    argumentLists.get(kernel)!.forEach(({ name, isFloat }, i) => {
      (isFloat ? numbers : words)[Word.arguments + i] = (given as Record<string, number>)[name];
    });
    const isShared = this.threads > 1 && count > 1 && count * nanoseconds >= threadThreshold;
    this.exports[isShared ? 'lead' : 'alone'](this.block);
  }

  /** The address of memory that all threads share; its content is lost with the next call of this method. */
  shared(bytes: number): number {
    if (bytes > this.packed.bytes) this.packed = this.allocate(bytes, this.packed);
    return this.packed.address;
  }

  /** Doubles that a kernel wrote. */
  doubles(address: number, count: number): Float64Array {
    return new Float64Array(this.memory.buffer, address, count);
  }

  /** The address of a tensor's values. */
  address({ dataId }: Pick<tf.TensorInfo, 'dataId'>): number {
    return this.backend.dataIdMap.get(dataId).memoryOffset;
  }

  /** Whether no other tensor shares a tensor's memory. */
  ownsMemory({ dataId }: tf.Tensor): boolean {
    return this.backend.refCount(dataId) === 1;
  }

  /** A float32 tensor whose content is undefined. */
  allocateTensor(shape: number[]): tf.Tensor {
    return tf.engine().makeTensorFromTensorInfo(this.backend.makeOutput(shape, 'float32'));
  }

  private reserveScratch(bytes: number): void {
    if (bytes <= this.scratchBytes) return;
    const each = Math.max(firstScratch, Math.ceil(bytes / line) * line);
    this.scratch = this.allocate(this.threads * each, this.scratch);
    this.scratchBytes = each;
  }

  /** Memory that begins at a cache line, so that no vector lies in two and no other memory shares it. */
  private allocate(bytes: number, before = nowhere): Memory {
    const { wasm } = this.backend;
    const block = wasm._malloc(bytes + line) >>> 0;
    if (block === 0)
      throw new RangeError(
        `engine/wasm: expected ${bytes} bytes of memory for the kernels, got none of the 4 GiB; use smaller batches or images`,
      );
    // Only now: the memory before must stay whole where there is no more.
    if (before.block) wasm._free(before.block);
    return { block, address: Math.ceil(block / line) * line, bytes };
  }

  private views(): [Int32Array, Float32Array] {
    const { buffer } = this.memory;
    return [new Int32Array(buffer, this.block, blockWords), new Float32Array(buffer, this.block, blockWords)];
  }
}

/** The script of a thread. */
const workerScript = `
const { module, memory, block, thread } = require('node:worker_threads').workerData;
new WebAssembly.Instance(module, { env: { memory } }).exports.serve(block, thread);
`;

/** The kernels for this Node: compiled with fused multiplication and addition where it has that, else without. */
function kernelFile(): string {
  const folder = dirname(require.resolve('@cxr-align/engine/package.json'));
  return join(folder, 'dist', hasRelaxedSimd() ? 'kernels-fused.wasm' : 'kernels.wasm');
}

/** Whether WebAssembly has relaxed SIMD here: Node has it from version 22 on. */
function hasRelaxedSimd(): boolean {
  // A function of three vectors whose body is f32x4.relaxed_madd.
  const type = [1, 8, 1, 0x60, 3, 0x7b, 0x7b, 0x7b, 1, 0x7b];
  const code = [10, 13, 1, 11, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfd, 0x85, 0x02, 0x0b];
  return webAssembly.validate(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...type, 3, 2, 1, 0, ...code]));
}
