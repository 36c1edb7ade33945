import { checkBetween, checkProbabilities, checkTargets } from './check-input.js';
import { normalQuantile } from './normal-distribution.js';
import type { ClusteredProportion } from './proportions.js';

/** Sensitivity and specificity of a test, each with how many independent images it was measured on. */
export interface Accuracy {
  sensitivity: Pick<ClusteredProportion, 'proportion' | 'effectiveSize'>;
  specificity: Pick<ClusteredProportion, 'proportion' | 'effectiveSize'>;
}

/** What a test's answers mean where a share of the images has the finding. Undefined values are NaN. */
export interface PredictiveValues {
  prevalence: number;
  /** Probability that a positive answer is right (precision), with its 95 % interval. */
  positivePredictiveValue: number;
  positivePredictiveValueCi: [number, number];
  /** Probability that a negative answer is right, with its 95 % interval. */
  negativePredictiveValue: number;
  negativePredictiveValueCi: [number, number];
  /** Positive answers among 100 images. */
  alarmsPer100: number;
  /** Positive answers that have to be read to find one that is right; Infinity where none is. */
  numberNeededToRead: number;
}

/**
 * Predictive values at any prevalence, by Bayes' theorem; the intervals by the logit method, with half a case added to each count
 * where one is 0.
 *
 *   PPV = se·π / (se·π + (1 − sp)(1 − π)),  NPV = sp(1 − π) / (sp(1 − π) + (1 − se)π)
 *
 * @param prevalence share of the images with the finding, in (0, 1), taken as known.
 * @see Mercaldo, Lau, Zhou 2007, doi:10.1002/sim.2677.
 */
export function predictiveValues({ sensitivity, specificity }: Accuracy, prevalence: number): PredictiveValues {
  checkBetween('predictiveValues', 'prevalence', prevalence, { above: 0, below: 1 });
  const [se, sp] = [sensitivity.proportion, specificity.proportion];
  const alarms = se * prevalence + (1 - sp) * (1 - prevalence);
  const positivePredictiveValue = (se * prevalence) / alarms;
  const negativePredictiveValue = (sp * (1 - prevalence)) / (sp * (1 - prevalence) + (1 - se) * prevalence);
  const [a, b] = withoutZeros({ sensitivity, specificity });
  const odds = Math.log(prevalence / (1 - prevalence));
  return {
    prevalence,
    positivePredictiveValue,
    positivePredictiveValueCi: logitInterval(
      positivePredictiveValue,
      odds + Math.log(a.p / (1 - b.p)),
      (1 - a.p) / (a.p * a.size) + b.p / ((1 - b.p) * b.size),
    ),
    negativePredictiveValue,
    negativePredictiveValueCi: logitInterval(
      negativePredictiveValue,
      Math.log(b.p / (1 - a.p)) - odds,
      a.p / ((1 - a.p) * a.size) + (1 - b.p) / (b.p * b.size),
    ),
    alarmsPer100: 100 * alarms,
    numberNeededToRead: 1 / positivePredictiveValue,
  };
}

/** Sensitivity and specificity with their sizes; half a case is added to each count where one is 0. */
function withoutZeros({ sensitivity, specificity }: Accuracy): { p: number; size: number }[] {
  const both = [sensitivity, specificity];
  const extra = both.some(({ proportion }) => proportion === 0 || proportion === 1) ? 0.5 : 0;
  return both.map(({ proportion, effectiveSize }) => {
    const size = effectiveSize + 2 * extra;
    return { p: (proportion * effectiveSize + extra) / size, size };
  });
}

/** @param estimate is never outside, though the interval is of counts to which half a case was added. */
function logitInterval(estimate: number, logit: number, variance: number): [number, number] {
  const half = normalQuantile(0.975) * Math.sqrt(variance);
  const probability = (x: number): number => 1 / (1 + Math.exp(-x));
  return [Math.min(estimate, probability(logit - half)), Math.max(estimate, probability(logit + half))];
}

/** How much an answer changes the odds of the finding. */
export interface LikelihoodRatios {
  /** Of a positive answer: se / (1 − sp); Infinity where no image without the finding is called. */
  positive: number;
  positiveCi: [number, number];
  /** Of a negative answer: (1 − se) / sp. */
  negative: number;
  negativeCi: [number, number];
}

