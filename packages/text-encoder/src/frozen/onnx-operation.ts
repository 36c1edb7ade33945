import type { OnnxArray, OnnxAttribute, OnnxNode } from '@cxr-align/onnx';
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

/** The integers of a tensor that parameterises an operation (a shape, axes, indices): they are read at once. */
export function integersOf(x: tf.Tensor): number[] {
  return [...x.dataSync()];
}

/** The axis, or the index, that may be counted from the end. */
export function fromStart(axis: OnnxAttribute, extent: number): number {
  return (axis as number) < 0 ? (axis as number) + extent : (axis as number);
}
