import * as tf from '@tensorflow/tfjs-core';
import { Kernel } from '../../assembly/call.js';
import { replaceKernel } from './kernels.js';
import type { KernelTeam } from './team.js';

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

/** One product: where the matrices lie, their sizes, and whether they are stored as their transposes. */
interface Product {
  a: number;
  b: number;
  c: number;
  rows: number;
  columns: number;
  terms: number;
  turnedA: boolean;
  turnedB: boolean;
}

/** What a call has beside its product. */
interface CallOf {
  /** Numbers from one row of a, or of b, to the next, as they are stored. */
  strideA: number;
  strideB: number;
  /** Panels, rows, columns or products of a piece. */
  step: number;
  /** Whether c is added to. */
  adds?: boolean;
  packed?: number;
  isLeftPacked?: boolean;
  /** Of a batch: how many products, and numbers from one matrix to the next. */
  batch?: number;
  apart?: { a: number; b: number };
}

/** In the order of `assembly/products.ts`. */
function argumentsOf({ a, b, c, rows, columns, terms, turnedA, turnedB }: Product, call: CallOf): number[] {
  const { strideA, strideB, adds = false, packed = 0, step, isLeftPacked = false, batch = 0, apart } = call;
  const sizes = [rows, columns, terms, Number(turnedA), Number(turnedB), strideA, strideB];
  return [a, b, c, ...sizes, Number(adds), packed, step, Number(isLeftPacked), batch, apart?.a ?? 0, apart?.b ?? 0];
}

const roundUp = (count: number, unit: number): number => Math.ceil(count / unit) * unit;

/** As they are stored, without anything between rows. */
const stridesOf = ({ rows, columns, terms, turnedA, turnedB }: Omit<Product, 'a' | 'b' | 'c'>) => ({
  strideA: turnedA ? rows : terms,
  strideB: turnedB ? terms : columns,
});

/** Packs the left or the right matrix for all threads. @returns where it lies, until something else is packed. */
function pack(team: KernelTeam, product: Product, { strideA, strideB }: ReturnType<typeof stridesOf>, isLeft: boolean) {
  const { rows, columns, terms } = product;
  const unit = isLeft ? 4 : 8;
  const panels = Math.ceil((isLeft ? rows : columns) / unit);
  const packed = team.shared(4 * unit * panels * terms);
  const step = Math.max(1, Math.floor(16_384 / (unit * terms)));
  const call = argumentsOf(product, { strideA, strideB, packed, step });
  team.run(
    isLeft ? Kernel.packLeft : Kernel.packRight,
    Math.ceil(panels / step),
    step * unit * terms * ofPacking,
    call,
  );
  return packed;
}

/** Packs a right matrix [terms, columns], or its transpose, for all threads. */
export function packColumns(team: KernelTeam, right: Pick<Product, 'b' | 'terms' | 'columns' | 'turnedB'>): number {
  const product = { ...right, a: 0, c: 0, rows: 0, turnedA: false };
  return pack(team, product, stridesOf(product), false);
}

/** Multiplies with all threads: the smaller matrix is packed for all, the other in strips. */
function multiply(team: KernelTeam, product: Product): void {
  const { a, b, rows, columns, terms, turnedA, turnedB } = product;
  const isLeftPacked = rows <= columns;
  const [packedRows, stripped, unit] = isLeftPacked ? [roundUp(rows, 4), columns, 8] : [roundUp(columns, 8), rows, 4];
  const strip = Math.min(longestStrip, roundUp(Math.ceil(stripped / (4 * team.threads)), unit));
  const most = Math.max(depth, Math.floor(mostPacked / packedRows / depth) * depth);
  const strides = stridesOf(product);
  for (let term = 0; term < terms; term += most) {
    const part = {
      ...product,
      a: a + 4 * term * (turnedA ? rows : 1),
      b: b + 4 * term * (turnedB ? 1 : columns),
      terms: Math.min(most, terms - term),
    };
    const packed = pack(team, part, strides, isLeftPacked);
    team.run(
      Kernel.multiply,
      Math.ceil(stripped / strip),
      strip * part.terms * (packedRows * ofTerm + ofPacking),
      argumentsOf(part, { ...strides, adds: term > 0, packed, step: strip, isLeftPacked }),
      128 + 4 * strip * depth,
    );
  }
}

/** Multiplies the matrices of a batch, each by one thread. @param apart numbers from one matrix to the next, 0 for the same one. */
function multiplyBatch(team: KernelTeam, product: Product, batch: number, apart: { a: number; b: number }): void {
  const { rows, columns, terms } = product;
  const nanoseconds = rows * columns * terms * ofTerm + (rows + columns) * terms * ofPacking + 50;
  const step = Math.max(1, Math.min(Math.floor(20_000 / nanoseconds), Math.ceil(batch / (2 * team.threads))));
  team.run(
    Kernel.multiplySmall,
    Math.ceil(batch / step),
    step * nanoseconds,
    argumentsOf(product, { ...stridesOf(product), step, batch, apart }),
    128 + 4 * terms * (4 + roundUp(columns, 8)),
  );
}

/**
 * Has our own kernels do every product of matrices. As shipped, the wasm backend takes single products without transposition to
 * XNNPACK, which packs a weight anew in each step, and does the rest in a plain loop; every gradient of a product is a transposed
 * product.
 */
export function useOwnProducts(team: KernelTeam): void {
  replaceKernel('BatchMatMul', (base) => ({ inputs, attrs, backend }) => {
    const { a, b } = inputs as Record<'a' | 'b', tf.Tensor>;
    const { transposeA: turnedA, transposeB: turnedB } = attrs as Record<'transposeA' | 'transposeB', boolean>;
    const batchOf = (x: tf.Tensor): number => x.shape.slice(0, -2).reduce((product, extent) => product * extent, 1);
    const [batchA, batchB] = [batchOf(a), batchOf(b)];
    const isPlain = a.dtype === 'float32' && b.dtype === 'float32';
    if (!isPlain || (batchA !== batchB && batchA !== 1 && batchB !== 1))
      return tf.engine().makeTensorFromTensorInfo(base({ inputs, attrs, backend }) as tf.TensorInfo);
    const [rows, terms] = turnedA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
    const columns = turnedB ? b.shape.at(-2)! : b.shape.at(-1)!;
    const out = team.make([...(batchA >= batchB ? a : b).shape.slice(0, -2), rows, columns]);
    if (out.size === 0) return out;
    const product = { a: team.place(a), b: team.place(b), c: team.place(out), rows, columns, terms, turnedA, turnedB };
    const batch = Math.max(batchA, batchB);
    const apart = {
      a: batchA === 1 ? 0 : rows * terms,
      b: batchB === 1 ? 0 : columns * terms,
    };
    if (terms === 0) multiplyBatch(team, product, batch, apart);
    else if (batch === 1) multiply(team, product);
    // One matrix on the right serves the whole batch: its rows are one tall matrix.
    else if (batchB === 1 && !turnedA) multiply(team, { ...product, rows: batch * rows });
    else if (rows * columns * terms < small) multiplyBatch(team, product, batch, apart);
    else
      for (let i = 0; i < batch; i++)
        multiply(team, {
          ...product,
          a: product.a + 4 * i * apart.a,
          b: product.b + 4 * i * apart.b,
          c: product.c + 4 * i * rows * columns,
        });
    return out;
  });
}
