import { rowCosine, similarityMatrix, type SimilarityMatrix } from '@cxr-align/text-encoder';
import * as tf from '@tensorflow/tfjs-core';
import type { FrozenTexts } from '../texts/frozen-text-arrays.js';
import type { LoadedModel } from '../store/open-model.js';
import { type MaybeNumber, orNull } from '@cxr-align/evaluation';

/** How similar the prompts of labels are. */
export interface PromptSimilarity {
  labels: readonly string[];
  /** [labels][labels]. */
  cosine: number[][];
  /** Over pairs of different labels. */
  offDiagonal: Record<keyof SimilarityMatrix['offDiagonal'], MaybeNumber>;
  /** For each label the cosine of "X" with "no X"; null where there are no negative prompts. */
  negation: Record<string, number> | null;
  negationMean: MaybeNumber;
}

/**
 * Cosines between the prompts of labels, and between "X" and "no X".
 *
 * @param positive [labels, dim] row by row, `negative` likewise.
 */
export function promptSimilarity(
  labels: readonly string[],
  { positive, negative }: { positive: Float32Array; negative?: Float32Array },
): PromptSimilarity {
  const n = labels.length;
  const dim = positive.length / n;
  const { cosine, offDiagonal } = similarityMatrix(positive, dim);
  const negations = negative && labels.map((_, i) => rowCosine(positive, negative, { dim, a: i, b: i }));
  return {
    labels,
    cosine: labels.map((_, i) => [...cosine.subarray(i * n, (i + 1) * n)]),
    offDiagonal: Object.fromEntries(
      Object.entries(offDiagonal).map(([name, value]) => [name, orNull(value)]),
    ) as PromptSimilarity['offDiagonal'],
    negation: negations ? Object.fromEntries(labels.map((label, i) => [label, negations[i]])) : null,
    negationMean: orNull(negations ? negations.reduce((sum, value) => sum + value, 0) / n : NaN),
  };
}

/** The same of the frozen embeddings, before any training. */
export function frozenSimilarity(
  labels: readonly string[],
  { prompts: { shape, data } }: FrozenTexts,
): PromptSimilarity {
  const values = Float32Array.from(data);
  const [kinds, all, dim] = shape;
  const kind = (at: number): Float32Array => values.subarray(at * all * dim, (at * all + labels.length) * dim);
  return promptSimilarity(labels, { positive: kind(0), ...(kinds > 1 && { negative: kind(1) }) });
}

/** The same of the embeddings of the trained prompt encoder of a run. */
export async function trainedSimilarity({ model, stored, zeroShot }: LoadedModel): Promise<PromptSimilarity> {
  const { labels } = stored.graph;
  const made = tf.tidy(() => model.prompts!.encodePrompts(zeroShot?.texts));
  const read = async (one: tf.Tensor): Promise<Float32Array> =>
    ((await one.data()) as Float32Array).slice(0, labels.length * one.shape[1]!);
  try {
    const positive = await read(made.positive);
    const negative = made.negative && (await read(made.negative));
    return promptSimilarity(labels, { positive, negative });
  } finally {
    tf.dispose(made as unknown as tf.TensorContainer);
  }
}
