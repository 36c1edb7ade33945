/** The scores of observations on images. */
export interface DescriptorScores {
  /** [images, observations]: the probability that each is present, in (0, 1). */
  present: Float32Array;
  /** The probability that each is absent: 1 − present. */
  absent: Float32Array;
}

/** How the probabilities of a label's observations are combined into one. */
export type DescriptorCombination = 'geometric' | 'arithmetic' | 'noisy-or' | 'logit-mean';

/** The names of {@link DescriptorCombination}. */
export const descriptorCombinations: readonly DescriptorCombination[] = [
  'geometric',
  'arithmetic',
  'noisy-or',
  'logit-mean',
];

/** The score of a label, and the contribution of each observation. */
export interface CombinedDescriptors {
  /** The probability that the label is present. */
  probability: number;
  /** The probability that it is absent, combined in the same way from 1 − p. The two need not sum to 1. */
  absent: number;
  /** One per observation; they sum to `score`. */
  contributions: number[];
  /** ln(probability) for `geometric`; the probability for `arithmetic`; ln(1 − probability) for `noisy-or`; its logit for `logit-mean`. */
  score: number;
}

/**
 * The probability of each observation on each image: the softmax of the image's cosines with the positive and the negative prompt.
 *
 *   p = σ((cos(image, positive) − cos(image, negative)) / temperature)
 *
 * @param images unit vectors [images, dim] in the embedding space of the texts.
 * @param texts unit vectors [observations, dim] of the positive and of the negative prompts.
 * @param options.temperature divides the cosines. Default 0.5, so that probabilities stay between 0.018 and 0.982.
 * @see Pellegrini et al. 2023, arXiv:2303.13391 (Xplainer).
 */
export function scoreDescriptors(
  images: Float32Array,
  texts: { positive: Float32Array; negative: Float32Array },
  { dim, temperature = 0.5 }: { dim: number; temperature?: number },
): DescriptorScores {
  const [rows, observations] = [images.length / dim, texts.positive.length / dim];
  const present = new Float32Array(rows * observations);
  for (let row = 0; row < rows; row++) {
    for (let one = 0; one < observations; one++) {
      let difference = 0;
      for (let i = 0; i < dim; i++)
        difference += images[row * dim + i] * (texts.positive[one * dim + i] - texts.negative[one * dim + i]);
      present[row * observations + one] = 1 / (1 + Math.exp(-difference / temperature));
    }
  }
  return { present, absent: present.map((p) => 1 - p) };
}

/**
 * Combines the probabilities of a label's observations.
 *
 *   geometric:  exp(mean of ln p)        arithmetic: mean of p
 *   noisy-or:   1 − Π (1 − p)            logit-mean: σ(mean of ln p/(1 − p))
 *
 * @param present the probability of each observation, one or more, clipped to [1e-7, 1 − 1e-7].
 * @throws {RangeError} if there is none.
 * @see Pellegrini et al. 2023, arXiv:2303.13391: `geometric`.
 */
export function combineDescriptors(
  present: ArrayLike<number>,
  mode: DescriptorCombination = 'geometric',
): CombinedDescriptors {
  const count = present.length;
  if (count === 0)
    throw new RangeError(
      'text-encoder/combineDescriptors: expected one observation or more, got none; try its name as the only one',
    );
  const each = Array.from(present, (p) => Math.min(1 - 1e-7, Math.max(1e-7, p)));
  const terms: Record<DescriptorCombination, (p: number) => number> = {
    geometric: (p) => Math.log(p) / count,
    arithmetic: (p) => p / count,
    'noisy-or': (p) => Math.log1p(-p),
    'logit-mean': (p) => Math.log(p / (1 - p)) / count,
  };
  const inverse: Record<DescriptorCombination, (score: number) => number> = {
    geometric: Math.exp,
    arithmetic: (score) => score,
    'noisy-or': (score) => 1 - Math.exp(score),
    'logit-mean': (score) => 1 / (1 + Math.exp(-score)),
  };
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const contributions = each.map(terms[mode]);
  const score = sum(contributions);
  return {
    probability: inverse[mode](score),
    absent: inverse[mode](sum(each.map((p) => terms[mode](1 - p)))),
    contributions,
    score,
  };
}
