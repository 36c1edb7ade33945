/** What an image says of some observations. */
export interface DescriptorScores {
  /** [images, observations]: how probable each is, in (0, 1). */
  present: Float32Array;
  /** The same for "it is not there"; both sum to 1. */
  absent: Float32Array;
}

/** How the observations of a label become its probability. */
export type DescriptorCombination = 'geometric' | 'arithmetic' | 'noisy-or' | 'logit-mean';

/** The names of {@link DescriptorCombination}. */
export const descriptorCombinations: readonly DescriptorCombination[] = [
  'geometric',
  'arithmetic',
  'noisy-or',
  'logit-mean',
];

/** The score of a label, and what each observation adds to it. */
export interface CombinedDescriptors {
  /** That the label is there. */
  probability: number;
  /** That it is not, combined in the same way. */
  absent: number;
  /** One number for each observation: they sum to `score`. */
  contributions: number[];
  /** ln(probability) for `geometric`; the probability for `arithmetic`; ln(1 − probability) for `noisy-or`; its logit for `logit-mean`. */
  score: number;
}

/**
 * How probable each observation is on each image: the two-way softmax of its cosines to the prompts "there is" and "there is no".
 *
 * @param images unit vectors [images, dim] of the space that the texts are in.
 * @param texts unit vectors [observations, dim] of the positive and of the negative prompts.
 * @param temperature divides the cosines. Default 0.5, so that probabilities stay between 0.018 and 0.982.
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
 * One label's probability from those of its observations.
 *
 *   geometric:  exp(mean of ln p)        arithmetic: mean of p
 *   noisy-or:   1 − Π (1 − p)            logit-mean: σ(mean of ln p/(1 − p))
 *
 * @param present probabilities that each observation is there, one or more.
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
      'text-encoder/combineDescriptors: expected one observation or more, got none; give the label some',
    );
  const each = Array.from(present, (p) => Math.min(1 - 1e-7, Math.max(1e-7, p)));
  const terms: Record<DescriptorCombination, (p: number) => number> = {
    geometric: (p) => Math.log(p) / count,
    arithmetic: (p) => p / count,
    'noisy-or': (p) => Math.log1p(-p),
    'logit-mean': (p) => Math.log(p / (1 - p)) / count,
  };
  const told: Record<DescriptorCombination, (score: number) => number> = {
    geometric: Math.exp,
    arithmetic: (score) => score,
    'noisy-or': (score) => 1 - Math.exp(score),
    'logit-mean': (score) => 1 / (1 + Math.exp(-score)),
  };
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const contributions = each.map(terms[mode]);
  const score = sum(contributions);
  return {
    probability: told[mode](score),
    absent: told[mode](sum(each.map((p) => terms[mode](1 - p)))),
    contributions,
    score,
  };
}
