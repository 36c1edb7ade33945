import { groupCounts, type GroupCount } from './curves.js';
import { RankedScores } from './ranked-scores.js';

/**
 * How a threshold is chosen, always on validation data: by Youden's sensitivity + specificity − 1, by the largest F1, as
 * the highest one with a sensitivity that is at least so much, or as the lowest one with a positive predictive value
 * (precision) that is at least so much.
 */
export type ThresholdRule = 'youden' | 'max-f1' | { sensitivity: number } | { precision: number };

/**
 * The threshold t, among the scores that occur, at which `score ≥ t` is best by a rule. Among equals the highest.
 *
 * @returns NaN if a class is missing, or if no threshold reaches the precision that was asked for.
 */
export function chooseThreshold(targets: ArrayLike<number>, scores: ArrayLike<number>, rule: ThresholdRule): number {
  const ranked = new RankedScores(targets, scores);
  const { positives, negatives } = ranked;
  if (positives === 0 || negatives === 0) return NaN;
  const worth = ({ truePositives, falsePositives }: GroupCount): number => {
    if (rule === 'youden') return truePositives / positives - falsePositives / negatives;
    if (rule === 'max-f1') return (2 * truePositives) / (truePositives + falsePositives + positives);
    // Of those that reach the wanted rate, the first one by sensitivity, or the one with the largest sensitivity.
    if ('sensitivity' in rule) return truePositives / positives >= rule.sensitivity ? 1 : 0;
    return truePositives / (truePositives + falsePositives) >= rule.precision ? truePositives : 0;
  };
  let best = typeof rule === 'string' ? -Infinity : 0;
  let chosen = NaN;
  for (const group of groupCounts(ranked)) {
    const value = worth(group);
    if (value > best) {
      best = value;
      chosen = group.threshold;
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
