import * as tf from '@tensorflow/tfjs-core';
import { l2Normalize } from './l2-normalize.js';

/**
 * The cosine of each label embedding to the label's positive prompt, minus the cosine to its negative one.
 *
 *   û_bi · p̂_i − û_bi · n̂_i
 *
 * @param image float32 [batch, labels, dim].
 * @param prompts `positive` float32 [labels, dim], or [batch, labels, dim] for prompts of each image; `negative` of either
 *   shape: without it the first cosine alone.
 * @param options.normalize normalise rows to length 1 first. Default true.
 * @returns float32 [batch, labels]. The caller owns it.
 */
export function promptSimilarity(
  image: tf.Tensor,
  prompts: { positive: tf.Tensor; negative?: tf.Tensor },
  options: { normalize?: boolean } = {},
): tf.Tensor2D {
  const { normalize = true } = options;
  const { positive, negative } = prompts;
  return tf.tidy(() => {
    const prepare = (x: tf.Tensor): tf.Tensor => (normalize ? l2Normalize(x) : x);
    const direction = negative ? tf.sub(prepare(positive), prepare(negative)) : prepare(positive);
    return tf.sum(tf.mul(prepare(image), direction), -1);
  });
}
