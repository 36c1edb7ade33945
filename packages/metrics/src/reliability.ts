/** The numbers of cases that a label's score rests on. */
export interface CaseCounts {
  positives: number;
  negatives: number;
}

/**
 * Fewest positives, and fewest negatives, below which scores and tests of one label are reported with a remark: a single
 * case then moves sensitivity or specificity by more than a tenth.
 */
export const minimumPerClass = 10;

/**
 * The remark that a score or a comparison of few cases carries; null where there are enough of both classes.
 *
 * @param minimum fewest of each class. Default {@link minimumPerClass}.
 * @example
 * reliabilityRemark({ positives: 4, negatives: 200 }); // 'only 4 positives (fewer than 10): estimates and tests are unreliable'
 */
export function reliabilityRemark(
  { positives, negatives }: CaseCounts,
  { minimum = minimumPerClass }: { minimum?: number } = {},
): string | null {
  const few = [
    positives < minimum ? `${positives} positive${positives === 1 ? '' : 's'}` : '',
    negatives < minimum ? `${negatives} negative${negatives === 1 ? '' : 's'}` : '',
  ].filter((text) => text !== '');
  if (few.length === 0) return null;
  return `only ${few.join(' and ')} (fewer than ${minimum}): estimates and tests are unreliable`;
}
