import * as tf from '@tensorflow/tfjs-core';
import { l2Normalize } from './l2-normalize.js';

/**
 * The cosine of each label embedding to the label's positive prompt, less the cosine to its negative one:
 * û_bi · p̂_i − û_bi · n̂_i.
 *
 * @param image float32 [batch, labels, dim].
 * @param positive float32 [labels, dim], or [batch, labels, dim] for prompts of each image.
 * @param negative of either shape; without it the first cosine alone.
 * @param normalize bring rows to length 1 first. Default true.
 * @returns float32 [batch, labels]. The caller owns it.
 */
export function pairSimilarity(
  image: tf.Tensor3D,
  positive: tf.Tensor,
  negative?: tf.Tensor,
  normalize = true,
): tf.Tensor2D {
  return tf.tidy(() => {
    const prepare = <T extends tf.Tensor>(x: T): T => (normalize ? l2Normalize(x) : x);
    const direction = negative ? tf.sub(prepare(positive), prepare(negative)) : prepare(positive);
    return tf.sum(tf.mul(prepare(image), direction), -1);
  });
}
