import * as tf from '@tensorflow/tfjs-core';
import { chain, consumed, replaced } from './chain.js';
import type { EntriesOf } from './entrywise.js';
import { power } from './power.js';

/** The loss of one kind of target, and its derivative, each computed from the logits alone. */
export interface LossPart {
  values: (z: tf.Tensor) => tf.Tensor;
  derivative: (z: tf.Tensor) => tf.Tensor;
}

/** The entries of positives where the target is 1, of negatives where it is 0. */
export function byTarget(targets: tf.Tensor, positive: LossPart, negative: LossPart): EntriesOf {
  const blended = (z: tf.Tensor, of: keyof LossPart): tf.Tensor => {
    const ofPositive = replaced(positive[of](z), (x) => tf.mul(x, targets));
    const ofNegative = replaced(negative[of](z), (x) => tf.tidy(() => tf.sub(x, tf.mul(x, targets))));
    return consumed(tf.add, ofPositive, ofNegative);
  };
  return (z) => ({ values: blended(z, 'values'), derivative: () => blended(z, 'derivative') });
}

/** 1 − p */
export function complement(z: tf.Tensor): tf.Tensor {
  return chain(z, tf.neg, tf.sigmoid);
}

/** m = max(p − clip, 0) */
export function aboveMargin(z: tf.Tensor, clip: number): tf.Tensor {
  return clip === 0 ? tf.sigmoid(z) : chain(z, tf.sigmoid, (p) => tf.sub(p, clip), tf.relu); // prettier-ignore
}

/** The derivative of {@link aboveMargin}: p (1 − p) where p is above the margin. */
export function changeOf(z: tf.Tensor, clip: number): tf.Tensor {
  const slope = consumed(tf.mul, tf.sigmoid(z), complement(z));
  if (clip === 0) return slope;
  return consumed(tf.mul, slope, chain(z, tf.sigmoid, (p) => tf.sub(p, clip), tf.step)); // prettier-ignore
}

/** 1 − m, at least `eps`; a margin above it keeps 1 − m above it, too. */
export function marginComplement(m: tf.Tensor, clip: number, eps: number): tf.Tensor {
  const complement = tf.sub(1, m);
  return clip > eps ? complement : replaced(complement, (q) => tf.maximum(q, eps));
}

/** x · base^γ; disposes both. */
export function focused(x: tf.Tensor, base: tf.Tensor, gamma: number): tf.Tensor {
  if (gamma === 0) {
    base.dispose();
    return x;
  }
  return consumed(tf.mul, x, gamma === 1 ? base : replaced(base, (b) => power(b, gamma)));
}

/** −x; disposes x. */
export function negated(x: tf.Tensor): tf.Tensor {
  return replaced(x, tf.neg);
}
