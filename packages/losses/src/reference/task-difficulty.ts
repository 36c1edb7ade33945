import { assertOptions, assertShape, withGradient } from '@cxr-align/tensor';
import * as tf from '@tensorflow/tfjs-core';

export interface ReferenceTaskDifficultyOptions {
  /** T > 0. Default 1. */
  temperature?: number;
}

/**
 * The reference implementation's task balance: each loss is multiplied by the exponential of itself, held constant.
 *
 *   Σ_t e^(ℓ_t/T) · ℓ_t, its gradient e^(ℓ_t/T)
 *
 * @param losses float32 [tasks].
 * @returns a scalar. The caller owns it.
 * @throws {RangeError} if the losses are no vector, or the temperature is not above 0.
 * @throws {TypeError} for arguments of another kind, or unknown options.
 */
export function referenceTaskDifficultyLoss(
  losses: tf.Tensor,
  options: ReferenceTaskDifficultyOptions = {},
): tf.Scalar {
  const where = 'losses/referenceTaskDifficultyLoss';
  assertOptions(where, options, { temperature: { above: 0 } });
  const { temperature = 1 } = options;
  assertShape(where, 'losses', losses, ['tasks']);
  return tf.tidy(() =>
    withGradient<tf.Scalar>([losses], (values) => {
      const factor = tf.exp(tf.div(values, temperature));
      return {
        value: tf.sum(tf.mul(factor, values)),
        saved: [factor],
        gradient: (dy, [constant]) => [tf.mul(dy, constant)],
      };
    }),
  );
}
