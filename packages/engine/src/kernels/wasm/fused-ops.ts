import type { DropoutMask, FusedForward, FusedOps } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import { Kernel } from '../../../assembly/call.js';
import { WasmAdamW } from './adamw.js';
import { wasmEntryLosses } from './entry-losses.js';
import type { KernelThreadPool } from './thread-pool.js';

/** Entries of a chunk of a long array. */
const chunkSize = 2 ** 13;

/** Rows of a chunk. */
const rowsPerChunk = (width: number): number => Math.max(1, Math.floor(chunkSize / Math.max(1, width)));

function maskArguments({ rate, words }: DropoutMask) {
  const [maskSeed, maskPurpose, maskStep, maskEpoch] = words;
  const maskLimit = Math.min(65535, Math.floor(rate * 65536 + 0.5));
  return { maskSeed, maskPurpose, maskStep, maskEpoch, maskLimit, maskScale: 1 / (1 - rate) };
}

/** The fused operations that our own kernels (`assembly/`) compute. */
export function wasmFusedOps(pool: KernelThreadPool): FusedOps {
  return {
    adamW: (variables, decay) => new WasmAdamW(pool, variables, decay),
    columnSums: (x) => columnSums(pool, x),
    dropout: (x, mask, residual) => dropout(pool, x, mask, residual),
    biasReluDropout: (product, bias, mask) => biasReluDropout(pool, product, bias, mask),
    layerNorm: (x, gamma, beta, eps) => layerNorm(pool, x, { gamma, beta, eps }),
    attention: (query, keyValue, sizes, mask) => attention(pool, { query, keyValue }, sizes, mask),
    entryLosses: wasmEntryLosses(pool),
  };
}

function columnSums(pool: KernelThreadPool, x: tf.Tensor): tf.Tensor1D {
  const [rows, columns] = x.shape;
  const sums = pool.allocateTensor([columns]);
  const step = Math.max(16, Math.min(512, Math.ceil(columns / pool.threads / 16) * 16));
  pool.run(
    Kernel.columnSums,
    { count: Math.ceil(columns / step), nanoseconds: 0.1 * step * rows },
    { x: pool.address(x), sums: pool.address(sums), rows, columns, step },
  );
  return sums as tf.Tensor1D;
}

/** Adds up the sums of chunks of rows, in their order, and disposes them. */
function addedUp(pool: KernelThreadPool, sums: tf.Tensor): tf.Tensor1D {
  const all = sums.shape[0] === 1 ? (tf.reshape(sums, [-1]) as tf.Tensor1D) : columnSums(pool, sums);
  sums.dispose();
  return all;
}

function dropout(pool: KernelThreadPool, x: tf.Tensor, mask: DropoutMask, residual?: tf.Tensor): tf.Tensor {
  const y = pool.allocateTensor(x.shape);
  pool.run(
    Kernel.dropout,
    { count: Math.ceil(x.size / chunkSize), nanoseconds: chunkSize },
    {
      x: pool.address(x),
      y: pool.address(y),
      residual: residual ? pool.address(residual) : 0,
      size: x.size,
      step: chunkSize,
      ...maskArguments(mask),
    },
  );
  return y;
}

function biasReluDropout(pool: KernelThreadPool, product: tf.Tensor, bias: tf.Tensor, mask: DropoutMask): FusedForward {
  const width = bias.size;
  const rows = product.size / width;
  const step = rowsPerChunk(width);
  const count = Math.ceil(rows / step);
  const value = pool.allocateTensor(product.shape);
  const [ofProduct, ofBias, ofValue] = [product, bias, value].map((tensor) => pool.address(tensor));
  pool.run(
    Kernel.biasReluDropout,
    { count, nanoseconds: 1.2 * step * width },
    { product: ofProduct, bias: ofBias, y: ofValue, rows, width, step, ...maskArguments(mask) },
  );
  const gradient = (dy: tf.Tensor, [y]: tf.Tensor[]): tf.Tensor[] => {
    const dproduct = pool.allocateTensor(y.shape);
    const sums = pool.allocateTensor([count, width]);
    pool.run(
      Kernel.biasReluDropoutGradient,
      { count, nanoseconds: 0.5 * step * width },
      {
        dy: pool.address(dy),
        y: pool.address(y),
        dproduct: pool.address(dproduct),
        sums: pool.address(sums),
        rows,
        width,
        scale: 1 / (1 - mask.rate),
        step,
      },
    );
    return [dproduct, addedUp(pool, sums)];
  };
  return { value, saved: [value], gradient };
}

