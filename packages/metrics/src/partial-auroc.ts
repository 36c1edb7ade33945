import { checkBetween, checkOptions, checkTargets } from './check-input.js';
import { rocCurve } from './curves.js';

export interface PartialAurocOptions {
  /** Largest false positive rate, in (0, 1]. Default 0.1. */
  maxFalsePositiveRate?: number;
  /** Scales the area so that chance is 0.5 and the best 1 (McClish). Default true; false gives the bare area. */
  standardized?: boolean;
}

/**
 * Area under the ROC curve up to a false positive rate: the performance where false alarms must be rare.
 *
 * @returns NaN if a class is missing.
 * @see McClish 1989, "Analyzing a portion of the ROC curve".
 */
export function partialAuroc(
  targets: ArrayLike<number>,
  scores: ArrayLike<number>,
  options: PartialAurocOptions = {},
): number {
  checkTargets('partialAuroc', { targets, scores });
  checkOptions('partialAuroc', options, ['maxFalsePositiveRate', 'standardized']);
  const { maxFalsePositiveRate: most = 0.1, standardized = true } = options;
  checkBetween('partialAuroc', 'maxFalsePositiveRate', most, { above: 0, atMost: 1 });
  const { falsePositiveRate: x, truePositiveRate: y } = rocCurve(targets, scores);
  let area = 0;
  for (let i = 1; i < x.length && x[i - 1] < most; i++) {
    const end = Math.min(x[i], most);
    const width = end - x[i - 1];
    if (width === 0) continue;
    const height = y[i - 1] + ((y[i] - y[i - 1]) * width) / (x[i] - x[i - 1]);
    area += (width * (y[i - 1] + height)) / 2;
  }
  if (Number.isNaN(x[x.length - 1]) || Number.isNaN(y[y.length - 1])) return NaN;
  if (!standardized) return area;
  const chance = (most * most) / 2;
  return (1 + (area - chance) / (most - chance)) / 2;
}
