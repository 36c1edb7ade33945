import { checkNumbers, checkOptions, checkRows } from './check-input.js';
import { meanDefined } from './bootstrap.js';

/** Groups of labels by how often they are present. */
export type LongTailGroup = 'head' | 'medium' | 'tail';

/**
 * Head, medium and tail labels by prevalence: above 10 %, 1 to 10 %, below 1 % unless cut elsewhere.
 *
 * @see CXR-LT 2023, arXiv:2310.16112.
 */
export function longTailGroups(
  prevalence: ArrayLike<number>,
  options: { head?: number; tail?: number } = {},
): LongTailGroup[] {
  checkNumbers('longTailGroups', 'prevalence', prevalence);
  checkOptions('longTailGroups', options, ['head', 'tail']);
  const { head = 0.1, tail = 0.01 } = options;
  return Array.from(prevalence, (share) => (share > head ? 'head' : share < tail ? 'tail' : 'medium'));
}

/** The mean of a score over the labels of each group; NaN where a group has no label with a score. */
export function groupMeans(values: readonly number[], groups: readonly LongTailGroup[]): Record<LongTailGroup, number> {
  if (values.length !== groups.length) {
    throw new RangeError(
      `metrics/groupMeans: expected a group for each value, got ${groups.length} for ${values.length}; pass both in label order`,
    );
  }
  const mean = (group: LongTailGroup): number => meanDefined(values.filter((_, i) => groups[i] === group));
  return { head: mean('head'), medium: mean('medium'), tail: mean('tail') };
}

/** The mean of a score over labels, each weighted by its positives; labels without a score are excluded. */
export function weightedMean(values: readonly number[], positives: readonly number[]): number {
  checkRows('weightedMean', { values, positives });
  let [sum, weights] = [0, 0];
  values.forEach((value, i) => {
    if (Number.isNaN(value)) return;
    sum += value * positives[i];
    weights += positives[i];
  });
  return sum / weights;
}
