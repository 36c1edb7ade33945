import type { BranchOutput, ModelBatch, ModelOutput } from '@cxr-align/classifier';
import * as tf from '@tensorflow/tfjs-core';

/** Two batches as one: the rows of the second after those of the first. */
export function joinBatches(first: ModelBatch, second: ModelBatch): ModelBatch {
  return {
    main: tf.concat([first.main, second.main]),
    ...(first.images && { images: tf.concat([first.images, second.images!]) }),
  };
}

/** The part of a model's output, as far as losses take it, that belongs to some rows of its batch. */
export function outputRows({ branches, prompts }: ModelOutput, begin: number, count: number): ModelOutput {
  const rows = <T extends tf.Tensor>(x: T): T => tf.slice(x, [begin], [count]);
  const maybe = <T extends tf.Tensor>(x: T | undefined): T | undefined => x && rows(x);
  const part = branches.map(({ logits, classLogits, embeddings, imagePrompts }): BranchOutput => ({
    logits: rows(logits),
    classLogits: maybe(classLogits),
    embeddings: maybe(embeddings),
    imagePrompts: imagePrompts && {
      positive: rows(imagePrompts.positive),
      negative: maybe(imagePrompts.negative),
    },
  }));
  return { logits: part[0].logits, branches: part, prompts };
}
