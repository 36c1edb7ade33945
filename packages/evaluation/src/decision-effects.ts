import { confusionAtThreshold } from '@cxr-align/metrics';
import { decideLabels, decisionRule } from './decisions.js';
import type { Evaluation, MaybeNumber } from './evaluation-schema.js';
import { isDefined, type LabelColumn } from './label-scores.js';
import { orNull } from './maybe-number.js';
import { columnOf } from './predictions.js';

/**
 * What it changed that decisions follow the label graph: how often, and the sensitivity and specificity that each label would have
 * had alone.
 *
 * @param columns the labels, with the decisions as they were made.
 */
export function decisionEffects(
  columns: readonly LabelColumn[],
  {
    probabilities,
    thresholds,
    labels,
  }: { probabilities: ArrayLike<number>; thresholds: ArrayLike<number>; labels: readonly string[] },
): NonNullable<Evaluation['decisions']> {
  const alone = decideLabels({ probabilities, thresholds });
  const changed = columns.flatMap(({ targets, decisions, ranked }, i) => {
    const own = columnOf(alone, columns.length, i);
    let [toPositive, toNegative] = [0, 0];
    decisions.forEach((decision, row) => {
      if (decision > own[row]) toPositive++;
      else if (decision < own[row]) toNegative++;
    });
    if (toPositive + toNegative === 0) return [];
    const { sensitivity, specificity } = confusionAtThreshold(targets, own, 0.5);
    const score = (value: number) => (isDefined(ranked) ? orNull(value) : null);
    return [
      [
        labels[i],
        { toPositive, toNegative, sensitivityAlone: score(sensitivity), specificityAlone: score(specificity) },
      ] as const,
    ];
  });
  return { rule: decisionRule, changed: Object.fromEntries(changed) };
}

/** The same for people, a line for each label that changed. */
export function decisionRemarks({ decisions, labels }: Pick<Evaluation, 'decisions' | 'labels'>): string[] {
  const shown = (value: MaybeNumber): string => (value === null ? '–' : value.toFixed(3));
  return Object.entries(decisions?.changed ?? {}).map(([label, one]) => {
    const why = [
      ...(one.toPositive > 0 ? [`${one.toPositive} made positive by a label below it`] : []),
      ...(one.toNegative > 0 ? [`${one.toNegative} made negative by a finding`] : []),
    ].join(', ');
    const { sensitivity, specificity } = labels[label];
    return `${label} follows the label graph: ${why}; sensitivity ${shown(sensitivity)} (alone ${shown(one.sensitivityAlone)}), specificity ${shown(specificity)} (alone ${shown(one.specificityAlone)})`;
  });
}
