import * as tf from '@tensorflow/tfjs-core';
import { Kernel } from '../../../assembly/call.js';
import { registerComposedKernel } from '../kernel-registry.js';
import type { KernelArguments } from './kernel-arguments.js';
import type { KernelThreadPool } from './thread-pool.js';

/** Terms that a strip holds at once: `depth` of `assembly/panels.ts`. */
export const depth = 384;
/** The most numbers that are packed for all threads at once. */
const mostPacked = 2 ** 22;
/** The longest strip, in rows or columns. */
const longestStrip = 64;
/** Batches of products of fewer multiplications are done product by product, each by one thread. */
const small = 2 ** 21;
/** Nanoseconds of a multiplication with its addition, and of packing a number. */
const [ofTerm, ofPacking] = [0.06, 0.4];

/** One product: the addresses of the matrices, their sizes, and whether they are stored as their transposes. */
interface Product {
  a: number;
  b: number;
  c: number;
  rows: number;
  columns: number;
  terms: number;
  transposeA: boolean;
  transposeB: boolean;
}

/** What a call has beside its product. */
interface CallOptions {
  /** Numbers from one row of a, or of b, to the next, as they are stored. */
  strideA: number;
  strideB: number;
  /** Panels, rows, columns or products of a chunk. */
  step: number;
  /** Whether c is added to. */
  accumulate?: boolean;
  packed?: number;
  isLeftPacked?: boolean;
  /** Of a batch: how many products, and numbers from one matrix to the next. */
  batch?: number;
  batchStrideA?: number;
  batchStrideB?: number;
}

function argumentsOf(product: Product, options: CallOptions): KernelArguments<Kernel.multiply> {
  const { transposeA, transposeB, ...sizes } = product;
  const { isLeftPacked = false, accumulate = false, ...others } = options;
  return {
    ...sizes,
    transposeA: Number(transposeA),
    transposeB: Number(transposeB),
    accumulate: Number(accumulate),
    leftPacked: Number(isLeftPacked),
    packed: 0,
    batch: 0,
    batchStrideA: 0,
    batchStrideB: 0,
    ...others,
  };
}

const roundUp = (count: number, unit: number): number => Math.ceil(count / unit) * unit;

/** As they are stored, without anything between rows. */
const stridesOf = ({ rows, columns, terms, transposeA, transposeB }: Omit<Product, 'a' | 'b' | 'c'>) => ({
  strideA: transposeA ? rows : terms,
  strideB: transposeB ? terms : columns,
});

/** Packs the left or the right matrix for all threads. @returns where it lies, until something else is packed. */
function pack(
  pool: KernelThreadPool,
  product: Product,
  { strideA, strideB }: ReturnType<typeof stridesOf>,
  isLeft: boolean,
) {
  const { rows, columns, terms } = product;
  const unit = isLeft ? 4 : 8;
  const panels = Math.ceil((isLeft ? rows : columns) / unit);
  const packed = pool.shared(4 * unit * panels * terms);
  const step = Math.max(1, Math.floor(16_384 / (unit * terms)));
  const call = argumentsOf(product, { strideA, strideB, packed, step });
  const chunks = { count: Math.ceil(panels / step), nanoseconds: step * unit * terms * ofPacking };
  pool.run(isLeft ? Kernel.packLeft : Kernel.packRight, chunks, call);
  return packed;
}

/** Packs a right matrix [terms, columns], or its transpose, for all threads. */
export function packColumns(
  pool: KernelThreadPool,
  right: Pick<Product, 'b' | 'terms' | 'columns' | 'transposeB'>,
): number {
  const product = { ...right, a: 0, c: 0, rows: 0, transposeA: false };
  return pack(pool, product, stridesOf(product), false);
}

