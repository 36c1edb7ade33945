import { assertOptions, assertShape } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface ReferenceUncertaintyOptions {
  /** Index of the σ that the last task divides by. Default its own (the corrected form); as coded, that of another task. */
  sharedWith?: number;
}

/**
 * The reference implementation's uncertainty weighting: σ itself is learned, not its logarithm; a loss that is exactly 0
 * drops its whole term, and a single loss above 0 counts as it is.
 *
 *   Σ ℓ/σ² + log σ for classification tasks; the last task, a regression: ℓ/(2σ²) + log σ
 *
 * As coded, the last task divides by the σ of `sharedWith` instead of its own, which drives its own σ below 0.
 *
 * @param losses float32 [tasks], the regression task last. @param sigmas float32 [tasks].
 * @returns a scalar. The caller owns it.
 * @throws {RangeError} if the shapes differ, or `sharedWith` is no index of a task.
 * @throws {TypeError} for arguments of another kind, or unknown options.
 */
export function referenceUncertaintyLoss(
  losses: tf.Tensor,
  sigmas: tf.Tensor,
  options: ReferenceUncertaintyOptions = {},
): tf.Scalar {
  const where = 'losses/referenceUncertaintyLoss';
  const { tasks } = assertShape(where, 'sigmas', sigmas, ['tasks'], assertShape(where, 'losses', losses, ['tasks']));
  assertOptions(where, options, { sharedWith: { min: 0, max: tasks - 1 } });
  const { sharedWith = tasks - 1 } = options;
  return tf.tidy(() => {
    const isUsed = tf.step(tf.abs(losses));
    const divisors = tf.concat([tf.slice(sigmas, [0], [tasks - 1]), tf.slice(sigmas, [sharedWith], [1])]);
    const coefficients = tf.tensor1d(Array.from({ length: tasks }, (_, i) => (i === tasks - 1 ? 0.5 : 1)));
    const all = tf.add(tf.div(tf.mul(coefficients, losses), tf.square(divisors)), tf.log(sigmas));
    const weighted = tf.sum(tf.mul(isUsed, all));
    const isAlone = tf.step(tf.sub(1.5, tf.sum(isUsed)));
    return tf.add(tf.mul(isAlone, tf.sum(tf.mul(isUsed, losses))), tf.mul(tf.sub(1, isAlone), weighted)) as tf.Scalar;
  });
}
