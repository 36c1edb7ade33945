import { decideRow, isNoFinding } from '@cxr-align/evaluation';
import type { LabelGraph } from '@cxr-align/label-graph';
import { explainedProbabilities, type PromptView } from '../zero-shot/explanations.js';
import { excludedExplanation, observationExplanation, opposingFindings, type Explanation } from './explanation.js';
import type { LabelPrediction } from './prediction.js';

/** No threshold is fitted without training. */
const zeroShotThreshold = 0.5;

/**
 * Predictions of labels by the prompts of their observations: positive from a probability of 0.5 on and by the label graph, as
 * `evaluate` decides.
 *
 * @param views of one image, in the graph's label order.
 * @see Pellegrini et al. 2023, arXiv:2303.13391 (Xplainer).
 */
export function zeroShotPredictions(
  graph: LabelGraph,
  views: readonly PromptView[],
  { explain }: { explain: boolean },
): Record<string, LabelPrediction> {
  const probabilities = explainedProbabilities(views, graph);
  const thresholds = graph.labels.map(() => zeroShotThreshold);
  const decisions = decideRow({ probabilities, thresholds, graph });
  const predictions: Record<string, LabelPrediction> = Object.fromEntries(
    graph.labels.map((label, i) => {
      const { [i]: probability } = probabilities;
      return [label, { probability, score: probability, threshold: zeroShotThreshold, ...decisions[i] }];
    }),
  );
  if (!explain) return predictions;
  return Object.fromEntries(
    graph.labels.map((label, i) => [
      label,
      { ...predictions[label], explanation: explainLabel(label, views[i], graph, predictions) },
    ]),
  );
}

/** A label by its observations; No Finding by the most probable other label, which is what it is computed from. */
function explainLabel(
  label: string,
  view: PromptView,
  graph: LabelGraph,
  predictions: Readonly<Record<string, LabelPrediction>>,
): Explanation {
  const others = graph.labels.filter((name) => name !== label);
  if (!isNoFinding(label, graph) || others.length === 0) return observationExplanation(view);
  const most = others.reduce((a, b) => (predictions[b].probability > predictions[a].probability ? b : a));
  return {
    ...excludedExplanation(most, predictions[label].probability),
    against: opposingFindings(label, graph, predictions),
    promptsAlone: view,
  };
}
