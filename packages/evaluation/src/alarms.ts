import type { Evaluation } from './evaluation-schema.js';
import { thresholdText } from './maybe-number.js';

/**
 * What the deciding threshold of each label means for a day's work, a line each: calls that are right, false alarms with their 95 %
 * interval. Where the label graph changed decisions of a label, they are what counts, and there is no interval.
 *
 * @param filmsPerDay images a day. Default that of the evaluation, else 100.
 * @param labels those that are reported. Default all that are defined.
 */
export function alarmLines(
  evaluation: Pick<Evaluation, 'labels' | 'filmsPerDay'> & Partial<Pick<Evaluation, 'decisions'>>,
  {
    filmsPerDay = evaluation.filmsPerDay ?? 100,
    labels = Object.keys(evaluation.labels),
  }: { filmsPerDay?: number; labels?: readonly string[] } = {},
): string[] {
  const shown = (value: number): string => (value >= 9.95 ? value.toFixed(0) : value.toFixed(1));
  return labels.flatMap((label) => {
    const { operatingPoints, reliability, ...decided } = evaluation.labels[label];
    const [{ prevalence, threshold, specificityCi, ...alone }] = operatingPoints;
    const isChanged = Object.hasOwn(evaluation.decisions?.changed ?? {}, label);
    const { sensitivity, specificity } = isChanged ? decided : alone;
    if (prevalence === null || threshold === null || sensitivity === null || specificity === null) return [];
    const withIt = filmsPerDay * prevalence;
    const without = filmsPerDay - withIt;
    const right = withIt * sensitivity;
    const [low, high] = isChanged ? [null, null] : specificityCi;
    const range =
      low === null || high === null ? '' : ` [${shown(without * (1 - high))}, ${shown(without * (1 - low))}]`;
    return [
      `${label} at ${Number((100 * prevalence).toPrecision(2))} % prevalence, ${filmsPerDay} films a day, threshold ${thresholdText(threshold)}: ${shown(right)} of ${shown(withIt)} found, ${shown(without * (1 - specificity))}${range} false alarms${reliability === 'enough' ? '' : ` (${reliability} to tell)`}`,
    ];
  });
}
