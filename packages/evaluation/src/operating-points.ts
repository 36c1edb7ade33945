import {
  clusteredProportion,
  likelihoodRatios,
  netBenefit,
  predictiveValues,
  type Clusters,
  type ThresholdRule,
} from '@cxr-align/metrics';
import { InputError } from '@cxr-align/files/input-error';
import type { Interval, LabelEvaluation } from './evaluation-schema.js';
import { labelMend } from './label-names.js';
import { isDefined, type LabelColumn } from './label-scores.js';
import { orNull } from './maybe-number.js';

/** One of the points of a label. */
export type OperatingPoint = LabelEvaluation['operatingPoints'][number];

/** The rules whose thresholds are fitted on validation beside the one that a model decides by. */
export const operatingRules: readonly ThresholdRule[] = [
  'youden',
  'max-f1',
  { sensitivity: 0.9 },
  { sensitivity: 0.95 },
  { specificity: 0.9 },
  { specificity: 0.95 },
  { precision: 0.5 },
];

/** A rule as people read and write it: `youden`, `sensitivity=0.9`. */
export function ruleName(rule: ThresholdRule): string {
  if (typeof rule === 'string') return rule;
  const [[name, value]] = Object.entries(rule) as [string, number][];
  return `${name}=${value}`;
}

const rateNames = ['sensitivity', 'specificity', 'precision'] as const;
const otherNames: Readonly<Record<string, string>> = { 'f-max': 'max-f1', 'f1-max': 'max-f1', ppv: 'precision' };

/**
 * The rule that a text names: `youden`, `max-f1` (also `f-max`), `sensitivity=0.9`, `specificity=0.9`, `precision=0.5` (also
 * `ppv=0.5`).
 *
 * @throws {InputError} if it names none, or a rate that is not in (0, 1].
 */
export function parseRule(text: string): ThresholdRule {
  const [given, rate] = text.split('=').map((part) => part.trim().toLowerCase());
  const name = otherNames[given] ?? given;
  if (rate === undefined && (name === 'youden' || name === 'max-f1')) return name;
  const kind = rateNames.find((one) => one === name);
  if (kind === undefined || rate === undefined || text.split('=').length > 2)
    throw new InputError(
      `expected a rule such as youden, f-max, sensitivity=0.9, specificity=0.9 or ppv=0.5, got ${JSON.stringify(text)}`,
    );
  const value = rate === '' ? NaN : Number(rate);
  if (!(value > 0 && value <= 1))
    throw new InputError(`expected a ${kind} in (0, 1], got ${JSON.stringify(text)}; divide percentages by 100`);
  return { [kind]: value } as ThresholdRule;
}

/**
 * Checks shares of images by label.
 *
 * @throws {InputError} if a label is none of those that are evaluated, or a share is not in (0, 1).
 */
export function checkPrevalences(given: Readonly<Record<string, number>>, labels: readonly string[]): void {
  for (const [label, share] of Object.entries(given)) {
    if (!labels.includes(label))
      throw new InputError(
        `expected prevalences of ${labels.join(', ')}, got one of ${JSON.stringify(label)}; ${labelMend(label, labels)}`,
      );
    if (!(share > 0 && share < 1))
      throw new InputError(
        `expected the prevalence of ${label} as a share in (0, 1), got ${String(share)}; divide percentages by 100`,
      );
  }
}

/** @throws {InputError} if there is a number of films a day, and it is none. */
export function checkFilms(filmsPerDay: number | undefined): void {
  if (filmsPerDay !== undefined && !(filmsPerDay > 0 && filmsPerDay < Infinity))
    throw new InputError(`expected the films a day to be a number above 0, got ${String(filmsPerDay)}`);
}

/** A threshold and what chose it. */
export interface RuledThreshold {
  rule: string;
  threshold: number;
  /** The threshold of each row where they differ, as those that were fitted without a row's fold. */
  byRow?: ArrayLike<number>;
}

/**
 * What a label's threshold means: how much of what is there is found, how much of what is called is there, each with its 95 %
 * interval by patient. The label is taken alone: what the label graph makes of decisions is left out.
 *
 * @param threshold on the scale of `probabilities`.
 * @param clusters patients.
 * @param prevalence share of the images with the label where the model will be used; that of these images unless given.
 */
export function operatingPoint(
  { targets, probabilities, ranked }: LabelColumn,
  { rule, threshold, byRow }: RuledThreshold,
  clusters: Clusters,
  prevalence?: number,
): OperatingPoint {
  const calledOf = (target: number, called: boolean): ReturnType<typeof clusteredProportion> =>
    clusteredProportion(
      targets.map((value, row) =>
        value === target && !Number.isNaN(probabilities[row])
          ? Number(probabilities[row] >= (byRow?.[row] ?? threshold) === called)
          : NaN,
      ),
      clusters.ofRow,
    );
  const known = isDefined(ranked) && !Number.isNaN(threshold);
  if (!known) return { ...undefinedPoint, rule, threshold: orNull(threshold) };
  const accuracy = { sensitivity: calledOf(1, true), specificity: calledOf(0, false) };
  const share = prevalence ?? ranked.positives / (ranked.positives + ranked.negatives);
  const values = predictiveValues(accuracy, share);
  const ratios = likelihoodRatios(accuracy);
  const benefit = netBenefit(accuracy, { prevalence: share, threshold });
  const interval = (values: readonly [number, number]): Interval => values.map(orNull) as Interval;
  return {
    rule,
    threshold,
    sensitivity: orNull(accuracy.sensitivity.proportion),
    sensitivityCi: interval(accuracy.sensitivity.interval),
    specificity: orNull(accuracy.specificity.proportion),
    specificityCi: interval(accuracy.specificity.interval),
    prevalence: share,
    precision: orNull(values.positivePredictiveValue),
    precisionCi: interval(values.positivePredictiveValueCi),
    negativePredictiveValue: orNull(values.negativePredictiveValue),
    negativePredictiveValueCi: interval(values.negativePredictiveValueCi),
    likelihoodRatioPositive: orNull(ratios.positive),
    likelihoodRatioNegative: orNull(ratios.negative),
    alarmsPer100: orNull(values.alarmsPer100),
    numberNeededToRead: orNull(values.numberNeededToRead),
    netBenefit: orNull(benefit.model),
    netBenefitOfAll: orNull(benefit.all),
  };
}

const nothing: Interval = [null, null];
const undefinedPoint: Omit<OperatingPoint, 'rule' | 'threshold'> = {
  sensitivity: null,
  sensitivityCi: nothing,
  specificity: null,
  specificityCi: nothing,
  prevalence: null,
  precision: null,
  precisionCi: nothing,
  negativePredictiveValue: null,
  negativePredictiveValueCi: nothing,
  likelihoodRatioPositive: null,
  likelihoodRatioNegative: null,
  alarmsPer100: null,
  numberNeededToRead: null,
  netBenefit: null,
  netBenefitOfAll: null,
};
