import type { ModelBatch } from '@cxr-align/classifier';
import { RandomStream } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';
import type { BatchTargets } from './objective.js';

/** A batch of inputs with its targets. */
export interface MixedBatch extends BatchTargets {
  images: ModelBatch;
}

/**
 * Mixup of a batch with itself in another order, with one share λ of Beta(alpha, alpha):
 *
 *   x̃ = λ x_i + (1 − λ) x_j      loss = λ m_i ℓ(x̃, y_i) + (1 − λ) m_j ℓ(x̃, y_j)
 *
 * A label that one of the two knows is learned with that one's share: as a target between 0 and 1 and a weight, which for the binary
 * cross entropy is the same.
 *
 * @param batch is disposed.
 * @param draw what λ and the order depend on.
 * @see Zhang et al. 2018, arXiv:1710.09412.
 */
export function mixUp(
  { images, targets, mask }: MixedBatch,
  alpha: number,
  draw: { seed: number; step: number },
): MixedBatch {
  const random = new RandomStream({ ...draw, purpose: 'mixup' });
  const share = betaShare(random, alpha);
  const order = random.permutation(targets.shape[0]);
  return tf.tidy(() => {
    const others = tf.tensor1d(Int32Array.from(order), 'int32');
    const mix = <T extends tf.Tensor>(own: T): T =>
      tf.add(tf.mul(own, share), tf.mul(tf.gather(own, others), 1 - share));
    const weights = mix(mask);
    const mixed = {
      images: { main: mix(images.main), ...(images.images && { images: mix(images.images) }) },
      targets: tf.divNoNan(mix(tf.mul(targets, mask)), weights) as tf.Tensor2D,
      mask: tf.cast(tf.greater(weights, 0), 'float32') as tf.Tensor2D,
      weights,
    };
    tf.dispose([{ ...images }, targets, mask]);
    return mixed;
  });
}

/** A number of Beta(alpha, alpha), by rejection (Jöhnk 1964). @param alpha in (0, 2]: with larger ones few draws are accepted. */
export function betaShare(random: RandomStream, alpha: number): number {
  for (;;) {
    // Logarithms: with a small alpha both powers may underflow to 0.
    const [a, b] = [random, random].map((stream) => Math.log(1 - stream.uniform()) / alpha);
    const most = Math.max(a, b);
    const sum = most + Math.log(Math.exp(a - most) + Math.exp(b - most));
    if (sum <= 0) return Math.exp(a - sum);
  }
}