/**
 * Likelihood ratios with 95 % intervals by the logarithm; half a case is added to each count where one is 0.
 *
 * @see Simel, Samsa, Matchar 1991, doi:10.1016/0895-4356(91)90128-V.
 */
export function likelihoodRatios({ sensitivity, specificity }: Accuracy): LikelihoodRatios {
  const [se, sp] = [sensitivity.proportion, specificity.proportion];
  const [a, b] = withoutZeros({ sensitivity, specificity });
  const interval = (found: number, called: number): [number, number] => {
    const half = normalQuantile(0.975) * Math.sqrt((1 - found) / (found * a.size) + (1 - called) / (called * b.size));
    return [(found / called) * Math.exp(-half), (found / called) * Math.exp(half)];
  };
  return {
    positive: se / (1 - sp),
    positiveCi: interval(a.p, 1 - b.p),
    negative: (1 - se) / sp,
    negativeCi: interval(1 - a.p, b.p),
  };
}

/**
 * The net benefit of calling from a probability t on, and of calling all images; that of calling none is 0. Undefined where t is 1.
 *
 *   NB = se·π − (1 − sp)(1 − π)·t / (1 − t)
 *
 * @param prevalence π, in (0, 1).
 * @param threshold t: it states how many false calls a true one is worth, (1 − t) / t.
 * @see Vickers, Elkin 2006, doi:10.1177/0272989X06295361.
 */
export function netBenefit(
  { sensitivity, specificity }: Readonly<Record<keyof Accuracy, Pick<ClusteredProportion, 'proportion'>>>,
  { prevalence, threshold }: { prevalence: number; threshold: number },
): { model: number; all: number } {
  checkBetween('netBenefit', 'prevalence', prevalence, { above: 0, below: 1 });
  if (!(threshold >= 0 && threshold < 1)) return { model: NaN, all: NaN };
  const cost = ((1 - prevalence) * threshold) / (1 - threshold);
  return {
    model: sensitivity.proportion * prevalence - (1 - specificity.proportion) * cost,
    all: prevalence - cost,
  };
}

/** Net benefit of acting on probabilities, against acting on all and on none (0). */
export interface DecisionCurve {
  /** The probability from which on one acts: it states how many false alarms a finding is worth, (1 − t) / t. */
  threshold: Float64Array;
  model: Float64Array;
  all: Float64Array;
}

/**
 * The decision curve: at each threshold t the share of true positives less that of false positives, which t weighs.
 *
 *   NB(t) = se·π − (1 − sp)(1 − π)·t / (1 − t)
 *
 * @param targets 1, 0, NaN for unknown.
 * @param probabilities calibrated, in [0, 1].
 * @param prevalence π, in (0, 1); that of the targets unless given.
 * @param steps thresholds between 0 and 1; 99 are the percentages.
 * @returns NaN where a class is missing.
 * @see Vickers, Elkin 2006, doi:10.1177/0272989X06295361.
 */
export function decisionCurve(
  targets: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  { prevalence, steps = 99 }: { prevalence?: number; steps?: number } = {},
): DecisionCurve {
  checkTargets('decisionCurve', { targets, probabilities });
  checkProbabilities('decisionCurve', probabilities);
  if (prevalence !== undefined) checkBetween('decisionCurve', 'prevalence', prevalence, { above: 0, below: 1 });
  const [present, absent]: number[][] = [[], []];
  for (let row = 0; row < targets.length; row++) {
    if (Number.isNaN(targets[row]) || Number.isNaN(probabilities[row])) continue;
    (targets[row] === 1 ? present : absent).push(probabilities[row]);
  }
  const share = (values: readonly number[], t: number): number =>
    values.reduce((count, p) => count + (p >= t ? 1 : 0), 0) / values.length;
  const pi = prevalence ?? present.length / (present.length + absent.length);
  const threshold = Float64Array.from({ length: steps }, (_, i) => (i + 1) / (steps + 1));
  const known = present.length > 0 && absent.length > 0;
  const benefits = Array.from(threshold, (t) =>
    known
      ? netBenefit(
          { sensitivity: { proportion: share(present, t) }, specificity: { proportion: 1 - share(absent, t) } },
          { prevalence: pi, threshold: t },
        )
      : { model: NaN, all: NaN },
  );
  return {
    threshold,
    model: Float64Array.from(benefits, ({ model }) => model),
    all: Float64Array.from(benefits, ({ all }) => all),
  };
}
