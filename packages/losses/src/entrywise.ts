import { fusedOps, type EntryLoss, type FusedOps } from '@cxr-align/fused-ops';
import { withGradient, type Reduced, type Reduction } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { chain, consumed, replaced } from './chain.js';
import type { ClassificationOptions } from './classification.js';

/** The entries of a loss on logits. */
export interface Entries {
  values: tf.Tensor;
  /**
   * The derivative of each value by its logit, where gradients are being computed. It is called once the values are reduced and
   * disposed, so that both are not in memory at the same time.
   */
  derivative?: () => tf.Tensor;
}

/** The entries of the logits z, with their derivative where gradients are being computed. */
export type EntriesOf = (z: tf.Tensor, isDifferentiated: boolean) => Entries;

/** What an engine computes the entries by, where it has a fused operation for them. */
export interface FusedEntries {
  loss: EntryLoss;
  targets: tf.Tensor;
  /** [labels]. */
  columns?: tf.Tensor;
  /** [batch, labels]: multiplies the entries. */
  weights?: tf.Tensor;
}

/**
 * Reduces a loss each of whose entries depends on its own logit. Of the forward pass only the derivative is kept.
 *
 * @param logits float32 [batch, labels].
 * @param entries the loss of each logit; what else it uses is constant.
 * @param fused the same for a fused operation.
 * @returns a scalar, or [batch, labels] with `reduction: 'none'`, as `reduce` of `@cxr-align/tensor`. The caller owns it.
 */
export function entrywiseLoss<R extends Reduction = 'mean'>(
  logits: tf.Tensor,
  { mask, reduction = 'mean' as R }: ClassificationOptions<R>,
  entries: EntriesOf,
  fused?: FusedEntries,
): Reduced<R> {
  const isDifferentiated = tf.engine().state.gradientDepth > 0;
  const ofKnown = (x: tf.Tensor): tf.Tensor => (mask ? replaced(x, (all) => tf.mul(all, mask)) : x);
  const isSummed = reduction !== 'none';
  const plain = (z: tf.Tensor): Entries => {
    const { values, derivative } = entries(z, isDifferentiated);
    const known = ofKnown(values);
    return {
      values: isSummed ? replaced(known, (all) => tf.sum(all)) : known,
      ...(derivative && { derivative: () => ofKnown(derivative()) }),
    };
  };
  const { entryLosses } = fusedOps();
  const reduced = entryLosses && fused ? fusedEntries(entryLosses, fused, { mask, isSummed, isDifferentiated }) : plain;
  return tf.tidy(() =>
    withGradient<Reduced<R>>([logits], (z) => {
      const { values, derivative } = reduced(z);
      const value = values as Reduced<R>;
      const slopes = (): tf.Tensor[] => (derivative ? [derivative()] : []);
      const by = (factor: tf.Tensor, [kept]: tf.Tensor[]): tf.Tensor[] => [tf.mul(kept, factor)];
      if (reduction !== 'mean') return { value, saved: slopes, gradient: by };
      const share = tf.div(1, mask ? tf.maximum(tf.sum(mask), 1e-6) : Math.max(z.size, 1));
      return {
        value: tf.mul(value, share),
        saved: () => [...slopes(), share],
        gradient: (dy, [kept, ofEach]) => by(tf.mul(dy, ofEach), [kept]),
      };
    }),
  );
}

/** The entries, or their sum, by a fused operation. */
function fusedEntries(
  entryLosses: NonNullable<FusedOps['entryLosses']>,
  { loss, weights, ...inputs }: FusedEntries,
  { mask, ...wanted }: { mask?: tf.Tensor; isSummed: boolean; isDifferentiated: boolean },
): (z: tf.Tensor) => Entries {
  return (z) => {
    const product = mask && weights && tf.mul(mask, weights);
    const { values, derivative } = entryLosses(
      loss,
      { logits: z, ...inputs, factors: product ?? mask ?? weights },
      wanted,
    );
    product?.dispose();
    return { values, ...(derivative && { derivative: () => derivative }) };
  };
}

/**
 * log(1 + e^−|z|): what softplus(z) has above max(z, 0), and softplus(−z) above max(−z, 0). Exact where the sigmoid rounds
 * to 0 or 1.
 */
export function softplusTail(z: tf.Tensor): tf.Tensor {
  return chain(z, tf.abs, tf.neg, tf.exp, tf.log1p);
}

/** log σ(z) = −softplus(−z), exact as {@link softplusTail} is. */
export function logSigmoid(z: tf.Tensor): tf.Tensor {
  return replaced(softplusTail(z), (tail) => tf.tidy(() => tf.sub(tf.minimum(z, 0), tail)));
}

/** log σ(−z) = −softplus(z). */
export function logSigmoidOfNegative(z: tf.Tensor): tf.Tensor {
  return replaced(consumed(tf.add, softplusTail(z), tf.relu(z)), tf.neg);
}

/** Binary cross entropy of logits with targets in [0, 1]: y softplus(−z) + (1 − y) softplus(z). */
export function binaryCrossEntropy(targets: tf.Tensor): EntriesOf {
  return (z) => {
    // max(z, 0) − y z first: exact for targets of 0 and 1.
    const linear = tf.tidy(() => tf.sub(tf.relu(z), tf.mul(z, targets)));
    return {
      values: consumed(tf.add, linear, softplusTail(z)),
      derivative: () => chain(z, tf.sigmoid, (p) => tf.sub(p, targets)),
    };
  };
}
