import { ForwardContext } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import type { ModelBatch } from '../model/model-inputs.js';
import type { Model } from '../model/model.js';

/** What a branch of the ensemble, or a head of it, adds to the logits of an image. */
export interface LogitPart {
  /** As `decoder, classification head`. */
  name: string;
  /** Its own logits times its weight: one for each trained label. */
  contributions: Float64Array;
}

/**
 * What the logits of one image are the sum of: each head's logits times its share in the branch and the branch's weight in the
 * ensemble. In float64 they sum to the model's logits but for its rounding to float32.
 *
 * @param inputs of one image.
 */
export async function logitParts(model: Model, inputs: ModelBatch): Promise<LogitPart[]> {
  const weights = (await model.ensembleWeights?.data()) ?? [1];
  const made = tf.tidy(() => {
    const { branches } = model.forward(inputs, new ForwardContext({ training: false }));
    return branches.flatMap(({ logits, heads = [{ name: undefined, logits }] }, branch) =>
      heads.map((head) => ({
        name: partName(model.branchNames?.[branch], head.name),
        share: weights[branch] / heads.length,
        logits: tf.clone(head.logits),
      })),
    );
  });
  try {
    const parts = new Map<string, Float64Array>();
    for (const { name, share, logits: part } of made) {
      const own = await part.data();
      // Of an ensemble of models, what belongs to the same branch is one part.
      const sum = parts.get(name) ?? new Float64Array(own.length);
      own.forEach((value, label) => (sum[label] += share * value));
      parts.set(name, sum);
    }
    return [...parts].map(([name, contributions]) => ({ name, contributions }));
  } finally {
    made.forEach(({ logits }) => logits.dispose());
  }
}

function partName(branch = 'model', head?: string): string {
  return head === undefined ? branch : `${branch}, ${head} head`;
}
