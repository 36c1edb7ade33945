import * as tf from '@tensorflow/tfjs-core';
import { assertOption, reductions } from './assert-options.js';

/** How the entries of a loss become its value: their mean, their sum, or each on its own. */
export type Reduction = 'mean' | 'sum' | 'none';

/** What a loss returns: a scalar, or with `none` the entries. */
export type Reduced<R extends Reduction> = R extends 'none' ? tf.Tensor : tf.Scalar;

/**
 * Reduces the entries of a loss over the known ones only.
 *
 * @param values float32 of any shape.
 * @param mask of the same shape, 1 = known, 0 = unknown; fractions weigh. Without it every entry is known.
 * @returns a scalar (`mean`: Σ mask·value / Σ mask, and 0 if nothing is known; `sum`: Σ mask·value), or with `none`
 *   mask·value in the shape of `values`. The caller owns it.
 * @throws {RangeError} for another reduction.
 */
export function reduce<R extends Reduction>(values: tf.Tensor, reduction: R, mask?: tf.Tensor): Reduced<R> {
  assertOption('tensor/reduce', 'reduction', reduction, reductions);
  const reduced = tf.tidy(() => {
    const known = mask === undefined ? values : tf.mul(values, mask);
    if (reduction === 'none') return known === values ? tf.clone(values) : known;
    const sum = tf.sum(known);
    if (reduction === 'sum') return sum;
    return mask === undefined ? tf.div(sum, Math.max(values.size, 1)) : tf.div(sum, atLeast(tf.sum(mask), 1e-6));
  });
  return reduced as Reduced<R>;
}

/** x where it is above `floor`, else `floor`; counts of 0 become a divisor that leaves 0 / floor = 0. */
function atLeast(x: tf.Tensor, floor: number): tf.Tensor {
  return tf.maximum(x, floor);
}
