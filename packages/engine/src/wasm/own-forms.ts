import type { DropoutMask, FastForms } from '@cxr-align/fast-forms';
import * as tf from '@tensorflow/tfjs-core';
import { Kernel } from '../../assembly/call.js';
import type { Argument, KernelTeam } from './team.js';

/** Numbers that a piece goes through, where they are many. */
const pieceSize = 2 ** 13;

/** The six arguments of a mask. */
function maskArguments({ rate, words }: DropoutMask): Argument[] {
  return [...words, Math.min(65535, Math.floor(rate * 65536 + 0.5)), { number: 1 / (1 - rate) }];
}

/** Rows of a piece. */
const rowsOfPiece = (width: number): number => Math.max(1, Math.floor(pieceSize / Math.max(1, width)));

/** What our own kernels (`assembly/`) do. */
export function ownForms(team: KernelTeam): FastForms {
  const columnSums = (x: tf.Tensor): tf.Tensor1D => {
    const [rows, columns] = x.shape;
    const sums = team.make([columns]);
    const step = Math.max(16, Math.min(512, Math.ceil(columns / team.threads / 16) * 16));
    team.run(Kernel.columnSums, Math.ceil(columns / step), 0.1 * step * rows, [
      team.place(x),
      team.place(sums),
      rows,
      columns,
      step,
    ]);
    return sums as tf.Tensor1D;
  };
  const dropout = (x: tf.Tensor, mask: DropoutMask, rest?: tf.Tensor): tf.Tensor => {
    const y = team.make(x.shape);
    const given = [team.place(x), team.place(y), rest ? team.place(rest) : 0, x.size, pieceSize];
    team.run(Kernel.dropout, Math.ceil(x.size / pieceSize), pieceSize, [...given, ...maskArguments(mask)]);
    return y;
  };
  /** Sums that pieces of rows left behind, added up in their order. */
  const addedUp = (sums: tf.Tensor): tf.Tensor1D => {
    const all = sums.shape[0] === 1 ? (tf.reshape(sums, [-1]) as tf.Tensor1D) : columnSums(sums);
    sums.dispose();
    return all;
  };
  return {
    columnSums,
    dropout,
    hidden: (product, bias, mask) => {
      const width = bias.size;
      const rows = product.size / width;
      const step = rowsOfPiece(width);
      const pieces = Math.ceil(rows / step);
      const value = team.make(product.shape);
      const given = [team.place(product), team.place(bias), team.place(value), rows, width, step];
      team.run(Kernel.hidden, pieces, 1.2 * step * width, [...given, ...maskArguments(mask)]);
      return {
        value,
        saved: [value],
        gradient: (dy, [y]) => {
          const dx = team.make(y.shape);
          const sums = team.make([pieces, width]);
          const places = [dy, y, dx, sums].map((one) => team.place(one));
          const keep = { number: 1 / (1 - mask.rate) };
          team.run(Kernel.hiddenGradient, pieces, 0.5 * step * width, [...places, rows, width, keep, step]);
          return [dx, addedUp(sums)];
        },
      };
    },
    layerNorm: (x, scale, shift, eps) => {
      const dim = scale.size;
      const rows = x.size / dim;
      const step = rowsOfPiece(dim);
      const pieces = Math.ceil(rows / step);
      const value = team.make(x.shape);
      const statistics = team.make([rows, 2]);
      const places = [x, scale, shift, value, statistics].map((one) => team.place(one));
      team.run(Kernel.layerNorm, pieces, 0.6 * step * dim, [...places, rows, dim, { number: eps }, step]);
      return {
        value,
        saved: [x, statistics, scale],
        gradient: (dy, [input, known, factors]) => {
          const dx = team.make(input.shape);
          const sums = team.make([pieces, 2 * dim]);
          const given = [dy, input, known, factors, dx, sums].map((one) => team.place(one));
          team.run(Kernel.layerNormGradient, pieces, 1.2 * step * dim, [...given, rows, dim, step]);
          return [dx, ...tf.split(addedUp(sums), 2)];
        },
      };
    },
    attention: (query, keyValue, { batch, heads }, mask) => {
      const dim = query.shape[1];
      const [rows, sources] = [query.shape[0] / batch, keyValue.shape[0] / batch];
      const value = team.make(query.shape);
      const weights = team.make([batch, heads, rows, sources]);
      const line = Math.ceil(sources / 16) * 16;
      const roomBytes = 128 + 4 * (rows * sources + (dim / heads + 2 * rows) * line);
      const nanoseconds = rows * line * (0.3 * dim + 4 * heads);
      const run = (kernel: Kernel, cost: number, tensors: tf.Tensor[], more: tf.Tensor[] = []): void => {
        const places = tensors.map((one) => team.place(one));
        const gradients = [0, 0].map((none, i) => (more[i] ? team.place(more[i]) : none));
        const given = [...places, rows, sources, dim, heads, ...gradients, ...maskArguments(mask)];
        team.run(kernel, batch, cost, given, roomBytes);
      };
      run(Kernel.attention, nanoseconds, [query, keyValue, weights, value]);
      return {
        value,
        saved: [query, keyValue, weights],
        gradient: (dy, [asked, answered, known]) => {
          const gradients = [team.make(asked.shape), team.make(answered.shape)];
          run(Kernel.attentionGradient, 2 * nanoseconds, [asked, answered, known, dy], gradients);
          return gradients;
        },
      };
    },
  };
}
