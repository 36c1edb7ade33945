import type { PseudoLabelCounts } from '../records.js';
import type { PseudoLabels } from './pseudo-labels.js';

const noneOfSide = { used: 0, checked: 0, right: 0 };

/** Counts of no images. */
export function noPseudoLabels(): PseudoLabelCounts {
  return { images: 0, positive: { ...noneOfSide }, negative: { ...noneOfSide } };
}

/**
 * How many pseudo-labels a batch has, and how many of those whose truth is known are right.
 *
 * @param truth of all images of the archive, [images, labels] row by row: 1, 0, NaN.
 */
export function countPseudoLabels(
  { targets, mask }: PseudoLabels,
  samples: readonly number[],
  truth?: Float32Array,
): PseudoLabelCounts {
  const counts = { ...noPseudoLabels(), images: samples.length };
  const labels = mask.length / samples.length;
  for (const [at, isUsed] of mask.entries()) {
    if (isUsed === 0) continue;
    const side = targets[at] === 1 ? counts.positive : counts.negative;
    const known = truth?.[samples[Math.floor(at / labels)] * labels + (at % labels)] ?? NaN;
    side.used++;
    if (Number.isNaN(known)) continue;
    side.checked++;
    if (known === targets[at]) side.right++;
  }
  return counts;
}

/** The counts of both together. */
export function addCounts(a: PseudoLabelCounts, b: PseudoLabelCounts): PseudoLabelCounts {
  const side = (of: 'positive' | 'negative'): PseudoLabelCounts['positive'] => ({
    used: a[of].used + b[of].used,
    checked: a[of].checked + b[of].checked,
    right: a[of].right + b[of].right,
  });
  return { images: a.images + b.images, positive: side('positive'), negative: side('negative') };
}

/** Counts in a sentence: how many there were, and how many of those that can be checked were right. */
export function pseudoLabelText({ images, positive, negative }: PseudoLabelCounts): string {
  const side = ({ used, checked, right }: PseudoLabelCounts['positive'], name: string): string =>
    `${used} ${name}${checked > 0 ? ` (${((100 * right) / checked).toFixed(1)} % of ${checked} right)` : ''}`;
  return `pseudo-labels of ${images} images: ${side(positive, 'positive')}, ${side(negative, 'negative')}`;
}
