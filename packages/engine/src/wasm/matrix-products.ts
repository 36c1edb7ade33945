import * as tf from '@tensorflow/tfjs-core';
import { Kernel } from '../../assembly/call.js';
import { replaceKernel } from './kernels.js';
import type { KernelTeam } from './team.js';

/** Terms that a strip holds at once: `depth` of `assembly/products.ts`. */
const depth = 384;
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

const roundUp = (count: number, unit: number): number => Math.ceil(count / unit) * unit;

/** Multiplies with all threads: the smaller matrix is packed for all, the other in strips. */
function multiply(team: KernelTeam, product: Product): void {
  const { a, b, c, rows, columns, terms, turnedA, turnedB } = product;
  const isLeftPacked = rows <= columns;
  const [packedUnit, stripUnit] = isLeftPacked ? [4, 8] : [8, 4];
  const [packedRows, stripped] = isLeftPacked ? [roundUp(rows, 4), columns] : [roundUp(columns, 8), rows];
  const strip = Math.min(longestStrip, roundUp(Math.ceil(stripped / (4 * team.threads)), stripUnit));
  const most = Math.max(depth, Math.floor(mostPacked / packedRows / depth) * depth);
  const [strideA, strideB] = [turnedA ? rows : terms, turnedB ? terms : columns];
  for (let term = 0; term < terms; term += most) {
    const count = Math.min(most, terms - term);
    const packed = team.shared(4 * packedRows * count);
    const call = (step: number): number[] => [
      a + 4 * term * (turnedA ? rows : 1),
      b + 4 * term * (turnedB ? 1 : columns),
      c,
      rows,
      columns,
      count,
      Number(turnedA),
      Number(turnedB),
      strideA,
      strideB,
      Number(term > 0),
      packed,
      step,
      Number(isLeftPacked),
    ];
    const panels = packedRows / packedUnit;
    const step = Math.max(1, Math.floor(16_384 / (packedUnit * count)));
    team.run(
      isLeftPacked ? Kernel.packLeft : Kernel.packRight,
      Math.ceil(panels / step),
      step * packedUnit * count * ofPacking,
      call(step),
    );
    team.run(
      Kernel.multiply,
      Math.ceil(stripped / strip),
      strip * count * (packedRows * ofTerm + ofPacking),
      call(strip),
      128 + 4 * strip * depth,
    );
  }
}

/** Multiplies the matrices of a batch, each by one thread. @param apart numbers from one matrix to the next, 0 for the same one. */
function multiplyBatch(team: KernelTeam, product: Product, batch: number, apart: { a: number; b: number }): void {
  const { a, b, c, rows, columns, terms, turnedA, turnedB } = product;
  const nanoseconds = rows * columns * terms * ofTerm + (rows + columns) * terms * ofPacking + 50;
  const step = Math.max(1, Math.min(Math.floor(20_000 / nanoseconds), Math.ceil(batch / (2 * team.threads))));
  team.run(
    Kernel.multiplySmall,
    Math.ceil(batch / step),
    step * nanoseconds,
    [
      a,
      b,
      c,
      rows,
      columns,
      terms,
      Number(turnedA),
      Number(turnedB),
      turnedA ? rows : terms,
      turnedB ? terms : columns,
      0,
      0,
      step,
      0,
      batch,
      apart.a,
      apart.b,
    ],
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
