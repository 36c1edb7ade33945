import * as tf from '@tensorflow/tfjs-core';
import { l2Normalize } from './l2-normalize.js';

/**
 * The cosine of each label embedding to the label's positive prompt, less the cosine to its negative one:
 * û_bi · p̂_i − û_bi · n̂_i.
 *
 * @param image float32 [batch, labels, dim].
 * @param positive float32 [labels, dim], or [batch, labels, dim] for prompts of each image.
 * @param negative of either shape; without it the first cosine alone.
 * @returns float32 [batch, labels]. The caller owns it.
 */
export function pairSimilarity(image: tf.Tensor3D, positive: tf.Tensor, negative?: tf.Tensor): tf.Tensor2D {
  return tf.tidy(() => {
    const unit = l2Normalize(positive);
    const direction = negative ? tf.sub(unit, l2Normalize(negative)) : unit;
    return tf.sum(tf.mul(l2Normalize(image), direction), -1);
  });
}
