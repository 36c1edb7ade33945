import type { Tensor } from '@tensorflow/tfjs-core';
import { assertTensor } from './assert-tensor.js';

/** Names given to axes so far and their sizes; a name that comes again must have the same size. */
export type AxisSizes = Record<string, number>;

/**
 * Checks a shape at a public door. An axis is a number (that size) or a name (any size, but the same one wherever the
 * name stands in the same `sizes`).
 *
 * @example
 * const sizes = assertShape('losses/bce', 'logits', logits, ['batch', 'labels']);
 * assertShape('losses/bce', 'targets', targets, ['batch', 'labels'], sizes); // the same batch and labels
 *
 * @returns `sizes`, with the names of this shape added.
 * @throws {TypeError} if it is no tensor of numbers.
 * @throws {RangeError} on another rank or size, naming what was expected and what was found.
 */
export function assertShape(
  where: string,
  name: string,
  tensor: Tensor,
  axes: readonly (string | number)[],
  sizes: AxisSizes = {},
): AxisSizes {
  assertTensor(where, name, tensor);
  const { shape } = tensor;
  const fits =
    shape.length === axes.length &&
    axes.every((axis, i) => {
      if (typeof axis === 'number') return shape[i] === axis;
      sizes[axis] ??= shape[i];
      return sizes[axis] === shape[i];
    });
  if (!fits) {
    const wanted = axes.map((axis) =>
      typeof axis === 'string' && sizes[axis] !== undefined && shape.length === axes.length ? sizes[axis] : axis,
    );
    throw new RangeError(
      `${where}: expected ${name} of shape [${wanted.join(', ')}], got [${shape.join(', ')}]; ` +
        `its axes are [${axes.join(', ')}], in the same order and size as the other inputs`,
    );
  }
  return sizes;
}
