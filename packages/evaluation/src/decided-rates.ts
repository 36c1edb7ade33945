import { confusionAtThreshold } from '@cxr-align/metrics';
import type { LabelGraph } from '@cxr-align/label-graph';
import { decideLabels } from './decisions.js';
import type { MaybeNumber } from './evaluation-schema.js';
import { orNull } from './maybe-number.js';
import { columnOf, type Predictions } from './predictions.js';

/** What a label's threshold means on some images, as decisions follow the label graph. */
export interface DecidedRates {
  positives: number;
  negatives: number;
  sensitivity: MaybeNumber;
  specificity: MaybeNumber;
  precision: MaybeNumber;
}

/**
 * Rates of each label at some thresholds, decided as predictions are.
 *
 * @param predictions in the graph's label order, with the probabilities that thresholds apply to.
 */
export function decidedRates(
  { targets, probabilities }: Pick<Predictions, 'targets' | 'probabilities'>,
  thresholds: ArrayLike<number>,
  graph: LabelGraph,
): DecidedRates[] {
  const n = graph.labels.length;
  const decisions = decideLabels({ probabilities, thresholds, graph });
  return graph.labels.map((_, label) => {
    const counts = confusionAtThreshold(columnOf(targets, n, label), columnOf(decisions, n, label), 0.5);
    return {
      positives: counts.truePositives + counts.falseNegatives,
      negatives: counts.trueNegatives + counts.falsePositives,
      sensitivity: orNull(counts.sensitivity),
      specificity: orNull(counts.specificity),
      precision: orNull(counts.precision),
    };
  });
}
