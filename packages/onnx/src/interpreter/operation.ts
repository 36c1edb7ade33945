import type { OnnxArray, OnnxAttribute, OnnxNode } from '../onnx-graph.js';
import * as tf from '@tensorflow/tfjs-core';

/** Runs one operation. An input that is left out is undefined. */
export type OnnxOperation = (inputs: (tf.Tensor | undefined)[], node: OnnxNode) => tf.Tensor | tf.Tensor[];

/** An operation whose result is piecewise constant in its inputs: its gradient is 0. */
export function withoutGradient(operation: (...given: Parameters<OnnxOperation>) => tf.Tensor): OnnxOperation {
  return (inputs, node) => {
    const given = inputs.map((x) => x!);
    const apply = tf.customGrad((...all) => {
      const tensors = all.slice(0, given.length) as tf.Tensor[];
      return { value: operation(tensors, node), gradFunc: () => given.map(({ shape }) => tf.zeros(shape)) };
    });
    return apply(...given);
  };
}

/** A tensor of an array in a file. */
export function tensorOf({ data, shape, dtype }: OnnxArray): tf.Tensor {
  return tf.tensor(dtype === 'bool' ? Uint8Array.from(data) : data, shape, dtype);
}

/** The numbers of small constants: a step that reads tensors cannot be captured. */
const known = new WeakMap<tf.Tensor, number[]>();

/** The most numbers of a constant that are remembered. */
export const mostKnown = 4096;

/** Remembers the numbers of a constant, where they are few. */
export function remember(x: tf.Tensor): void {
  if (x.size <= mostKnown) known.set(x, [...x.dataSync()]);
}

/** The numbers of a small constant. */
export function knownNumbers(x: tf.Tensor): number[] | undefined {
  return known.get(x);
}

/** The numbers of a tensor that parameterises an operation (a shape, axes, indices): they are read at once. */
export function integersOf(x: tf.Tensor): number[] {
  return known.get(x) ?? [...x.dataSync()];
}

/** The axis, or the index, that may be counted from the end. */
export function fromStart(axis: OnnxAttribute, extent: number): number {
  return (axis as number) < 0 ? (axis as number) + extent : (axis as number);
}
