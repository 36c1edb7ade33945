import type { Evaluation, LabelEvaluation } from './evaluation-schema.js';

/** The verdict on a model's label, in one word. */
export type Verdict = LabelEvaluation['verdict'];

/** The AUROC that the interval of a label that works lies above. */
export const worksFrom = 0.7;

/** The rules of {@link verdictOf} in a sentence. */
export const verdictRule = `works: the 95 % interval of the AUROC lies above ${worksFrom}; weak: above 0.5, but it reaches below ${worksFrom}; at chance: it reaches 0.5 or below; worse than age, sex and view alone: the interval of the difference to a regression on these lies below 0; too few: fewer than 10 images with or without the label`;

/**
 * The verdict on a label, by the intervals of its scores.
 *
 * @param baseline how it compares with age, sex and view alone, where that is known.
 */
export function verdictOf(
  { reliability, aurocCi, aurocDelong }: Pick<LabelEvaluation, 'reliability' | 'aurocCi' | 'aurocDelong'>,
  baseline?: NonNullable<Evaluation['metadataBaseline']>['labels'][string],
): Verdict {
  // Without resamples DeLong's interval takes their place.
  const low = aurocCi[0] ?? aurocDelong[0];
  if (reliability === 'too few' || low === null) return 'too few';
  const highest = baseline?.differenceCi[1] ?? null;
  if (highest !== null && highest < 0) return 'worse than age, sex and view alone';
  if (low <= 0.5) return 'at chance';
  return low < worksFrom ? 'weak' : 'works';
}

/** Verdicts from what to use to what not to. */
const order: readonly Verdict[] = ['works', 'weak', 'at chance', 'worse than age, sex and view alone', 'too few'];

/** The labels of an evaluation by their verdict, the best first; those of one verdict by their AUROC. */
export function labelsByVerdict({ labels }: Pick<Evaluation, 'labels'>): [string, LabelEvaluation][] {
  return Object.entries(labels).sort(
    ([, a], [, b]) =>
      order.indexOf(a.verdict) - order.indexOf(b.verdict) ||
      (b.auroc ?? -1) - (a.auroc ?? -1) ||
      b.positives - a.positives,
  );
}

/** A verdict as a sentence for whoever reads the images. */
export function verdictSentence(label: string, scores: LabelEvaluation): string {
  const { verdict, positives, negatives, sensitivity, specificity } = scores;
  const called =
    sensitivity === null || specificity === null
      ? ''
      : ` Of 100 images with it ${Math.round(100 * sensitivity)} are called, of 100 without it ${Math.round(100 * (1 - specificity))}.`;
  switch (verdict) {
    case 'works':
      return `${label} is recognised.${called}`;
    case 'weak':
      return `${label} is recognised better than by chance, but not well.${called}`;
    case 'at chance':
      return `${label} is not recognised better than by chance: do not use it.${called}`;
    case 'worse than age, sex and view alone':
      return `${label} is recognised worse than from age, sex and view alone: do not use it.${called}`;
    case 'too few':
      return `${label}: too few images to tell (${positives} with it, ${negatives} without).`;
  }
}
