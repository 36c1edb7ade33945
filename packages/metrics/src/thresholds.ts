import { groupCounts } from './curves.js';
import { RankedScores } from './ranked-scores.js';

/** How a threshold is chosen, always on validation data. */
export type ThresholdRule = 'youden' | 'max-f1';

/**
 * The threshold t, among the scores that occur, at which `score ≥ t` is best: `youden` by sensitivity + specificity − 1,
 * `max-f1` by F1. Among equals the highest.
 *
 * @returns NaN if a class is missing.
 */
export function chooseThreshold(targets: ArrayLike<number>, scores: ArrayLike<number>, rule: ThresholdRule): number {
  const ranked = new RankedScores(targets, scores);
  if (ranked.positives === 0 || ranked.negatives === 0) return NaN;
  let best = -Infinity;
  let chosen = NaN;
  for (const { threshold, truePositives, falsePositives } of groupCounts(ranked)) {
    const value =
      rule === 'youden'
        ? truePositives / ranked.positives - falsePositives / ranked.negatives
        : (2 * truePositives) / (truePositives + falsePositives + ranked.positives);
    if (value > best) {
      best = value;
      chosen = threshold;
    }
  }
  return chosen;
}

/** Counts and rates at one threshold. Rates whose denominator is 0 are NaN. */
export interface ThresholdMetrics {
  truePositives: number;
  falsePositives: number;
  trueNegatives: number;
  falseNegatives: number;
  sensitivity: number;
  specificity: number;
  /** Positive predictive value. */
  precision: number;
  negativePredictiveValue: number;
  f1: number;
  accuracy: number;
}

/** What `score ≥ threshold` gets right and wrong, over rows with a known target. */
export function atThreshold(
  targets: ArrayLike<number>,
  scores: ArrayLike<number>,
  threshold: number,
): ThresholdMetrics {
  let truePositives = 0;
  let falsePositives = 0;
  let trueNegatives = 0;
  let falseNegatives = 0;
  for (let row = 0; row < targets.length; row++) {
    if (Number.isNaN(targets[row]) || Number.isNaN(scores[row])) continue;
    const predicted = scores[row] >= threshold;
    if (targets[row] === 1) {
      if (predicted) truePositives++;
      else falseNegatives++;
    } else if (predicted) falsePositives++;
    else trueNegatives++;
  }
  return {
    truePositives,
    falsePositives,
    trueNegatives,
    falseNegatives,
    sensitivity: truePositives / (truePositives + falseNegatives),
    specificity: trueNegatives / (trueNegatives + falsePositives),
    precision: truePositives / (truePositives + falsePositives),
    negativePredictiveValue: trueNegatives / (trueNegatives + falseNegatives),
    f1: (2 * truePositives) / (2 * truePositives + falsePositives + falseNegatives),
    accuracy: (truePositives + trueNegatives) / (truePositives + falsePositives + trueNegatives + falseNegatives),
  };
}
