import { checkChoice, checkNumbers, checkOptions, checkTargets } from './check-input.js';
import { groupCounts, type GroupCount } from './curves.js';
import { RankedScores } from './ranked-scores.js';

/**
 * How a threshold is chosen, always on validation data: by Youden's sensitivity + specificity − 1, by the largest F1, as
 * the highest one with a sensitivity that is at least so much, or as the lowest one with a specificity, or a positive predictive
 * value (precision), that is at least so much.
 */
export type ThresholdRule =
  'youden' | 'max-f1' | { sensitivity: number } | { specificity: number } | { precision: number };

/**
 * The threshold t, among the scores that occur, at which `score ≥ t` is best by a rule. Among equals the highest.
 *
 * @returns NaN if a class is missing, or if no threshold that finds anything reaches the wanted specificity or precision.
 */
export function chooseThreshold(targets: ArrayLike<number>, scores: ArrayLike<number>, rule: ThresholdRule): number {
  checkRule(rule);
  const ranked = new RankedScores(targets, scores, 'chooseThreshold');
  const { positives, negatives } = ranked;
  if (positives === 0 || negatives === 0) return NaN;
  const valueOf = ({ truePositives, falsePositives }: GroupCount): number => {
    if (rule === 'youden') return truePositives / positives - falsePositives / negatives;
    if (rule === 'max-f1') return (2 * truePositives) / (truePositives + falsePositives + positives);
    // Of those that reach the wanted rate, the first one by sensitivity, or the one with the largest sensitivity.
    if ('sensitivity' in rule) return truePositives / positives >= rule.sensitivity ? 1 : 0;
    const isEnough =
      'specificity' in rule
        ? 1 - falsePositives / negatives >= rule.specificity
        : truePositives / (truePositives + falsePositives) >= rule.precision;
    return isEnough ? truePositives : 0;
  };
  let best = typeof rule === 'string' ? -Infinity : 0;
  let chosen = NaN;
  for (const group of groupCounts(ranked)) {
    const value = valueOf(group);
    if (value > best) {
      best = value;
      chosen = group.threshold;
    }
  }
  return chosen;
}

/**
 * The middle between a threshold that is one of the scores and the next lower score: it calls the same samples, and continues to do
 * so where the scores change in their last bits, as they do on another engine.
 *
 * @param scores those that the threshold was chosen on; NaN is left out.
 * @param threshold one of them, as {@link chooseThreshold} returns; NaN stays NaN.
 * @param lowest what stands for the next lower score of the lowest one, say 0 for probabilities. Default: as far below it as
 *   the next higher score is above it.
 */
export function thresholdBetweenScores(scores: ArrayLike<number>, threshold: number, lowest?: number): number {
  if (Number.isNaN(threshold)) return NaN;
  checkNumbers('thresholdBetweenScores', 'scores', scores);
  let below = -Infinity;
  let above = Infinity;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] < threshold && scores[i] > below) below = scores[i];
    if (scores[i] > threshold && scores[i] < above) above = scores[i];
  }
  if (below === -Infinity) below = lowest ?? (above === Infinity ? threshold : 2 * threshold - above);
  const middle = below / 2 + threshold / 2;
  // Between neighbouring numbers there is none.
  return middle > below ? middle : threshold;
}

function checkRule(rule: ThresholdRule): void {
  if (typeof rule === 'string') return checkChoice('chooseThreshold', 'rule', rule, ['youden', 'max-f1']);
  checkOptions('chooseThreshold', rule, ['sensitivity', 'specificity', 'precision']);
  const values = Object.values(rule);
  if (values.length === 1 && values[0] >= 0 && values[0] <= 1) return;
  throw new RangeError(
    `metrics/chooseThreshold: expected a rule such as { sensitivity: 0.9 }, got ${JSON.stringify(rule)}; give one rate in [0, 1]`,
  );
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

/** The confusion matrix and its rates where `score ≥ threshold` is positive, over rows with a known target and score. */
export function confusionAtThreshold(
  targets: ArrayLike<number>,
  scores: ArrayLike<number>,
  threshold: number,
): ThresholdMetrics {
  checkTargets('confusionAtThreshold', { targets, scores });
  checkNumbers('confusionAtThreshold', 'threshold', [threshold]);
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