function layerNorm(
  pool: KernelThreadPool,
  x: tf.Tensor,
  { gamma, beta, eps }: { gamma: tf.Tensor; beta: tf.Tensor; eps: number },
): FusedForward {
  const dim = gamma.size;
  const rows = x.size / dim;
  const step = rowsPerChunk(dim);
  const count = Math.ceil(rows / step);
  const value = pool.allocateTensor(x.shape);
  const statistics = pool.allocateTensor([rows, 2]);
  pool.run(
    Kernel.layerNorm,
    { count, nanoseconds: 0.6 * step * dim },
    {
      x: pool.address(x),
      gamma: pool.address(gamma),
      beta: pool.address(beta),
      y: pool.address(value),
      statistics: pool.address(statistics),
      rows,
      dim,
      eps,
      step,
    },
  );
  const gradient = (dy: tf.Tensor, [input, known, scale]: tf.Tensor[]): tf.Tensor[] => {
    const dx = pool.allocateTensor(input.shape);
    const sums = pool.allocateTensor([count, 2 * dim]);
    pool.run(
      Kernel.layerNormGradient,
      { count, nanoseconds: 1.2 * step * dim },
      {
        dy: pool.address(dy),
        x: pool.address(input),
        statistics: pool.address(known),
        gamma: pool.address(scale),
        dx: pool.address(dx),
        sums: pool.address(sums),
        rows,
        dim,
        step,
      },
    );
    return [dx, ...tf.split(addedUp(pool, sums), 2)];
  };
  return { value, saved: [x, statistics, gamma], gradient };
}

function attention(
  pool: KernelThreadPool,
  { query, keyValue }: { query: tf.Tensor2D; keyValue: tf.Tensor2D },
  { batch, heads }: { batch: number; heads: number },
  mask: DropoutMask,
): FusedForward {
  const dim = query.shape[1];
  const [rows, context] = [query.shape[0] / batch, keyValue.shape[0] / batch];
  const line = Math.ceil(context / 16) * 16;
  const scratchBytes = 128 + 4 * (rows * context + (dim / heads + 2 * rows) * line);
  const nanoseconds = rows * line * (0.3 * dim + 4 * heads);
  const shared = { rows, context, dim, heads, ...maskArguments(mask) };
  const value = pool.allocateTensor(query.shape);
  const weights = pool.allocateTensor([batch, heads, rows, context]);
  pool.run(
    Kernel.attention,
    { count: batch, nanoseconds, scratchBytes },
    {
      query: pool.address(query),
      keyValue: pool.address(keyValue),
      weights: pool.address(weights),
      attended: pool.address(value),
      dquery: 0,
      dkeyValue: 0,
      ...shared,
    },
  );
  const gradient = (dy: tf.Tensor, [q, kv, known]: tf.Tensor[]): tf.Tensor[] => {
    const [dquery, dkeyValue] = [pool.allocateTensor(q.shape), pool.allocateTensor(kv.shape)];
    pool.run(
      Kernel.attentionGradient,
      { count: batch, nanoseconds: 2 * nanoseconds, scratchBytes },
      {
        query: pool.address(q),
        keyValue: pool.address(kv),
        weights: pool.address(known),
        attended: pool.address(dy),
        dquery: pool.address(dquery),
        dkeyValue: pool.address(dkeyValue),
        ...shared,
      },
    );
    return [dquery, dkeyValue];
  };
  return { value, saved: [query, keyValue, weights], gradient };
}