/** Multiplies with all threads: the smaller matrix is packed for all, the other in strips. */
function multiply(pool: KernelThreadPool, product: Product): void {
  const { a, b, rows, columns, terms, transposeA, transposeB } = product;
  const isLeftPacked = rows <= columns;
  const [packedRows, stripped, unit] = isLeftPacked ? [roundUp(rows, 4), columns, 8] : [roundUp(columns, 8), rows, 4];
  const strip = Math.min(longestStrip, roundUp(Math.ceil(stripped / (4 * pool.threads)), unit));
  const most = Math.max(depth, Math.floor(mostPacked / packedRows / depth) * depth);
  const strides = stridesOf(product);
  for (let term = 0; term < terms; term += most) {
    const part = {
      ...product,
      a: a + 4 * term * (transposeA ? rows : 1),
      b: b + 4 * term * (transposeB ? 1 : columns),
      terms: Math.min(most, terms - term),
    };
    const packed = pack(pool, part, strides, isLeftPacked);
    pool.run(
      Kernel.multiply,
      {
        count: Math.ceil(stripped / strip),
        nanoseconds: strip * part.terms * (packedRows * ofTerm + ofPacking),
        scratchBytes: 128 + 4 * strip * depth,
      },
      argumentsOf(part, { ...strides, accumulate: term > 0, packed, step: strip, isLeftPacked }),
    );
  }
}

/** Multiplies the matrices of a batch, each by one thread. @param apart numbers from one matrix to the next, 0 for the same one. */
function multiplyBatch(
  pool: KernelThreadPool,
  product: Product,
  batch: number,
  apart: Required<Pick<CallOptions, 'batchStrideA' | 'batchStrideB'>>,
): void {
  const { rows, columns, terms } = product;
  const nanoseconds = rows * columns * terms * ofTerm + (rows + columns) * terms * ofPacking + 50;
  const step = Math.max(1, Math.min(Math.floor(20_000 / nanoseconds), Math.ceil(batch / (2 * pool.threads))));
  pool.run(
    Kernel.multiplySmall,
    {
      count: Math.ceil(batch / step),
      nanoseconds: step * nanoseconds,
      scratchBytes: 128 + 4 * terms * (4 + roundUp(columns, 8)),
    },
    argumentsOf(product, { ...stridesOf(product), step, batch, ...apart }),
  );
}

/**
 * Registers our own kernel for every product of matrices. The shipped backend computes single products without transposition by
 * XNNPACK, which packs a weight anew in each step, and all others in a plain loop; every gradient of a product is a transposed one.
 */
export function registerMatMul(pool: KernelThreadPool): void {
  registerComposedKernel('wasm', 'BatchMatMul', (shipped) => (call) => {
    const { a, b } = call.inputs as Record<'a' | 'b', tf.Tensor>;
    const { transposeA, transposeB } = call.attrs as Record<'transposeA' | 'transposeB', boolean>;
    const [batchA, batchB] = [a, b].map(({ shape }) => shape.slice(0, -2).reduce((size, extent) => size * extent, 1));
    const isFloat = a.dtype === 'float32' && b.dtype === 'float32';
    if (!isFloat || (batchA !== batchB && batchA !== 1 && batchB !== 1)) return shipped(call);
    const [rows, terms] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
    const columns = transposeB ? b.shape.at(-2)! : b.shape.at(-1)!;
    const out = pool.allocateTensor([...(batchA >= batchB ? a : b).shape.slice(0, -2), rows, columns]);
    if (out.size === 0) return out;
    const [ofA, ofB, c] = [a, b, out].map((tensor) => pool.address(tensor));
    const product = { a: ofA, b: ofB, c, rows, columns, terms, transposeA, transposeB };
    multiplyAll(pool, product, batchA, batchB);
    return out;
  });
}

/** Multiplies all matrices of a batch, as one product where that is one, or one by one, or several at once where they are small. */
function multiplyAll(pool: KernelThreadPool, product: Product, batchA: number, batchB: number): void {
  const { a, b, c, rows, columns, terms, transposeA } = product;
  const batch = Math.max(batchA, batchB);
  const apart = {
    batchStrideA: batchA === 1 ? 0 : rows * terms,
    batchStrideB: batchB === 1 ? 0 : columns * terms,
  };
  if (terms === 0) multiplyBatch(pool, product, batch, apart);
  else if (batch === 1) multiply(pool, product);
  // One matrix on the right serves the whole batch: its rows are one tall matrix.
  else if (batchB === 1 && !transposeA) multiply(pool, { ...product, rows: batch * rows });
  else if (rows * columns * terms < small) multiplyBatch(pool, product, batch, apart);
  else
    for (let i = 0; i < batch; i++)
      multiply(pool, {
        ...product,
        a: a + 4 * i * apart.batchStrideA,
        b: b + 4 * i * apart.batchStrideB,
        c: c + 4 * i * rows * columns,
      });
}
